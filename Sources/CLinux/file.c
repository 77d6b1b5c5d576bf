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

int clinux_openat(int directory, const char *path, uint64_t flags, uint32_t mode) { return (int)CALL(SYS_openat, directory, path, (int)flags, mode); }

int clinux_openat2(int directory, const char *path, uint64_t flags, uint64_t mode, uint64_t resolve) {
  struct open_how_v0 how = {flags, mode, resolve};
  return (int)CALL(437 /* __NR_openat2, the same on every architecture */, directory, path, &how, sizeof how);
}

int clinux_close(int descriptor) { return (int)CALL(SYS_close, descriptor); }
long clinux_read(int descriptor, void *bytes, size_t count) { return CALL(SYS_read, descriptor, bytes, count); }
long clinux_pread(int descriptor, void *bytes, size_t count, uint64_t offset) { return CALL(SYS_pread64, descriptor, bytes, count, (off_t)offset); }
long clinux_write(int descriptor, const void *bytes, size_t count) { return CALL(SYS_write, descriptor, bytes, count); }
int clinux_fsync(int descriptor) { return (int)CALL(SYS_fsync, descriptor); }
int clinux_syncfs(int descriptor) { return (int)CALL(SYS_syncfs, descriptor); }
int clinux_fallocate(int descriptor, uint64_t size) { return (int)CALL(SYS_fallocate, descriptor, 0, 0, (off_t)size); }

int clinux_fstatat(int directory, const char *path, struct clinux_stat *result, int flags) {
  struct stat status;
  long error = CALL(SYS_newfstatat, directory, path, &status, flags);
  if (error < 0) return (int)error;
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
  long error = CALL(SYS_fstatfs, descriptor, &status);
  if (error < 0) return (int)error;
  *result = (struct clinux_statfs){
      .type = (uint64_t)status.f_type & 0xffffffff,
      .flags = (uint64_t)status.f_flags,
      .block_size = (uint64_t)status.f_bsize,
      .blocks_available = status.f_bavail,
      .files_available = status.f_ffree,
  };
  return 0;
}

int clinux_mkdirat(int directory, const char *path, uint32_t mode) { return (int)CALL(SYS_mkdirat, directory, path, mode); }

int clinux_mknodat(int directory, const char *path, uint32_t mode, uint32_t major, uint32_t minor) {
  return (int)CALL(SYS_mknodat, directory, path, mode, makedev(major, minor));
}

int clinux_symlinkat(const char *target, int directory, const char *path) { return (int)CALL(SYS_symlinkat, target, directory, path); }

int clinux_linkat(int old_directory, const char *old_path, int new_directory, const char *new_path, int flags) {
  return (int)CALL(SYS_linkat, old_directory, old_path, new_directory, new_path, flags);
}

int clinux_unlinkat(int directory, const char *path, int flags) { return (int)CALL(SYS_unlinkat, directory, path, flags); }

int clinux_renameat2(int old_directory, const char *old_path, int new_directory, const char *new_path, uint32_t flags) {
  if (flags == 0) return (int)CALL(SYS_renameat, old_directory, old_path, new_directory, new_path);
  return (int)CALL(SYS_renameat2, old_directory, old_path, new_directory, new_path, flags);
}

long clinux_readlinkat(int directory, const char *path, char *buffer, size_t size) { return CALL(SYS_readlinkat, directory, path, buffer, size); }

long clinux_getdents64(int directory, void *buffer, size_t size) {
  return CALL(SYS_getdents64, directory, buffer, size);
}

int clinux_fchmod(int descriptor, uint32_t mode) { return (int)CALL(SYS_fchmod, descriptor, mode); }
int clinux_chmod(const char *path, uint32_t mode) { return (int)CALL(SYS_fchmodat, AT_FDCWD, path, mode); }

int clinux_fchownat(int directory, const char *path, uint32_t user, uint32_t group, int flags) {
  return (int)CALL(SYS_fchownat, directory, path, user, group, flags);
}

int clinux_utimensat(int directory, const char *path, int64_t seconds, int64_t nanoseconds, int flags) {
  struct timespec time = {.tv_sec = (time_t)seconds, .tv_nsec = (long)nanoseconds};
  struct timespec times[2] = {time, time};
  if (path == NULL) return (int)CALL(SYS_utimensat, directory, NULL, times, 0);
  return (int)CALL(SYS_utimensat, directory, path, times, flags);
}

int clinux_lock_for_process(int descriptor) {
  struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
  return (int)CALL(SYS_fcntl, descriptor, F_SETLK, &whole);
}

int clinux_locking_process(int descriptor) {
  struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
  int error = (int)CALL(SYS_fcntl, descriptor, F_GETLK, &whole);
  if (error < 0) return error;
  return whole.l_type == F_UNLCK ? 0 : 1;
}

int clinux_flock(int descriptor, int operation) { return (int)CALL(SYS_flock, descriptor, operation); }
int clinux_duplicate(int descriptor, int at_least) { return (int)CALL(SYS_fcntl, descriptor, F_DUPFD_CLOEXEC, at_least); }

int64_t clinux_position(int descriptor) {
  return CALL(SYS_lseek, descriptor, 0, SEEK_CUR);
}

int64_t clinux_seek(int descriptor, uint64_t place) { return CALL(SYS_lseek, descriptor, place, SEEK_SET); }
int clinux_descriptor_flags(int descriptor) { return (int)CALL(SYS_fcntl, descriptor, F_GETFD); }

int clinux_set_nonblocking(int descriptor) {
  int flags = (int)CALL(SYS_fcntl, descriptor, F_GETFL);
  if (flags < 0) return flags;
  return (int)CALL(SYS_fcntl, descriptor, F_SETFL, flags | O_NONBLOCK);
}

int clinux_place(int descriptor, int at) {
  if (descriptor == at) return (int)CALL(SYS_fcntl, descriptor, F_SETFD, 0);
  return (int)CALL(SYS_dup3, descriptor, at, 0);
}

int clinux_replace(int at, int descriptor) { return (int)CALL(SYS_dup3, descriptor, at, O_CLOEXEC); }

int clinux_memfd_create(const char *name, uint32_t flags) {
  return (int)CALL(SYS_memfd_create, name, flags);
}

int clinux_add_seals(int descriptor, int seals) { return (int)CALL(SYS_fcntl, descriptor, F_ADD_SEALS, seals); }
int clinux_get_seals(int descriptor) { return (int)CALL(SYS_fcntl, descriptor, F_GET_SEALS); }
long clinux_sendfile(int to, int from, size_t count) { return CALL(SYS_sendfile, to, from, NULL, count); }
