/// Runs a program and writes which of its functions are called, there and in the processes that it starts: their offsets in its file, in hexadecimal, each once, in
/// the order of their first call. Other programs that these processes execute run on unwatched.
///
/// Each function begins with a breakpoint, which goes when it is met.
///
/// usage: touched OUTPUT FUNCTIONS PROGRAM [ARGUMENT...]       FUNCTIONS: a file with the offset of each function, in hexadecimal
#define _GNU_SOURCE
#include <err.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

enum { most_processes = 256, largest_file = 16 << 20, breakpoint = 0xCC };

/// Where a process has the program's code.
struct process {
  pid_t id;
  bool is_known;
  unsigned long begin, end, offset;
};

static struct process processes[most_processes];
static bool is_function[largest_file], is_touched[largest_file];
/// The program's file.
static unsigned char file[largest_file];

static struct process *find(pid_t id) {
  for (int i = 0; i < most_processes; i++) {
    if (processes[i].id == id || !processes[i].id) {
      processes[i].id = id;
      return &processes[i];
    }
  }
  errx(1, "more than %d processes", most_processes);
}

/// Reads the program and where its functions are.
static void read_program(const char *program, const char *functions) {
  FILE *stream = fopen(program, "re");
  if (!stream || fread(file, 1, largest_file, stream) == largest_file || ferror(stream)) err(1, "read %s", program);
  fclose(stream);
  stream = fopen(functions, "re");
  if (!stream) err(1, "open %s", functions);
  unsigned long offset;
  while (fscanf(stream, "%lx", &offset) == 1) {
    if (offset >= largest_file) errx(1, "%s is larger than %d bytes", program, largest_file);
    is_function[offset] = true;
  }
  fclose(stream);
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

/// Has every function of a process that has just executed the program begin with a breakpoint.
static void set_breakpoints(const struct process *process) {
  static unsigned char code[largest_file];
  unsigned long size = process->end - process->begin;
  if (process->offset + size > largest_file) errx(1, "the program is larger than %d bytes", largest_file);
  for (unsigned long i = 0; i < size; i++) code[i] = is_function[process->offset + i] ? breakpoint : file[process->offset + i];
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/mem", process->id);
  int memory = open(path, O_WRONLY | O_CLOEXEC);
  if (memory < 0 || pwrite(memory, code, size, (off_t)process->begin) != (ssize_t)size) err(1, "write %s", path);
  close(memory);
}

/// Whether the process has met a breakpoint, which is taken away then; `*offset` is where.
static bool meets_breakpoint(const struct process *process, unsigned long *offset) {
  struct user_regs_struct registers;
  if (!process->end || ptrace(PTRACE_GETREGS, process->id, NULL, &registers)) return false;
  unsigned long address = registers.rip - 1;
  if (address < process->begin || address >= process->end) return false;
  *offset = address - process->begin + process->offset;
  if (!is_function[*offset]) return false;
  long word = ptrace(PTRACE_PEEKTEXT, process->id, address, NULL);
  word = (word & ~0xFFL) | file[*offset];
  registers.rip = address;
  if (ptrace(PTRACE_POKETEXT, process->id, address, word) || ptrace(PTRACE_SETREGS, process->id, NULL, &registers)) err(1, "ptrace");
  return true;
}

int main(int argc, char **argv) {
  if (argc < 4) errx(2, "usage: touched OUTPUT FUNCTIONS PROGRAM [ARGUMENT...]");
  const char *slash = strrchr(argv[3], '/'), *name = slash ? slash + 1 : argv[3];
  read_program(argv[3], argv[2]);
  FILE *output = fopen(argv[1], "we");
  if (!output) err(1, "open %s", argv[1]);
  pid_t first = fork();
  if (first < 0) err(1, "fork");
  if (first == 0) {
    if (ptrace(PTRACE_TRACEME, 0, NULL, NULL)) err(127, "ptrace");
    raise(SIGSTOP);
    execv(argv[3], argv + 3);
    err(127, "execute %s", argv[3]);
  }
  int status, result = 1;
  if (waitpid(first, &status, 0) != first) err(1, "wait");
  long events = PTRACE_O_TRACECLONE | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL;
  if (ptrace(PTRACE_SETOPTIONS, first, NULL, events)) err(1, "ptrace");
  ptrace(PTRACE_CONT, first, NULL, NULL);
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
    unsigned long offset;
    if (event == PTRACE_EVENT_EXEC) {
      look(process, name);
      if (process->end) set_breakpoints(process);
      pending = 0;
    } else if (!process->is_known) {
      // The stop that a new process begins with; it has the breakpoints of the one that made it.
      look(process, name);
      pending = 0;
    } else if (event) {
      pending = 0;
    } else if (pending == SIGTRAP && meets_breakpoint(process, &offset)) {
      if (!is_touched[offset]) fprintf(output, "%lx\n", offset);
      is_touched[offset] = true;
      pending = 0;
    }
    ptrace(PTRACE_CONT, id, NULL, pending);
  }
  if (fclose(output)) err(1, "write %s", argv[1]);
  return result;
}
