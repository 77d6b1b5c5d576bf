#define _GNU_SOURCE
#include "CLinux_seccomp.h"
#include "CLinux_event.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#include "result.h"

_Static_assert(sizeof(struct sock_filter) == sizeof(uint64_t), "an instruction is handed over as 64 bits");

int clinux_seccomp_load(const void *instructions, size_t count, uint32_t flags) {
  struct sock_fprog program = {.len = (unsigned short)count, .filter = (struct sock_filter *)instructions};
  return (int)CALL(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);
}

int clinux_seccomp_load_by_prctl(const void *instructions, size_t count) {
  struct sock_fprog program = {.len = (unsigned short)count, .filter = (struct sock_filter *)instructions};
  return (int)CALL(SYS_prctl, PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0L, 0L);
}

/// The kernel's struct sigaction of 64-bit processors. The C library's function makes a second call.
struct kernel_action {
  void (*handler)(int, siginfo_t *, void *);
  unsigned long flags;
  void (*restorer)(void);
  uint64_t mask;
};

/// SYS_SECCOMP, the `si_code` of a trapped call.
enum { TRAPPED = 1 };

static void answer(int number, siginfo_t *information, void *context) {
  if (information->si_code != TRAPPED) {
    // It comes again when this handler is left, and does then what it does to every program.
    clinux_default_signal(number);
    CALL(SYS_kill, CALL(SYS_getpid), number);
    return;
  }
  mcontext_t *registers = &((ucontext_t *)context)->uc_mcontext;
#if defined(__x86_64__)
  registers->gregs[REG_RAX] = -ENOSYS;
#elif defined(__aarch64__)
  registers->regs[0] = (uint64_t)-ENOSYS;
#else
#error "the register with the result of a call is not known for this processor"
#endif
}

#if defined(__x86_64__)
/// Where a handler returns to: rt_sigreturn(2), which on other processors is a page of the kernel's own (vdso(7)).
__attribute__((naked)) static void return_from_handler(void) { __asm__("movl $15, %eax\n\tsyscall"); }
#endif

int clinux_take_trapped_calls_for_missing(void) {
  struct kernel_action action = {.handler = answer, .flags = SA_SIGINFO};
#if defined(__x86_64__)
  // SA_RESTORER
  action.flags |= 0x04000000;
  action.restorer = return_from_handler;
#endif
  return (int)CALL(SYS_rt_sigaction, SIGSYS, &action, NULL, sizeof action.mask);
}
