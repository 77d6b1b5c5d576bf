#define _GNU_SOURCE
#include "CLinux_seccomp.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "result.h"

_Static_assert(sizeof(struct sock_filter) == sizeof(uint64_t), "an instruction is handed over as 64 bits");

int clinux_seccomp_load(const void *instructions, size_t count, uint32_t flags) {
  struct sock_fprog program = {.len = (unsigned short)count, .filter = (struct sock_filter *)instructions};
  long result = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);
  return result < 0 ? -errno : (int)result;
}

int clinux_seccomp_load_by_prctl(const void *instructions, size_t count) {
  struct sock_fprog program = {.len = (unsigned short)count, .filter = (struct sock_filter *)instructions};
  RESULT(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0L, 0L));
}
