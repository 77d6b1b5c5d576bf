// change_call PROCESS NUMBER: lets the next system call of a process be another one, without arguments of its own, and says by which signal the process ends then.
#define _GNU_SOURCE
#include <elf.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>

static void fail(const char *operation) {
  perror(operation);
  exit(1);
}

int main(int count, char **words) {
  if (count != 3) return 2;
  int process = atoi(words[1]), status;
  long number = atol(words[2]);
  if (ptrace(PTRACE_SEIZE, process, NULL, (void *)PTRACE_O_TRACESYSGOOD)) fail("PTRACE_SEIZE");
  if (ptrace(PTRACE_INTERRUPT, process, NULL, NULL)) fail("PTRACE_INTERRUPT");
  // The first stop is that of the interrupt; the call in which the process waited begins again after it.
  do {
    if (waitpid(process, &status, 0) < 0 || !WIFSTOPPED(status)) fail("waitpid");
    if (WSTOPSIG(status) == (SIGTRAP | 0x80)) break;
    if (ptrace(PTRACE_SYSCALL, process, NULL, NULL)) fail("PTRACE_SYSCALL");
  } while (1);
#ifdef __x86_64__
  if (ptrace(PTRACE_POKEUSER, process, (void *)offsetof(struct user, regs.orig_rax), (void *)number)) fail("PTRACE_POKEUSER");
#else
  int call = (int)number;
  struct iovec words_of_it = {&call, sizeof call};
  // NT_ARM_SYSTEM_CALL.
  if (ptrace(PTRACE_SETREGSET, process, (void *)0x404, &words_of_it)) fail("PTRACE_SETREGSET");
#endif
  if (ptrace(PTRACE_CONT, process, NULL, NULL)) fail("PTRACE_CONT");
  if (waitpid(process, &status, 0) < 0) fail("waitpid");
  printf("%d\n", WIFSIGNALED(status) ? WTERMSIG(status) : 0);
  return 0;
}
