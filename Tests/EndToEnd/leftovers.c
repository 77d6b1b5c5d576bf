// leftovers APUS STATE STORE VOLATILE LASTING MARK: tells what containers have left on this machine, a line each; see Machine.leftovers.
// One small program, because it runs after every test, and each process costs an emulated device ten milliseconds.
#define _GNU_SOURCE
#include <ctype.h>
#include <dirent.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char *apus, *state, *mark;

static int begins(const char *text, const char *with) { return strncmp(text, with, strlen(with)) == 0; }

// All but locks and compiled filters.
static int tell_file(const char *path, const struct stat *status, int type, struct FTW *place) {
  (void)status, (void)type;
  const char *name = path + place->base;
  int is_filter = begins(path, state) && begins(path + strlen(state), "/.seccomp");
  if (place->level > 0 && strcmp(name, ".lock") != 0 && !is_filter) puts(path);
  return 0;
}

static int tell_group(const char *path, const struct stat *status, int type, struct FTW *place) {
  (void)status;
  if (type == FTW_D && begins(path + place->base, mark)) puts(path);
  return 0;
}

static void walk(const char *folder, const char *below, int (*tell)(const char *, const struct stat *, int, struct FTW *)) {
  char path[PATH_MAX];
  snprintf(path, sizeof path, "%s%s", folder, below);
  nftw(path, tell, 16, FTW_PHYS);
}

// Mounts below our folders, and groups of tests in whatever hierarchy is mounted.
static void tell_mounts(const char *volatile_folder, const char *lasting_folder) {
  char line[16384], volatile_part[PATH_MAX], lasting_part[PATH_MAX], point[PATH_MAX];
  snprintf(volatile_part, sizeof volatile_part, " %s/", volatile_folder);
  snprintf(lasting_part, sizeof lasting_part, " %s/", lasting_folder);
  FILE *mounts = fopen("/proc/self/mountinfo", "re");
  while (mounts && fgets(line, sizeof line, mounts)) {
    if (strstr(line, volatile_part) || strstr(line, lasting_part)) fputs(line, stdout);
    int is_group = strstr(line, " - cgroup ") || strstr(line, " - cgroup2 ") || strstr(line, " - cpuset ");
    if (is_group && sscanf(line, "%*s %*s %*s %*s %4095s", point) == 1) walk(point, "", tell_group);
  }
  if (mounts) fclose(mounts);
}

static void tell_link(const char *number, const char *link, const char *first, const char *second) {
  char path[64], target[PATH_MAX];
  snprintf(path, sizeof path, "/proc/%.16s/%s", number, link);
  ssize_t count = readlink(path, target, sizeof target - 1);
  if (count <= 0) return;
  target[count] = 0;
  if (begins(target, first) || begins(target, second)) printf("%s -> %s\n", path, target);
}

int main(int count, char **words) {
  if (count != 7) return 2;
  apus = words[1], state = words[2], mark = words[6];
  walk(state, "", tell_file);
  walk(words[3], "/tmp", tell_file);
  walk(words[3], "/containers", tell_file);
  tell_mounts(words[4], words[5]);
  char volatile_folder[PATH_MAX], lasting_folder[PATH_MAX];
  snprintf(volatile_folder, sizeof volatile_folder, "%s/", words[4]);
  snprintf(lasting_folder, sizeof lasting_folder, "%s/", words[5]);
  DIR *processes = opendir("/proc");
  for (struct dirent *entry; processes && (entry = readdir(processes));) {
    if (!isdigit((unsigned char)entry->d_name[0])) continue;
    tell_link(entry->d_name, "exe", apus, apus);
    tell_link(entry->d_name, "root", volatile_folder, lasting_folder);
  }
  if (processes) closedir(processes);
  return 0;
}
