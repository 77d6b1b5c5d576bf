#ifdef APUS_DEVICE
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void say(const char *text) {
  ssize_t ignored = write(STDERR_FILENO, text, strlen(text));
  (void)ignored;
}

/// Where libseccomp's assert(3) ends. musl's own would be the only caller of printf in the program, which with its long-double arithmetic is 25 KB.
_Noreturn void __assert_fail(const char *condition, const char *file, int line, const char *function) {
  (void)line;
  say("assertion failed: ");
  say(condition);
  say(" in ");
  say(function);
  say(", ");
  say(file);
  say("\n");
  abort();
}
#endif
