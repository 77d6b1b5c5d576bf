/// Runs a command below a seccomp filter that answers one system call, to it and to everything that it starts:
///
///     filter_calls ANSWER NUMBER -- COMMAND...
///
/// ANSWER is `kill`, which ends the process that makes the call (SECCOMP_RET_KILL_PROCESS), or the number of an error. Loading it without no_new_privs needs root.
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

int main(int count, char **arguments) {
  if (count < 5 || strcmp(arguments[3], "--")) {
    fputs("usage: filter_calls kill|ERRNO NUMBER -- COMMAND...\n", stderr);
    return 2;
  }
  unsigned answer = strcmp(arguments[1], "kill") ? SECCOMP_RET_ERRNO | (unsigned)atoi(arguments[1]) : SECCOMP_RET_KILL_PROCESS;
  struct sock_filter rows[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)atoi(arguments[2]), 0, 1),
      BPF_STMT(BPF_RET | BPF_K, answer),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  struct sock_fprog program = {sizeof rows / sizeof *rows, rows};
  if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0)) {
    perror("filter_calls: loading the filter");
    return 2;
  }
  execvp(arguments[4], arguments + 4);
  perror(arguments[4]);
  return 127;
}
