#define _GNU_SOURCE
#include "CLinux_process.h"

#include <fcntl.h>
#include <grp.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "result.h"

/// struct clone_args up to `cgroup` (Linux 5.7); the kernel takes its size as its version, so that without a cgroup the first, shorter version is given.
struct clone_args_v2 {
  uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls;
  uint64_t set_tid, set_tid_size;
  uint64_t cgroup;
};

enum { PIDFD_SEND_SIGNAL = 424, PIDFD_OPEN = 434, CLONE3 = 435, CLOSE_RANGE = 436, CLONE_ARGS_SIZE_VER0 = 64 };

#define INTO_CGROUP 0x200000000ULL

int clinux_clone3(uint64_t flags, int cgroup) {
  // A sibling ends with the signal that its maker ends with; the kernel wants none to be named.
  struct clone_args_v2 arguments = {.flags = flags, .exit_signal = flags & CLONE_PARENT ? 0 : SIGCHLD};
  size_t size = CLONE_ARGS_SIZE_VER0;
  if (cgroup >= 0) {
    arguments.flags |= INTO_CGROUP;
    arguments.cgroup = (uint64_t)cgroup;
    size = sizeof arguments;
  }
  return (int)CALL(CLONE3, &arguments, size);
}

int clinux_clone(uint64_t flags) {
  return (int)CALL(SYS_clone, (unsigned long)flags | SIGCHLD, 0, 0, 0, 0);
}

int clinux_setns(int descriptor, int type) { return (int)CALL(SYS_setns, descriptor, type); }
int clinux_namespace_type(int descriptor) { return (int)CALL(SYS_ioctl, descriptor, NS_GET_NSTYPE); }
int clinux_parent_namespace(int descriptor) { return (int)CALL(SYS_ioctl, descriptor, NS_GET_PARENT); }
int clinux_unshare(uint64_t flags) { return (int)CALL(SYS_unshare, (int)flags); }

int clinux_execve(const char *path, const char *const *arguments, const char *const *environment) {
  return (int)CALL(SYS_execve, path, (char *const *)arguments, (char *const *)environment);
}

int clinux_fexecve(int descriptor, const char *const *arguments, const char *const *environment) {
  return (int)CALL(SYS_execveat, descriptor, "", arguments, environment, AT_EMPTY_PATH);
}

int clinux_wait(int process, int *status, int options) { return (int)CALL(SYS_wait4, process, status, options, NULL); }

int clinux_is_child(int process) {
  siginfo_t information;
  return (int)CALL(SYS_waitid, P_PID, process, &information, WEXITED | WNOHANG | WNOWAIT, NULL);
}

int clinux_ended_child(void) {
  siginfo_t information = {0};
  int error = (int)CALL(SYS_waitid, P_ALL, 0, &information, WEXITED | WNOHANG | WNOWAIT, NULL);
  return error < 0 ? error : information.si_pid;
}

int clinux_kill(int process, int signal) { return (int)CALL(SYS_kill, process, signal); }
int clinux_check_executable(const char *path) { return (int)CALL(SYS_faccessat, AT_FDCWD, path, X_OK); }

int clinux_pidfd_open(int process) {
  return (int)CALL(PIDFD_OPEN, process, 0);
}

int clinux_pidfd_send_signal(int process, int signal) {
  return (int)CALL(PIDFD_SEND_SIGNAL, process, signal, NULL, 0);
}

int clinux_getpid(void) { return (int)CALL(SYS_getpid); }
uint32_t clinux_geteuid(void) { return geteuid(); }
uint32_t clinux_getegid(void) { return getegid(); }
int clinux_setsid(void) { return (int)CALL(SYS_setsid); }
uint32_t clinux_umask(uint32_t mask) { return umask(mask); }
int clinux_chdir(const char *path) { return (int)CALL(SYS_chdir, path); }
int clinux_fchdir(int directory) { return (int)CALL(SYS_fchdir, directory); }

long clinux_getcwd(char *buffer, size_t size) {
  return CALL(SYS_getcwd, buffer, size);
}

int clinux_sethostname(const char *name, size_t length) { return (int)CALL(SYS_sethostname, name, length); }
int clinux_setdomainname(const char *name, size_t length) { return (int)CALL(SYS_setdomainname, name, length); }
int clinux_setgroups(const uint32_t *groups, size_t count) { return (int)CALL(SYS_setgroups, count, groups); }
int clinux_setgid(uint32_t group) { return (int)CALL(SYS_setresgid, group, group, group); }
int clinux_setuid(uint32_t user) { return (int)CALL(SYS_setresuid, user, user, user); }

int clinux_setrlimit(int resource, uint64_t soft, uint64_t hard) {
  uint64_t limit[2] = {soft, hard};
  return (int)CALL(SYS_prlimit64, 0, resource, limit, NULL);
}

int clinux_raise_hard_limit(int process, int resource, uint64_t hard) {
  uint64_t limit[2];
  int result = (int)CALL(SYS_prlimit64, process, resource, NULL, limit);
  if (result >= 0 && hard > limit[1]) {
    limit[1] = hard;
    result = (int)CALL(SYS_prlimit64, process, resource, limit, NULL);
  }
  return result;
}

int clinux_set_dumpable(int dumpable) { return (int)CALL(SYS_prctl, PR_SET_DUMPABLE, dumpable, 0, 0, 0); }
int clinux_set_child_subreaper(int subreaper) { return (int)CALL(SYS_prctl, PR_SET_CHILD_SUBREAPER, subreaper, 0, 0, 0); }
int clinux_set_parent_death_signal(int signal) { return (int)CALL(SYS_prctl, PR_SET_PDEATHSIG, signal, 0, 0, 0); }

int clinux_close_range(uint32_t first, uint32_t last) {
  return (int)CALL(CLOSE_RANGE, first, last, 0);
}

extern char **environ;

void clinux_forget_strings(void) {
  // The kernel lays them out one behind another: arguments, environment, the name of the program (fs/binfmt_elf.c).
  char *first = program_invocation_name;
  char *end = (char *)getauxval(AT_EXECFN);
  if (first != NULL && end > first) memset(first, 0, (size_t)(end - first));
  environ = NULL;
}

const char *const *clinux_environment(void) { return (const char *const *)environ; }
