/// Runs a program under ptrace(2) and tells what it cost. Written for the benchmark, because the usual figures mix the runtime with what it runs.
///
/// usage: watch memory|family|calls OUTPUT PROGRAM [ARGUMENT...]
///
/// memory  peak resident set of the program's own process in KiB. Read from /proc/PID/status and smaps_rollup when it is about to exit, so its children are not
///         in it, nor is the process that started it (wait4's ru_maxrss holds both). Only this process is traced.
/// family  the same of the program's own process, and the largest one of its children on top: what a program takes that has one child at a time. What children and
///         parent have in common counts twice.
/// calls   system calls of the program and of all its children, the container's own program included.
///
/// OUTPUT gets one number. The exit status is the program's.
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

enum mode { memory, family, calls };

static unsigned long long result;
/// The first process, and the peak of the largest of the others.
static pid_t parent;
static unsigned long long largest_child;

/// The number after `key` in a file of /proc/PID, in KiB; 0 when it is not there.
static unsigned long long read_field(pid_t pid, const char *file, const char *key) {
  char path[64], line[256];
  snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, file);
  FILE *stream = fopen(path, "re");
  if (!stream) err(1, "open %s", path);
  unsigned long long value = 0;
  while (fgets(line, sizeof line, stream))
    if (strncmp(line, key, strlen(key)) == 0) value = strtoull(line + strlen(key), NULL, 10);
  fclose(stream);
  return value;
}

/// The kernel's high-water mark is approximate by some pages per processor; the walk over the pages behind smaps_rollup is exact, but of this moment only.
static unsigned long long peak_memory(pid_t pid) {
  unsigned long long mark = read_field(pid, "status", "VmHWM:"), now = read_field(pid, "smaps_rollup", "Rss:");
  return mark > now ? mark : now;
}

static long ask(int request, pid_t pid, long data) {
  long answer = ptrace(request, pid, 0L, data);
  // The process may have been killed meanwhile.
  if (answer < 0 && errno != ESRCH) err(1, "ptrace request %d", request);
  return answer;
}

static void count_call(pid_t pid) {
  struct __ptrace_syscall_info info;
  if (ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof info, &info) > 0 && info.op == PTRACE_SYSCALL_INFO_ENTRY) result++;
}

/// What a stopped process is to be given when it goes on: a signal that was meant for it, or 0.
static int handle_stop(enum mode mode, pid_t pid, int status) {
  int signal = WSTOPSIG(status), event = status >> 16;
  if (event == PTRACE_EVENT_EXIT) {
    if (mode == calls) return 0;
    if (pid == parent) {
      result = peak_memory(pid);
    } else if (read_field(pid, "status", "Tgid:") == (unsigned long long)pid) {
      // Threads have the memory of their process.
      unsigned long long peak = peak_memory(pid);
      if (peak > largest_child) largest_child = peak;
    }
    return 0;
  }
  if (event != 0) return 0;
  if (signal == (SIGTRAP | 0x80)) {
    count_call(pid);
    return 0;
  }
  return signal;
}

static void follow(enum mode mode, pid_t first, int *exit_status) {
  int request = mode == calls ? PTRACE_SYSCALL : PTRACE_CONT;
  for (;;) {
    int status;
    pid_t pid = waitpid(-1, &status, __WALL);
    if (pid < 0 && errno == ECHILD) return;
    if (pid < 0) err(1, "wait");
    if (WIFSTOPPED(status)) {
      ask(request, pid, handle_stop(mode, pid, status));
    } else if (pid == first) {
      *exit_status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    }
  }
}

static enum mode mode_named(const char *name) {
  if (strcmp(name, "memory") == 0) return memory;
  if (strcmp(name, "family") == 0) return family;
  if (strcmp(name, "calls") == 0) return calls;
  errx(2, "unknown mode %s", name);
}

int main(int argc, char **argv) {
  if (argc < 4) errx(2, "usage: watch memory|family|calls OUTPUT PROGRAM [ARGUMENT...]");
  enum mode mode = mode_named(argv[1]);
  pid_t child = fork();
  if (child < 0) err(1, "fork");
  if (child == 0) {
    raise(SIGSTOP);
    execvp(argv[3], argv + 3);
    err(127, "execute %s", argv[3]);
  }
  parent = child;
  int status;
  if (waitpid(child, &status, WUNTRACED) < 0) err(1, "wait");
  long options = PTRACE_O_TRACEEXIT | PTRACE_O_TRACEEXEC | PTRACE_O_TRACESYSGOOD;
  if (mode != memory) options |= PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE;
  ask(PTRACE_SEIZE, child, options);
  if (kill(child, SIGCONT) < 0) err(1, "continue");
  int exit_status = 1;
  follow(mode, child, &exit_status);
  FILE *output = fopen(argv[2], "we");
  if (!output || fprintf(output, "%llu\n", result + largest_child) < 0 || fclose(output) != 0) err(1, "write %s", argv[2]);
  return exit_status;
}
