/// Makes system calls without arguments that mean anything, and tells the errno of each; 0 is success:
///
///     calls NUMBER|NAME|32:NUMBER...
///
/// `32:` makes the call in the way of 32-bit programs (x86-64 only).
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static long legacy(long number) {
#ifdef __x86_64__
  long result;
  __asm__ volatile("int $0x80" : "=a"(result) : "a"(number), "b"(0), "c"(0), "d"(0) : "memory", "r8", "r9", "r10", "r11");
  return result;
#else
  (void)number;
  return -ENOSYS;
#endif
}

int main(int count, char **arguments) {
  for (int i = 1; i < count; i++) {
    const char *word = arguments[i];
    long result;
    if (!strncmp(word, "32:", 3)) {
      result = legacy(atol(word + 3));
    } else {
      long number = !strcmp(word, "getpgid") ? SYS_getpgid : !strcmp(word, "openat2") ? 437 : atol(word);
      result = syscall(number, 0, 0, 0, 0) < 0 ? -errno : 0;
    }
    printf("%s %ld\n", word, result < 0 ? -result : 0);
  }
  return 0;
}
