/// The floor of the benchmark: what any runtime has to pay the kernel for a container.
///
/// usage: floor [--cgroups] ROOT PROGRAM [ARGUMENT...]
///
/// Clones with new mount, pid, uts, ipc, net and cgroup namespaces, binds ROOT and pivots to it, mounts /proc and a tmpfs on /dev, executes PROGRAM and waits.
/// With --cgroups it also makes a cgroup in each hierarchy of the machine, joins it, and removes it in the end. There is no configuration, no capability, no
/// seccomp filter, no signal handling and no cleaning up after a failure: a runtime cannot be this short.
#define _GNU_SOURCE
#include <err.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { most_groups = 32, longest_path = 4096 };

/// One cgroup of the container: its directory as a descriptor, its parent's, and its name below that.
struct group {
  int parent;
  int directory;
};

static struct group groups[most_groups];
static int group_count;
static char group_name[64];

static void write_value(int directory, const char *file, const char *value, size_t length) {
  int descriptor = openat(directory, file, O_WRONLY | O_CLOEXEC);
  if (descriptor < 0 || write(descriptor, value, length) != (ssize_t)length) err(1, "write %s", file);
  close(descriptor);
}

/// A new v1 cpuset has no processor and no memory node, and nothing may join it before it has.
static void copy_value(const struct group *group, const char *file) {
  char value[longest_path];
  int descriptor = openat(group->parent, file, O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return;
  ssize_t length = read(descriptor, value, sizeof value);
  close(descriptor);
  if (length > 0) write_value(group->directory, file, value, (size_t)length);
}

static void make_group(const char *mount_point) {
  if (group_count == most_groups) errx(1, "more than %d hierarchies", most_groups);
  struct group *group = &groups[group_count];
  group->parent = open(mount_point, O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (group->parent < 0) err(1, "open %s", mount_point);
  if (mkdirat(group->parent, group_name, 0755) < 0) err(1, "make %s/%s", mount_point, group_name);
  group->directory = openat(group->parent, group_name, O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (group->directory < 0) err(1, "open %s/%s", mount_point, group_name);
  copy_value(group, "cpuset.cpus");
  copy_value(group, "cpuset.mems");
  group_count++;
}

/// A cgroup in every hierarchy that /proc/self/mountinfo shows; the mount point is the fifth field, the file system's type follows " - ".
static void make_groups(void) {
  snprintf(group_name, sizeof group_name, "floor-%d", (int)getpid());
  FILE *mounts = fopen("/proc/self/mountinfo", "re");
  if (!mounts) err(1, "open /proc/self/mountinfo");
  char line[longest_path], mount_point[longest_path];
  while (fgets(line, sizeof line, mounts)) {
    const char *type = strstr(line, " - ");
    if (!type || strncmp(type + 3, "cgroup", 6) != 0) continue;
    if (sscanf(line, "%*s %*s %*s %*s %4095s", mount_point) == 1) make_group(mount_point);
  }
  fclose(mounts);
}

static void join_groups(void) {
  // 0 is the writer itself, in whatever pid namespace it is.
  for (int i = 0; i < group_count; i++) write_value(groups[i].directory, "cgroup.procs", "0", 1);
}

static void remove_groups(void) {
  for (int i = 0; i < group_count; i++)
    if (unlinkat(groups[i].parent, group_name, AT_REMOVEDIR) < 0) err(1, "remove a cgroup");
}

static void become_container(const char *root, char **program) {
  join_groups();
  if (mount(NULL, "/", NULL, MS_SLAVE | MS_REC, NULL) < 0) err(1, "make / a slave mount");
  if (mount(root, root, NULL, MS_BIND | MS_REC, NULL) < 0) err(1, "bind %s", root);
  if (chdir(root) < 0) err(1, "change to %s", root);
  if (mount("proc", "proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) < 0) err(1, "mount proc");
  if (mount("tmpfs", "dev", "tmpfs", MS_NOSUID, "mode=755,size=64k") < 0) err(1, "mount tmpfs");
  if (syscall(SYS_pivot_root, ".", ".") < 0) err(1, "pivot_root");
  if (umount2(".", MNT_DETACH) < 0) err(1, "unmount the old root");
  if (chdir("/") < 0) err(1, "change to /");
  char *environment[] = {"PATH=/bin", NULL};
  execve(program[0], program, environment);
  err(127, "execute %s", program[0]);
}

int main(int argc, char **argv) {
  char **arguments = argv + 1;
  bool with_groups = argc > 1 && strcmp(arguments[0], "--cgroups") == 0;
  if (with_groups) arguments++;
  if (!arguments[0] || !arguments[1]) errx(2, "usage: floor [--cgroups] ROOT PROGRAM [ARGUMENT...]");
  if (with_groups) make_groups();
  long flags = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWNET | CLONE_NEWCGROUP | SIGCHLD;
  long child = syscall(SYS_clone, flags, NULL, NULL, NULL, NULL);
  if (child < 0) err(1, "clone");
  if (child == 0) become_container(arguments[0], arguments + 1);
  int status;
  if (waitpid((pid_t)child, &status, 0) < 0) err(1, "wait");
  remove_groups();
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
