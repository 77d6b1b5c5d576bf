#pragma once
#include <stddef.h>
#include <stdint.h>

/// Filters of system calls.

/// seccomp(2) SECCOMP_SET_MODE_FILTER, Linux 3.17, on the calling thread. `instructions` are `count` of struct sock_filter.
/// With SECCOMP_FILTER_FLAG_TSYNC a result above 0 is the thread that could not follow.
int clinux_seccomp_load(const void *instructions, size_t count, uint32_t flags);
/// prctl(2) PR_SET_SECCOMP with SECCOMP_MODE_FILTER: the same without flags, for kernels without seccomp(2).
int clinux_seccomp_load_by_prctl(const void *instructions, size_t count);
/// rt_sigaction(2): from here on a call of this process that a filter traps (SECCOMP_RET_TRAP, SIGSYS) has the result -ENOSYS, instead of ending the process. A
/// clone inherits that, exec ends it. A SIGSYS that somebody has sent ends the process still.
int clinux_take_trapped_calls_for_missing(void);
/// Lets this process make no other system calls than those for memory that is not executed, sendto(2), recvfrom(2) and exit_group(2): anything else is SIGSYS,
/// which ends it (SECCOMP_RET_KILL_PROCESS). Needs no_new_privs.
int clinux_confine_to_memory(void);
