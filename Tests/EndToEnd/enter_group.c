/// Runs a command where it sees a part of the cgroup v2 tree and no more: in a cgroup namespace, with a cgroup2 mount of that.
///
///     enter_group make GROUP BELOW rw|ro|both       makes it, says the id of a process that keeps it, and goes on as that
///     enter_group join PROCESS GROUP -- COMMAND...  runs a command there, in the group that has this path outside
///
/// GROUP is the path of a group below /sys/fs/cgroup; the first becomes the root of the namespace, which is kept by a process in the group BELOW it, `.` for the same. The mount on /sys/fs/cgroup is a writable or a read-only one; with `both` it is read-only, and there is a writable one on /tmp.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

static void check(int result, const char *what) {
  if (result >= 0) return;
  fprintf(stderr, "enter_group: %s: %s\n", what, strerror(errno));
  exit(2);
}

static int open_group(const char *group) {
  char path[512];
  snprintf(path, sizeof path, "/sys/fs/cgroup/%s/cgroup.procs", group);
  int file = open(path, O_WRONLY | O_CLOEXEC);
  check(file, path);
  return file;
}

/// Puts this process into the group of an open `cgroup.procs`.
static void enter(int file) {
  check((int)write(file, "0", 1), "cgroup.procs");
  close(file);
}

static void make(const char *group, const char *below, const char *mode) {
  char path[512];
  snprintf(path, sizeof path, "%s/%s", group, below);
  int inner = open_group(path);
  enter(open_group(group));
  check(unshare(CLONE_NEWCGROUP | CLONE_NEWNS), "unshare");
  enter(inner);
  check(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), "mount /");
  check(umount2("/sys/fs/cgroup", MNT_DETACH), "umount /sys/fs/cgroup");
  check(mount("cgroup2", "/sys/fs/cgroup", "cgroup2", 0, NULL), "mount /sys/fs/cgroup");
  if (!strcmp(mode, "both")) check(mount("cgroup2", "/tmp", "cgroup2", 0, NULL), "mount /tmp");
  if (strcmp(mode, "rw")) check(mount(NULL, "/sys/fs/cgroup", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL), "remount /sys/fs/cgroup");
  pid_t keeper = fork();
  check(keeper, "fork");
  if (keeper > 0) {
    printf("%d\n", (int)keeper);
    exit(0);
  }
  setsid();
  for (int number = 0; number < 3; number++) close(number);
  while (1) pause();
}

static void join(const char *process, const char *group, char **command) {
  char path[64];
  // Both before the first is entered, where the second may not be found.
  const char *names[] = {"cgroup", "mnt"};
  int namespaces[2];
  for (int i = 0; i < 2; i++) {
    snprintf(path, sizeof path, "/proc/%s/ns/%s", process, names[i]);
    namespaces[i] = open(path, O_RDONLY | O_CLOEXEC);
    check(namespaces[i], path);
  }
  // Through the mount of the host, because that of the part may be read-only.
  enter(open_group(group));
  for (int i = 0; i < 2; i++) check(setns(namespaces[i], 0), "setns");
  execvp(command[0], command);
  perror(command[0]);
  exit(127);
}

int main(int count, char **arguments) {
  if (count == 5 && !strcmp(arguments[1], "make")) {
    make(arguments[2], arguments[3], arguments[4]);
  } else if (count > 5 && !strcmp(arguments[1], "join") && !strcmp(arguments[4], "--")) {
    join(arguments[2], arguments[3], arguments + 5);
  }
  fputs("usage: enter_group make GROUP BELOW rw|ro|both, or enter_group join PROCESS GROUP -- COMMAND...\n", stderr);
  return 2;
}
