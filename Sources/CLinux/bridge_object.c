// The retains of Swift's tagged pointers, in place of those of Embedded Swift 6.3 (docs/decisions/bridge-object.md).

#ifdef APUS_DEVICE

#include <stdint.h>

void *swift_retain(void *object);
void *swift_retain_n(void *object, uint32_t count);
void *swift_bridgeObjectRetain(void *object);
void *swift_bridgeObjectRetain_n(void *object, uint32_t count);

// The pointer without the bits that tell kinds of strings apart; both runtime functions pass over what is negative, such as a string within the pointer.
static void *plain(void *object) { return (void *)((uintptr_t)object & 0x8ffffffffffffff8); }

// The compiler tells callers that they get back what they have given, with its tag, and aarch64 code goes on with that.
void *swift_bridgeObjectRetain(void *object) {
  swift_retain(plain(object));
  return object;
}

void *swift_bridgeObjectRetain_n(void *object, uint32_t count) {
  swift_retain_n(plain(object), count);
  return object;
}

#endif
