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
  long result = syscall(CLONE3, &arguments, size);
  return result < 0 ? -errno : (int)result;
}

int clinux_clone(uint64_t flags) {
  long result = syscall(SYS_clone, (unsigned long)flags | SIGCHLD, 0, 0, 0, 0);
  return result < 0 ? -errno : (int)result;
}

int clinux_setns(int descriptor, int type) { RESULT(setns(descriptor, type)); }
int clinux_namespace_type(int descriptor) { RESULT(ioctl(descriptor, NS_GET_NSTYPE)); }
int clinux_parent_namespace(int descriptor) { RESULT(ioctl(descriptor, NS_GET_PARENT)); }
int clinux_unshare(uint64_t flags) { RESULT(unshare((int)flags)); }

int clinux_execve(const char *path, const char *const *arguments, const char *const *environment) {
  RESULT(execve(path, (char *const *)arguments, (char *const *)environment));
}

int clinux_fexecve(int descriptor, const char *const *arguments, const char *const *environment) {
  long result = syscall(SYS_execveat, descriptor, "", arguments, environment, AT_EMPTY_PATH);
  return result < 0 ? -errno : 0;
}

int clinux_wait(int process, int *status, int options) { RESULT(wait4(process, status, options, NULL)); }

int clinux_is_child(int process) {
  siginfo_t information;
  RESULT(waitid(P_PID, (id_t)process, &information, WEXITED | WNOHANG | WNOWAIT));
}

int clinux_ended_child(void) {
  siginfo_t information = {0};
  RESULT(waitid(P_ALL, 0, &information, WEXITED | WNOHANG | WNOWAIT) < 0 ? -1 : information.si_pid);
}

int clinux_kill(int process, int signal) { RESULT(kill(process, signal)); }
int clinux_check_executable(const char *path) { RESULT(faccessat(AT_FDCWD, path, X_OK, 0)); }

int clinux_pidfd_open(int process) {
  long result = syscall(PIDFD_OPEN, process, 0);
  return result < 0 ? -errno : (int)result;
}

int clinux_pidfd_send_signal(int process, int signal) {
  long result = syscall(PIDFD_SEND_SIGNAL, process, signal, NULL, 0);
  return result < 0 ? -errno : 0;
}

int clinux_getpid(void) { return (int)syscall(SYS_getpid); }
uint32_t clinux_geteuid(void) { return geteuid(); }
uint32_t clinux_getegid(void) { return getegid(); }
int clinux_setsid(void) { RESULT(setsid()); }
uint32_t clinux_umask(uint32_t mask) { return umask(mask); }
int clinux_chdir(const char *path) { RESULT(chdir(path)); }
int clinux_fchdir(int directory) { RESULT(fchdir(directory)); }

long clinux_getcwd(char *buffer, size_t size) {
  long result = syscall(SYS_getcwd, buffer, size);
  return result < 0 ? -errno : result;
}

int clinux_sethostname(const char *name, size_t length) { RESULT(sethostname(name, length)); }
int clinux_setdomainname(const char *name, size_t length) { RESULT(setdomainname(name, length)); }
int clinux_setgroups(const uint32_t *groups, size_t count) { RESULT(setgroups(count, groups)); }
int clinux_setgid(uint32_t group) { RESULT(setresgid(group, group, group)); }
int clinux_setuid(uint32_t user) { RESULT(setresuid(user, user, user)); }

int clinux_setrlimit(int resource, uint64_t soft, uint64_t hard) {
  struct rlimit limit = {.rlim_cur = (rlim_t)soft, .rlim_max = (rlim_t)hard};
  RESULT(setrlimit(resource, &limit));
}

int clinux_raise_hard_limit(int process, int resource, uint64_t hard) {
  uint64_t limit[2];
  long result = syscall(SYS_prlimit64, process, resource, NULL, limit);
  if (result >= 0 && hard > limit[1]) {
    limit[1] = hard;
    result = syscall(SYS_prlimit64, process, resource, limit, NULL);
  }
  return result < 0 ? -errno : 0;
}

int clinux_set_dumpable(int dumpable) { RESULT(prctl(PR_SET_DUMPABLE, dumpable, 0, 0, 0)); }
int clinux_set_child_subreaper(int subreaper) { RESULT(prctl(PR_SET_CHILD_SUBREAPER, subreaper, 0, 0, 0)); }
int clinux_set_parent_death_signal(int signal) { RESULT(prctl(PR_SET_PDEATHSIG, signal, 0, 0, 0)); }

int clinux_close_range(uint32_t first, uint32_t last) {
  long result = syscall(CLOSE_RANGE, first, last, 0);
  return result < 0 ? -errno : 0;
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
