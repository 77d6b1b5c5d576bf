/// Runs commands one after another, as an engine does with a container: what they leave behind (the container's process) becomes this program's child, which
/// takes its exit status as soon as it ends. Written for the benchmark, because a shell between the commands costs as much as a fast runtime.
///
/// usage: sequence [--times N] COMMAND [ARGUMENT...] [--- COMMAND [ARGUMENT...]]...
///
/// --times N  all of it N times; `{}` in an argument is the number of the round, from 0 on.
///
/// The exit status is that of the first command that fails; nothing is run after it.
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

/// A copy of `word` with the number of the round for each `{}`; never freed, because the program is short.
static char *with_number(const char *word, int number) {
  char *result = NULL;
  size_t size = 0;
  FILE *stream = open_memstream(&result, &size);
  if (!stream) err(125, "memory");
  for (const char *mark; (mark = strstr(word, "{}")); word = mark + 2) fprintf(stream, "%.*s%d", (int)(mark - word), word, number);
  fprintf(stream, "%s", word);
  if (fclose(stream) != 0) err(125, "memory");
  return result;
}

static int run(char **arguments) {
  pid_t child;
  int failure = posix_spawnp(&child, arguments[0], NULL, NULL, arguments, environ);
  if (failure != 0) errx(127, "execute %s: %s", arguments[0], strerror(failure));
  for (;;) {
    int status;
    pid_t ended = waitpid(-1, &status, 0);
    if (ended < 0 && errno != EINTR) err(125, "wait");
    if (ended == child) return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }
}

/// One round; `words` ends with NULL.
static int run_all(char **words, int number) {
  size_t count = 0;
  while (words[count]) count++;
  char **copy = calloc(count + 1, sizeof *copy);
  if (!copy) err(125, "memory");
  for (size_t i = 0; i < count; i++) copy[i] = strcmp(words[i], "---") == 0 ? NULL : with_number(words[i], number);
  for (size_t start = 0; start < count;) {
    int status = run(copy + start);
    if (status != 0) return status;
    while (copy[start]) start++;
    start++;
  }
  return 0;
}

int main(int argc, char **argv) {
  char **words = argv + 1;
  int times = 1;
  if (argc > 2 && strcmp(words[0], "--times") == 0) {
    times = atoi(words[1]);
    words += 2;
  }
  if (!words[0] || times < 1) errx(125, "usage: sequence [--times N] COMMAND [ARGUMENT...] [--- COMMAND [ARGUMENT...]]...");
  if (prctl(PR_SET_CHILD_SUBREAPER, 1L, 0L, 0L, 0L) < 0) err(125, "become the reaper");
  for (int number = 0; number < times; number++) {
    int status = run_all(words, number);
    if (status != 0) return status;
  }
  return 0;
}
