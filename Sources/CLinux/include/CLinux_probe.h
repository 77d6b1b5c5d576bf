#pragma once
#include <stdint.h>

/// Calls that are made to find out whether the kernel has something. Each returns its result, or -errno.

/// syscall(2) with -1 for every argument: what a call gives that refuses them before it does anything, and -ENOSYS when the kernel does not know it.
int clinux_try_call(long number);
/// alarm(2), with the signal unblocked and at its default action: ends this process after so many seconds.
int clinux_end_after(unsigned seconds);
/// seccomp(2) SECCOMP_GET_ACTION_AVAIL, Linux 4.14: `action` as in SECCOMP_RET_….
int clinux_seccomp_has_action(uint32_t action);
/// landlock_create_ruleset(2) LANDLOCK_CREATE_RULESET_VERSION, Linux 5.13: the version of its interface.
int clinux_landlock_version(void);
/// ioctl(2) LOOP_CTL_GET_FREE: the number of a loop device that nobody uses, which is made when there is none.
int clinux_free_loop_device(int control);
/// socket(2) AF_INET, SOCK_STREAM; closed at once.
int clinux_try_internet_socket(void);
/// getsockopt(2) IPT_SO_GET_INFO of the table `name` in this network namespace.
int clinux_find_iptables_table(const char *name);
