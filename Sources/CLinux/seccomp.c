#define _GNU_SOURCE
#include "CLinux_seccomp.h"
#include "CLinux_event.h"

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <sys/mman.h>
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

#if defined(__x86_64__)
#define OWN_ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define OWN_ARCHITECTURE AUDIT_ARCH_AARCH64
#endif

/// Instructions of the filter below.
#define LOAD(offset) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (offset))
#define UNLESS(test, value, skipped) BPF_JUMP(BPF_JMP | (test) | BPF_K, (value), 0, (skipped))
#define RETURN(action) BPF_STMT(BPF_RET | BPF_K, (action))
#define LET(call) UNLESS(BPF_JEQ, SYS_##call, 1), RETURN(SECCOMP_RET_ALLOW)

static const struct sock_filter memory_only[] = {
    LOAD(offsetof(struct seccomp_data, arch)),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, OWN_ARCHITECTURE, 1, 0),
    RETURN(SECCOMP_RET_KILL_PROCESS),
    LOAD(offsetof(struct seccomp_data, nr)),
    LET(recvfrom),
    LET(sendto),
    LET(brk),
    LET(munmap),
    LET(mremap),
    LET(madvise),
    LET(rt_sigreturn),
    LET(exit_group),
    // These two by what the memory is to be used for: the low half of the third argument.
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mmap, 1, 0),
    UNLESS(BPF_JEQ, SYS_mprotect, 2),
    LOAD(offsetof(struct seccomp_data, args[2])),
    UNLESS(BPF_JSET, PROT_EXEC, 1),
    RETURN(SECCOMP_RET_KILL_PROCESS),
    RETURN(SECCOMP_RET_ALLOW),
};

int clinux_confine_to_memory(void) { return clinux_seccomp_load_by_prctl(memory_only, sizeof memory_only / sizeof memory_only[0]); }
