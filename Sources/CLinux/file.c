#define _GNU_SOURCE
#include "CLinux_file.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

#include "result.h"

/// struct open_how as it was first published (Linux 5.6); the kernel takes its size as its version.
struct open_how_v0 {
  uint64_t flags, mode, resolve;
};

int clinux_openat(int directory, const char *path, uint64_t flags, uint32_t mode) { RESULT(openat(directory, path, (int)flags, mode)); }

int clinux_openat2(int directory, const char *path, uint64_t flags, uint64_t mode, uint64_t resolve) {
  struct open_how_v0 how = {flags, mode, resolve};
  long result = syscall(437 /* __NR_openat2, the same on every architecture */, directory, path, &how, sizeof how);
  return result < 0 ? -errno : (int)result;
}

int clinux_close(int descriptor) { RESULT(close(descriptor)); }
long clinux_read(int descriptor, void *bytes, size_t count) { RESULT(read(descriptor, bytes, count)); }
long clinux_pread(int descriptor, void *bytes, size_t count, uint64_t offset) { RESULT(pread(descriptor, bytes, count, (off_t)offset)); }
long clinux_write(int descriptor, const void *bytes, size_t count) { RESULT(write(descriptor, bytes, count)); }
int clinux_fsync(int descriptor) { RESULT(fsync(descriptor)); }
int clinux_syncfs(int descriptor) { RESULT(syncfs(descriptor)); }
int clinux_fallocate(int descriptor, uint64_t size) { RESULT(fallocate(descriptor, 0, 0, (off_t)size)); }

int clinux_fstatat(int directory, const char *path, struct clinux_stat *result, int flags) {
  struct stat status;
  if (fstatat(directory, path, &status, flags) < 0) return -errno;
  *result = (struct clinux_stat){
      .device = status.st_dev,
      .inode = status.st_ino,
      .size = (uint64_t)status.st_size,
      .links = status.st_nlink,
      .blocks = (uint64_t)status.st_blocks,
      .mode = status.st_mode,
      .user = status.st_uid,
      .group = status.st_gid,
      .special_major = major(status.st_rdev),
      .special_minor = minor(status.st_rdev),
      .modified_seconds = status.st_mtim.tv_sec,
      .modified_nanoseconds = status.st_mtim.tv_nsec,
  };
  return 0;
}

int clinux_fstatfs(int descriptor, struct clinux_statfs *result) {
  struct statfs status;
  if (fstatfs(descriptor, &status) < 0) return -errno;
  *result = (struct clinux_statfs){
      .type = (uint64_t)status.f_type & 0xffffffff,
      .flags = (uint64_t)status.f_flags,
      .block_size = (uint64_t)status.f_bsize,
      .blocks_available = status.f_bavail,
      .files_available = status.f_ffree,
  };
  return 0;
}

int clinux_mkdirat(int directory, const char *path, uint32_t mode) { RESULT(mkdirat(directory, path, mode)); }

int clinux_mknodat(int directory, const char *path, uint32_t mode, uint32_t major, uint32_t minor) {
  RESULT(mknodat(directory, path, mode, makedev(major, minor)));
}

int clinux_symlinkat(const char *target, int directory, const char *path) { RESULT(symlinkat(target, directory, path)); }

int clinux_linkat(int old_directory, const char *old_path, int new_directory, const char *new_path, int flags) {
  RESULT(linkat(old_directory, old_path, new_directory, new_path, flags));
}

int clinux_unlinkat(int directory, const char *path, int flags) { RESULT(unlinkat(directory, path, flags)); }

int clinux_renameat2(int old_directory, const char *old_path, int new_directory, const char *new_path, uint32_t flags) {
  if (flags == 0) RESULT(renameat(old_directory, old_path, new_directory, new_path));
  long result = syscall(SYS_renameat2, old_directory, old_path, new_directory, new_path, flags);
  return result < 0 ? -errno : 0;
}

long clinux_readlinkat(int directory, const char *path, char *buffer, size_t size) { RESULT(readlinkat(directory, path, buffer, size)); }

long clinux_getdents64(int directory, void *buffer, size_t size) {
  long result = syscall(SYS_getdents64, directory, buffer, size);
  return result < 0 ? -errno : result;
}

int clinux_fchmod(int descriptor, uint32_t mode) { RESULT(fchmod(descriptor, mode)); }
int clinux_chmod(const char *path, uint32_t mode) { RESULT(chmod(path, mode)); }

int clinux_fchownat(int directory, const char *path, uint32_t user, uint32_t group, int flags) {
  RESULT(fchownat(directory, path, user, group, flags));
}

int clinux_utimensat(int directory, const char *path, int64_t seconds, int64_t nanoseconds, int flags) {
  struct timespec time = {.tv_sec = (time_t)seconds, .tv_nsec = (long)nanoseconds};
  struct timespec times[2] = {time, time};
  if (path == NULL) RESULT(futimens(directory, times));
  RESULT(utimensat(directory, path, times, flags));
}

int clinux_lock_for_process(int descriptor) {
  struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
  RESULT(fcntl(descriptor, F_SETLK, &whole));
}

int clinux_locking_process(int descriptor) {
  struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
  if (fcntl(descriptor, F_GETLK, &whole) < 0) return -errno;
  return whole.l_type == F_UNLCK ? 0 : 1;
}

int clinux_flock(int descriptor, int operation) { RESULT(flock(descriptor, operation)); }
int clinux_duplicate(int descriptor, int at_least) { RESULT(fcntl(descriptor, F_DUPFD_CLOEXEC, at_least)); }

int64_t clinux_position(int descriptor) {
  off_t result = lseek(descriptor, 0, SEEK_CUR);
  return result < 0 ? -errno : result;
}

int clinux_rewind(int descriptor) { return lseek(descriptor, 0, SEEK_SET) < 0 ? -errno : 0; }
int clinux_descriptor_flags(int descriptor) { RESULT(fcntl(descriptor, F_GETFD)); }

int clinux_set_nonblocking(int descriptor) {
  int flags = fcntl(descriptor, F_GETFL);
  if (flags < 0) return -errno;
  RESULT(fcntl(descriptor, F_SETFL, flags | O_NONBLOCK));
}

int clinux_place(int descriptor, int at) {
  if (descriptor == at) RESULT(fcntl(descriptor, F_SETFD, 0));
  RESULT(dup3(descriptor, at, 0));
}

int clinux_replace(int at, int descriptor) { RESULT(dup3(descriptor, at, O_CLOEXEC)); }

int clinux_memfd_create(const char *name, uint32_t flags) {
  long result = syscall(SYS_memfd_create, name, flags);
  return result < 0 ? -errno : (int)result;
}

int clinux_add_seals(int descriptor, int seals) { RESULT(fcntl(descriptor, F_ADD_SEALS, seals)); }
int clinux_get_seals(int descriptor) { RESULT(fcntl(descriptor, F_GET_SEALS)); }
long clinux_sendfile(int to, int from, size_t count) { RESULT(sendfile(to, from, NULL, count)); }
