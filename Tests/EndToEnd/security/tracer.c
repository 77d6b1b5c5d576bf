/// A process of a container with CAP_SYS_PTRACE that catches every process that is born beside it, and tells what it finds there, one line each:
///
///     tracer MARK SECRET PROGRAM COUNT
///
/// MARK is a path of the host that the container does not have, SECRET, backwards, a text that nothing in the container may hold, PROGRAM the program that the new
/// processes run in the end. After COUNT processes that it has caught before they ran that it only waits.
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char path[4096], text[1 << 16];

static const char *of(int process, const char *format, ...) {
  va_list arguments;
  int length = snprintf(path, sizeof path, "/proc/%d/", process);
  va_start(arguments, format);
  vsnprintf(path + length, sizeof path - (size_t)length, format, arguments);
  va_end(arguments);
  return path;
}

/// The target of a link in /proc, or what is wrong with it.
static const char *target(const char *link) {
  ssize_t length = readlink(link, text, sizeof text - 1);
  if (length < 0) return strerror(errno);
  text[length] = 0;
  return text;
}

/// Whether the memory of the process has the text in it.
static int holds(int process, const char *secret) {
  static char block[1 << 20];
  size_t wanted = strlen(secret);
  FILE *maps = fopen(of(process, "maps"), "r");
  int memory = open(of(process, "mem"), O_RDONLY), found = 0;
  unsigned long first, last;
  while (maps && memory >= 0 && !found && fgets(text, sizeof text, maps)) {
    // What can be written is where the process keeps things.
    if (sscanf(text, "%lx-%lx", &first, &last) != 2 || !strstr(text, " rw")) continue;
    for (unsigned long at = first; at < last && !found; at += sizeof block - wanted) {
      size_t size = last - at < sizeof block ? last - at : sizeof block;
      ssize_t count = pread(memory, block, size, (off_t)at);
      for (ssize_t i = 0; i + (ssize_t)wanted <= count && !found; i++) found = memcmp(block + i, secret, wanted) == 0;
    }
  }
  if (maps) fclose(maps);
  if (memory >= 0) close(memory);
  return found;
}

static void examine(int process, const char *mark, const char *secret) {
  struct stat status;
  char link[64];
  printf("process %d\n", process);
  if (stat(of(process, "root%s", mark), &status) == 0) printf("root has %s\n", mark);
  if (stat(of(process, "cwd/%s", mark), &status) == 0) printf("cwd leads to %s\n", mark);
  int program = open(of(process, "exe"), O_WRONLY);
  printf("exe %s\n", program >= 0 ? "can be written" : strerror(errno));
  if (program >= 0) close(program);
  DIR *descriptors = opendir(of(process, "fd"));
  for (struct dirent *entry; descriptors && (entry = readdir(descriptors));) {
    if (entry->d_name[0] == '.') continue;
    snprintf(link, sizeof link, "%s", entry->d_name);
    printf("fd %s %s\n", link, target(of(process, "fd/%s", link)));
    if (stat(of(process, "fd/%s%s", link, mark), &status) == 0) printf("fd %s leads to %s\n", link, mark);
  }
  if (descriptors) closedir(descriptors);
  FILE *file = fopen(of(process, "status"), "r");
  while (file && fgets(text, sizeof text, file)) {
    if (!strncmp(text, "Cap", 3) || !strncmp(text, "Uid", 3) || !strncmp(text, "Seccomp:", 8) || !strncmp(text, "NoNewPrivs", 10) || !strncmp(text, "Groups", 6))
      fputs(text, stdout);
  }
  if (file) fclose(file);
  if (holds(process, secret)) printf("memory holds %s\n", secret);
  fflush(stdout);
}

/// The process of this PID namespace that was born last, also when it has ended (proc_loadavg(5)).
static int newest(void) {
  char line[128];
  int file = open("/proc/loadavg", O_RDONLY | O_CLOEXEC);
  ssize_t length = file < 0 ? -1 : read(file, line, sizeof line - 1);
  if (file >= 0) close(file);
  if (length <= 0) return 0;
  line[length] = 0;
  const char *last = strrchr(line, ' ');
  return last ? atoi(last) : 0;
}

int main(int count, char **arguments) {
  if (count != 5) return 2;
  size_t length = strlen(arguments[2]);
  char *secret = calloc(1, length + 1);
  for (size_t i = 0; i < length; i++) secret[i] = arguments[2][length - 1 - i];
  int wanted = atoi(arguments[4]), next = getpid() + 1;
  // The children that others of the container's processes leave are this one's to wait for.
  printf("ready\n");
  fflush(stdout);
  while (wanted > 0) {
    if (ptrace(PTRACE_SEIZE, next, 0, 0) < 0) {
      if (errno == ESRCH) {
        // Not born yet, or gone already: then there is a later one.
        int last = newest();
        if (last > next) next = last;
        sched_yield();
        continue;
      }
      // It has ended, and is still to be waited for.
      next++;
      continue;
    }
    int status;
    if (ptrace(PTRACE_INTERRUPT, next, 0, 0) == 0 && waitpid(next, &status, __WALL) == next && WIFSTOPPED(status)) {
      if (strcmp(target(of(next, "exe")), arguments[3]) != 0) {
        examine(next, arguments[1], secret);
        wanted--;
      }
      ptrace(PTRACE_DETACH, next, 0, 0);
    }
    next++;
  }
  printf("done\n");
  fflush(stdout);
  for (;;) pause();
}
