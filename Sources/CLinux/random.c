#ifdef APUS_DEVICE
#include <stdint.h>
#include <stdlib.h>

#include "result.h"

/// The standard library of Embedded Swift seeds its hash tables with arc4random_buf(3), which musl 1.2.3 does not have; it cannot report an error, so
/// without random bytes the program ends. getrandom(2), Linux 3.17, waits once after power-on until the kernel has gathered enough.
void arc4random_buf(void *bytes, size_t count);

void arc4random_buf(void *bytes, size_t count) {
  uint8_t *next = bytes;
  while (count > 0) {
    long taken = CALL(SYS_getrandom, next, count, 0);
    if (taken == -EINTR) continue;
    if (taken <= 0) abort();
    next += taken;
    count -= (size_t)taken;
  }
}
#endif
