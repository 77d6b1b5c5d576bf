/// Runs a program step by step and writes which instructions of it are executed, there and in the processes that it starts: offsets into its file, in
/// hexadecimal, each once, in the order of their first execution. Other programs that these processes execute run on unwatched.
///
/// usage: touched OUTPUT PROGRAM [ARGUMENT...]
#define _GNU_SOURCE
#include <err.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

enum { most_processes = 256, largest_file = 16 << 20 };

/// Where a process has the program's code.
struct process {
  pid_t id;
  bool is_known;
  unsigned long begin, end, offset;
};

static struct process processes[most_processes];
static bool touched[largest_file];

static struct process *find(pid_t id) {
  for (int i = 0; i < most_processes; i++) {
    if (processes[i].id == id || !processes[i].id) {
      processes[i].id = id;
      return &processes[i];
    }
  }
  errx(1, "more than %d processes", most_processes);
}

/// Looks for a mapping of a file called `name`: the program executes itself again by another path.
static void look(struct process *process, const char *name) {
  char path[64], line[8192];
  snprintf(path, sizeof path, "/proc/%d/maps", process->id);
  FILE *maps = fopen(path, "re");
  if (!maps) err(1, "open %s", path);
  process->is_known = true;
  process->begin = process->end = 0;
  while (fgets(line, sizeof line, maps)) {
    unsigned long begin, end, offset;
    char rights[5];
    char *slash = strrchr(line, '/');
    line[strcspn(line, "\n")] = 0;
    if (sscanf(line, "%lx-%lx %4s %lx", &begin, &end, rights, &offset) != 4 || rights[2] != 'x' || !slash || strcmp(slash + 1, name)) continue;
    process->begin = begin;
    process->end = end;
    process->offset = offset;
  }
  fclose(maps);
}

int main(int argc, char **argv) {
  if (argc < 3) errx(2, "usage: touched OUTPUT PROGRAM [ARGUMENT...]");
  const char *slash = strrchr(argv[2], '/'), *name = slash ? slash + 1 : argv[2];
  FILE *output = fopen(argv[1], "we");
  if (!output) err(1, "open %s", argv[1]);
  pid_t first = fork();
  if (first < 0) err(1, "fork");
  if (first == 0) {
    if (ptrace(PTRACE_TRACEME, 0, NULL, NULL)) err(127, "ptrace");
    raise(SIGSTOP);
    execvp(argv[2], argv + 2);
    err(127, "execute %s", argv[2]);
  }
  int status, result = 1;
  if (waitpid(first, &status, 0) != first) err(1, "wait");
  long events = PTRACE_O_TRACECLONE | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL;
  if (ptrace(PTRACE_SETOPTIONS, first, NULL, events)) err(1, "ptrace");
  ptrace(PTRACE_SINGLESTEP, first, NULL, NULL);
  pid_t id;
  while ((id = waitpid(-1, &status, __WALL)) > 0) {
    struct process *process = find(id);
    if (!WIFSTOPPED(status)) {
      process->id = -1;
      if (id != first) continue;
      result = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
      break;
    }
    int event = status >> 16, pending = WSTOPSIG(status);
    if (event == PTRACE_EVENT_EXEC || !process->is_known) look(process, name);
    // A step, an event, or the stop that a new process begins with.
    if (pending == SIGTRAP || pending == SIGSTOP) pending = 0;
    struct user_regs_struct registers;
    if (process->end && !ptrace(PTRACE_GETREGS, id, NULL, &registers) && registers.rip >= process->begin && registers.rip < process->end) {
      unsigned long offset = registers.rip - process->begin + process->offset;
      if (offset >= largest_file) errx(1, "%s is larger than %d bytes", name, largest_file);
      if (!touched[offset]) fprintf(output, "%lx\n", offset);
      touched[offset] = true;
    }
    ptrace(process->end ? PTRACE_SINGLESTEP : PTRACE_CONT, id, NULL, pending);
  }
  if (fclose(output)) err(1, "write %s", argv[1]);
  return result;
}
