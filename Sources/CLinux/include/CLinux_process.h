#pragma once
#include <stddef.h>
#include <stdint.h>

/// Processes, their identity and their limits.

/// clone3(2), Linux 5.3, without a stack of its own: returns twice like fork(2), 0 in the child. `cgroup` is a directory of a v2 group or -1
/// (CLONE_INTO_CGROUP, Linux 5.7). With CLONE_PARENT the new process is a child of this one's parent.
int clinux_clone3(uint64_t flags, int cgroup);
/// clone(2) without a stack of its own: returns twice like fork(2), 0 in the child.
int clinux_clone(uint64_t flags);
/// setns(2).
int clinux_setns(int descriptor, int type);
/// ioctl(2) NS_GET_NSTYPE, Linux 4.11: the CLONE_NEW* flag of a namespace's descriptor.
int clinux_namespace_type(int descriptor);
/// ioctl(2) NS_GET_PARENT, Linux 4.9: a descriptor of the namespace above a PID or user namespace; EPERM where that is above the caller's.
int clinux_parent_namespace(int descriptor);
/// unshare(2).
int clinux_unshare(uint64_t flags);
/// execve(2). Returns only to tell why it failed.
int clinux_execve(const char *path, const char *const *arguments, const char *const *environment);
/// execveat(2) with AT_EMPTY_PATH: runs the open file itself.
int clinux_fexecve(int descriptor, const char *const *arguments, const char *const *environment);
/// wait4(2) for `process`; the status as the kernel encodes it. `options` is WNOHANG (1) or nothing; 0 means that nothing has ended yet.
int clinux_wait(int process, int *status, int options);
/// waitid(2) with WNOWAIT: 0 when `process` is a child of this one, ended or not, -ECHILD when it is not.
int clinux_is_child(int process);
/// waitid(2) with WNOWAIT: a child that has ended and has not been waited for; 0 when there is none.
int clinux_ended_child(void);
/// kill(2).
int clinux_kill(int process, int signal);
/// faccessat(2) X_OK with the real ids: those of a container's process are the effective ones, and Linux before 5.8 cannot ask for others.
int clinux_check_executable(const char *path);
/// pidfd_open(2), Linux 5.3; closed by exec.
int clinux_pidfd_open(int process);
/// pidfd_send_signal(2), Linux 5.1.
int clinux_pidfd_send_signal(int process, int signal);
/// getpid(2), from the kernel, not from a cache.
int clinux_getpid(void);
/// geteuid(2).
uint32_t clinux_geteuid(void);
/// getegid(2).
uint32_t clinux_getegid(void);
/// setsid(2).
int clinux_setsid(void);
/// umask(2): the mask before.
uint32_t clinux_umask(uint32_t mask);
/// chdir(2).
int clinux_chdir(const char *path);
/// fchdir(2).
int clinux_fchdir(int directory);
/// getcwd(2) itself: the length with the NUL. Unlike the C library's, it tells of a directory out of reach by a path that does not begin with a slash.
long clinux_getcwd(char *buffer, size_t size);
/// sethostname(2).
int clinux_sethostname(const char *name, size_t length);
/// setdomainname(2).
int clinux_setdomainname(const char *name, size_t length);
/// setgroups(2).
int clinux_setgroups(const uint32_t *groups, size_t count);
/// setresgid(2), all three the same.
int clinux_setgid(uint32_t group);
/// setresuid(2), all three the same.
int clinux_setuid(uint32_t user);
/// prlimit(2) on this process.
int clinux_setrlimit(int resource, uint64_t soft, uint64_t hard);
/// prlimit(2) on another process: raises the hard limit to `hard` unless it is as high already.
int clinux_raise_hard_limit(int process, int resource, uint64_t hard);
/// prctl(2) PR_SET_DUMPABLE.
int clinux_set_dumpable(int dumpable);
/// prctl(2) PR_SET_CHILD_SUBREAPER: orphans among the descendants become children of this process.
int clinux_set_child_subreaper(int subreaper);
/// prctl(2) PR_SET_PDEATHSIG: the signal that this process gets when its parent ends.
int clinux_set_parent_death_signal(int signal);
/// close_range(2), Linux 5.9.
int clinux_close_range(uint32_t first, uint32_t last);
/// The environment of this process, ended by a null pointer.
const char *const *clinux_environment(void);
/// Overwrites the arguments and the environment that this process was started with, which /proc/PID/environ shows.
void clinux_forget_strings(void);
