/// Runs a program and writes which processes it makes, and where these call one function of the program, until they execute another program:
///
///     ID born | ID call ADDRESS... | ID execute | ID end
///
/// The addresses are what looks like return addresses on the stack, as offsets into the program's file, innermost first. A process that executes another program
/// runs on unwatched.
///
/// usage: allocations OUTPUT OFFSET PROGRAM [ARGUMENT...]       OFFSET: of the function, into the program's file, in hexadecimal
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

enum { most_processes = 256, stack_words = 96, breakpoint = 0xCC };

/// A process. `address` is where the function is in one that is watched, else 0; `is_stepping` while it steps over the function's first instruction.
struct process {
  pid_t id;
  bool is_known, is_stepping;
  unsigned long begin, end, offset, address;
  long original;
};

static struct process processes[most_processes];
static FILE *output;

static void fail(const char *what) {
  fprintf(stderr, "allocations: %s: %s\n", what, strerror(errno));
  exit(125);
}

static struct process *find(pid_t id) {
  for (int i = 0; i < most_processes; i++) {
    if (processes[i].id == id || !processes[i].id) {
      processes[i].id = id;
      return &processes[i];
    }
  }
  fail("too many processes");
  return NULL;
}

/// Finds the code of the file called `name`: the program executes itself again by another path.
static void look(struct process *process, const char *name) {
  char path[64], line[8192];
  snprintf(path, sizeof path, "/proc/%d/maps", process->id);
  FILE *maps = fopen(path, "re");
  if (!maps) fail("open the mappings");
  process->begin = process->end = 0;
  while (fgets(line, sizeof line, maps)) {
    unsigned long begin, end, offset;
    char rights[5], *slash = strrchr(line, '/');
    line[strcspn(line, "\n")] = 0;
    if (sscanf(line, "%lx-%lx %4s %lx", &begin, &end, rights, &offset) != 4 || rights[2] != 'x' || !slash) continue;
    if (strcmp(slash + 1, name) && strncmp(slash + 1, name, strlen(name))) continue;
    process->begin = begin;
    process->end = end;
    process->offset = offset;
  }
  fclose(maps);
}

/// Puts the breakpoint on the function, or takes it away.
static void set(struct process *process, bool is_on) {
  long word = is_on ? (process->original & ~0xFFL) | breakpoint : process->original;
  if (ptrace(PTRACE_POKETEXT, process->id, process->address, word)) fail("write to the code");
}

static void watch(struct process *process, unsigned long offset) {
  fprintf(output, "%d born\n", process->id);
  if (offset < process->offset || offset - process->offset >= process->end - process->begin) {
    errno = ENXIO;
    fail("look for the function");
  }
  process->address = process->begin + offset - process->offset;
  errno = 0;
  process->original = ptrace(PTRACE_PEEKTEXT, process->id, process->address, NULL);
  if (errno) fail("read the code");
  set(process, true);
}

static void tell(struct process *process, unsigned long stack) {
  fprintf(output, "%d call", process->id);
  for (int i = 0; i < stack_words; i++) {
    errno = 0;
    unsigned long word = (unsigned long)ptrace(PTRACE_PEEKDATA, process->id, stack + 8UL * (unsigned)i, NULL);
    if (errno) break;
    if (word >= process->begin && word < process->end) fprintf(output, " %lx", word - process->begin + process->offset);
  }
  fprintf(output, "\n");
}

int main(int argc, char **argv) {
  if (argc < 4) return 125;
  unsigned long offset = strtoul(argv[2], NULL, 16);
  const char *slash = strrchr(argv[3], '/'), *name = slash ? slash + 1 : argv[3];
  output = fopen(argv[1], "we");
  if (!output) fail("open the output");
  pid_t first = fork();
  if (first < 0) fail("fork");
  if (first == 0) {
    if (ptrace(PTRACE_TRACEME, 0, NULL, NULL)) _exit(125);
    raise(SIGSTOP);
    execv(argv[3], argv + 3);
    _exit(125);
  }
  int status, result = 125;
  if (waitpid(first, &status, 0) != first) fail("wait");
  long events = PTRACE_O_TRACECLONE | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL;
  if (ptrace(PTRACE_SETOPTIONS, first, NULL, events)) fail("trace");
  find(first)->is_known = true;
  ptrace(PTRACE_CONT, first, NULL, NULL);
  pid_t id;
  while ((id = waitpid(-1, &status, __WALL)) > 0) {
    struct process *process = find(id);
    if (!WIFSTOPPED(status)) {
      if (process->address) fprintf(output, "%d end\n", id);
      *process = (struct process){.id = -1};
      if (id != first) continue;
      result = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
      break;
    }
    int event = status >> 16, pending = WSTOPSIG(status);
    struct user_regs_struct registers;
    bool has_registers = !ptrace(PTRACE_GETREGS, id, NULL, &registers);
    if (!process->is_known) {
      // The stop that a new process begins with.
      process->is_known = true;
      pending = 0;
      look(process, name);
      if (process->end) watch(process, offset);
    } else if (event == PTRACE_EVENT_EXEC && process->address) {
      fprintf(output, "%d execute\n", id);
      *process = (struct process){.id = -1};
      ptrace(PTRACE_DETACH, id, NULL, 0);
      continue;
    } else if (event) {
      pending = 0;
    } else if (process->is_stepping && pending == SIGTRAP) {
      process->is_stepping = false;
      pending = 0;
      set(process, true);
    } else if (process->address && pending == SIGTRAP && has_registers && registers.rip == process->address + 1) {
      tell(process, registers.rsp);
      registers.rip = process->address;
      set(process, false);
      if (ptrace(PTRACE_SETREGS, id, NULL, &registers)) fail("set the registers");
      process->is_stepping = true;
      pending = 0;
    }
    ptrace(process->is_stepping ? PTRACE_SINGLESTEP : PTRACE_CONT, id, NULL, pending);
  }
  if (fclose(output)) fail("write the output");
  return result;
}
