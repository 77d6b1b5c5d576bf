/// Runs a command as on an old kernel: the system calls with these numbers answer ENOSYS, to it and to everything that it starts.
///
///     deny_calls NUMBER[,NUMBER...] -- COMMAND...
///
/// It is a seccomp filter (seccomp(2)); loading it without no_new_privs needs root.
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

enum { MOST = 64 };

int main(int count, char **arguments) {
  if (count < 4 || strcmp(arguments[2], "--")) {
    fputs("usage: deny_calls NUMBER[,NUMBER...] -- COMMAND...\n", stderr);
    return 2;
  }
  struct sock_filter rows[2 * MOST + 2];
  unsigned short length = 0;
  rows[length++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
  for (char *next = arguments[1]; *next;) {
    rows[length++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, strtoul(next, &next, 10), 0, 1);
    rows[length++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS);
    if (*next && (*next++ != ',' || length > 2 * MOST)) {
      fprintf(stderr, "deny_calls: not a list of numbers, or too many: %s\n", arguments[1]);
      return 2;
    }
  }
  rows[length++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
  struct sock_fprog program = {length, rows};
  if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0)) {
    perror("deny_calls: loading the filter");
    return 2;
  }
  execvp(arguments[3], arguments + 3);
  perror(arguments[3]);
  return 127;
}
