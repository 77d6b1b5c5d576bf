#pragma once
#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/// Files and directories, always relative to a directory descriptor.

/// Open flags as the headers of this architecture have them (O_DIRECTORY and O_NOFOLLOW differ between x86 and ARM).
static const uint64_t clinux_O_RDONLY = O_RDONLY;
static const uint64_t clinux_O_WRONLY = O_WRONLY;
static const uint64_t clinux_O_RDWR = O_RDWR;
static const uint64_t clinux_O_CREAT = O_CREAT;
static const uint64_t clinux_O_EXCL = O_EXCL;
static const uint64_t clinux_O_TRUNC = O_TRUNC;
static const uint64_t clinux_O_APPEND = O_APPEND;
static const uint64_t clinux_O_NONBLOCK = O_NONBLOCK;
static const uint64_t clinux_O_NOCTTY = O_NOCTTY;
static const uint64_t clinux_O_DIRECTORY = O_DIRECTORY;
static const uint64_t clinux_O_NOFOLLOW = O_NOFOLLOW;
static const uint64_t clinux_O_CLOEXEC = O_CLOEXEC;
static const uint64_t clinux_O_PATH = 010000000;
static const int32_t clinux_AT_FDCWD = AT_FDCWD;

/// What fstatat(2) tells, in one layout for all architectures. Times are seconds and nanoseconds since 1970.
struct clinux_stat {
  uint64_t device, inode, size, links;
  /// Units of 512 bytes that are allocated.
  uint64_t blocks;
  uint32_t mode, user, group;
  uint32_t special_major, special_minor;
  int64_t modified_seconds;
  int64_t modified_nanoseconds;
};

/// What fstatfs(2) tells: f_type, f_flags (ST_RDONLY is 1), f_bsize, f_bavail.
struct clinux_statfs {
  uint64_t type, flags, block_size, blocks_available, files_available;
};

/// openat(2).
int clinux_openat(int directory, const char *path, uint64_t flags, uint32_t mode);
/// openat2(2), Linux 5.6. `flags`, `mode`, `resolve` as in struct open_how.
int clinux_openat2(int directory, const char *path, uint64_t flags, uint64_t mode, uint64_t resolve);
/// close(2).
int clinux_close(int descriptor);
/// read(2).
long clinux_read(int descriptor, void *bytes, size_t count);
/// pread(2).
long clinux_pread(int descriptor, void *bytes, size_t count, uint64_t offset);
/// write(2).
long clinux_write(int descriptor, const void *bytes, size_t count);
/// fsync(2).
int clinux_fsync(int descriptor);
/// syncfs(2).
int clinux_syncfs(int descriptor);
/// fallocate(2) of the bytes from 0 to `size`.
int clinux_fallocate(int descriptor, uint64_t size);
/// fstatat(2); `flags` are AT_EMPTY_PATH and AT_SYMLINK_NOFOLLOW.
int clinux_fstatat(int directory, const char *path, struct clinux_stat *result, int flags);
/// fstatfs(2).
int clinux_fstatfs(int descriptor, struct clinux_statfs *result);
/// mkdirat(2).
int clinux_mkdirat(int directory, const char *path, uint32_t mode);
/// mknodat(2); `mode` includes the type.
int clinux_mknodat(int directory, const char *path, uint32_t mode, uint32_t major, uint32_t minor);
/// symlinkat(2).
int clinux_symlinkat(const char *target, int directory, const char *path);
/// linkat(2).
int clinux_linkat(int old_directory, const char *old_path, int new_directory, const char *new_path, int flags);
/// unlinkat(2).
int clinux_unlinkat(int directory, const char *path, int flags);
/// renameat2(2), Linux 3.15; with no flags renameat(2), which every kernel has.
int clinux_renameat2(int old_directory, const char *old_path, int new_directory, const char *new_path, uint32_t flags);
/// readlinkat(2): the length, not terminated. An empty path reads `directory` itself, opened with O_PATH | O_NOFOLLOW.
long clinux_readlinkat(int directory, const char *path, char *buffer, size_t size);
/// getdents64(2): records of struct dirent64 into `buffer`.
long clinux_getdents64(int directory, void *buffer, size_t size);
/// fchmod(2).
int clinux_fchmod(int descriptor, uint32_t mode);
/// chmod(2).
int clinux_chmod(const char *path, uint32_t mode);
/// fchownat(2).
int clinux_fchownat(int directory, const char *path, uint32_t user, uint32_t group, int flags);
/// utimensat(2), both times set to the one given; without `path` futimens(3), which sets those of the open file itself.
int clinux_utimensat(int directory, const char *path, int64_t seconds, int64_t nanoseconds, int flags);
/// fcntl(2) F_SETLK of the whole file for writing: a lock of this process, which its children do not get. -EAGAIN or -EACCES when another process has it.
int clinux_lock_for_process(int descriptor);
/// fcntl(2) F_GETLK of the whole file: 1 when another process has such a lock, 0 when none has.
int clinux_locking_process(int descriptor);
/// flock(2).
int clinux_flock(int descriptor, int operation);
/// fcntl(2) F_DUPFD_CLOEXEC.
int clinux_duplicate(int descriptor, int at_least);
/// lseek(2) by nothing: the position; -ESPIPE where there is none.
int64_t clinux_position(int descriptor);
/// lseek(2) to a place, which is the result.
int64_t clinux_seek(int descriptor, uint64_t place);
/// fcntl(2) F_GETFD: FD_CLOEXEC (1) or 0.
int clinux_descriptor_flags(int descriptor);
/// fcntl(2) F_SETFL: adds O_NONBLOCK to the open file, for all who have it.
int clinux_set_nonblocking(int descriptor);
/// dup3(2) without O_CLOEXEC: the copy stays open across exec. The same number twice clears FD_CLOEXEC.
int clinux_place(int descriptor, int at);
/// dup3(2) O_CLOEXEC: makes `at` another name of `descriptor`.
int clinux_replace(int at, int descriptor);
/// mmap(2) of new memory that is shared with clones (MAP_SHARED | MAP_ANONYMOUS): its address.
long clinux_map_shared(size_t size);
/// madvise(2) with MADV_POPULATE_WRITE, Linux 5.14; before that nothing happens.
void clinux_populate(void *address, size_t size);
/// munmap(2).
void clinux_unmap(void *address, size_t size);
/// memfd_create(2), Linux 3.17.
int clinux_memfd_create(const char *name, uint32_t flags);
/// fcntl(2) F_ADD_SEALS.
int clinux_add_seals(int descriptor, int seals);
/// fcntl(2) F_GET_SEALS.
int clinux_get_seals(int descriptor);
/// sendfile(2).
long clinux_sendfile(int to, int from, size_t count);
