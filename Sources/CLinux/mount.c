#define _GNU_SOURCE
#include "CLinux_mount.h"

#include <fcntl.h>
#include <linux/loop.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "result.h"

/// struct mount_attr as it was first published (Linux 5.12).
struct mount_attr_v0 {
  uint64_t set, clear, propagation, user_namespace;
};

/// The numbers of the newer calls are the same on every architecture; the C library's headers may be older than the kernel.
enum { OPEN_TREE = 428, MOVE_MOUNT = 429, FSOPEN = 430, FSCONFIG = 431, FSMOUNT = 432, MOUNT_SETATTR = 442 };

enum { SET_STRING = 1, CREATE = 6, CLOSE_ON_EXEC = 1 };

#define MOVE_MOUNT_FROM_EMPTY 0x04
#define MOVE_MOUNT_TO_EMPTY 0x40

int clinux_mount(const char *source, const char *target, const char *type, uint64_t flags, const char *data) {
  return (int)CALL(SYS_mount, source, target, type, (unsigned long)flags, data);
}

int clinux_umount(const char *target, int flags) { return (int)CALL(SYS_umount2, target, flags); }

int clinux_pivot_root(const char *new_root, const char *put_old) {
  return (int)CALL(SYS_pivot_root, new_root, put_old);
}

int clinux_chroot(const char *path) { return (int)CALL(SYS_chroot, path); }

int clinux_open_tree(int directory, const char *path, uint32_t flags) {
  return (int)CALL(OPEN_TREE, directory, path, flags);
}

int clinux_move_mount(int from, int to) {
  return (int)CALL(MOVE_MOUNT, from, "", to, "", MOVE_MOUNT_FROM_EMPTY | MOVE_MOUNT_TO_EMPTY);
}

int clinux_fsopen(const char *type) {
  return (int)CALL(FSOPEN, type, CLOSE_ON_EXEC);
}

int clinux_fsconfig_string(int context, const char *key, const char *value) {
  return (int)CALL(FSCONFIG, context, SET_STRING, key, value, 0);
}

int clinux_fsconfig_create(int context) {
  return (int)CALL(FSCONFIG, context, CREATE, NULL, NULL, 0);
}

int clinux_fsmount(int context, uint32_t attributes) {
  return (int)CALL(FSMOUNT, context, CLOSE_ON_EXEC, attributes);
}

int clinux_mount_map_owners(int descriptor, uint32_t flags, int user_namespace) {
  // MOUNT_ATTR_IDMAP
  struct mount_attr_v0 attributes = {0x00100000, 0, 0, (uint64_t)user_namespace};
  return (int)CALL(MOUNT_SETATTR, descriptor, "", flags | AT_EMPTY_PATH, &attributes, sizeof attributes);
}

int clinux_mount_setattr(int descriptor, uint32_t flags, uint64_t set, uint64_t clear, uint64_t propagation) {
  struct mount_attr_v0 attributes = {set, clear, propagation, 0};
  return (int)CALL(MOUNT_SETATTR, descriptor, "", flags | AT_EMPTY_PATH, &attributes, sizeof attributes);
}

/// struct loop_config (Linux 5.8): the C library's headers may be older than the kernel.
struct loop_config_v0 {
  uint32_t file, block_size;
  struct loop_info64 information;
  uint64_t reserved[8];
};

/// The call's number, and LO_FLAGS_READ_ONLY | LO_FLAGS_AUTOCLEAR | LO_FLAGS_DIRECT_IO.
enum { CONFIGURE_LOOP = 0x4C0A, LOOP_READ_ONLY = 1, LOOP_AUTOCLEAR = 4, LOOP_DIRECT = 16 };

int clinux_loop_configure(int device, int file) {
  struct loop_config_v0 configuration = {.file = (uint32_t)file, .information = {.lo_flags = LOOP_READ_ONLY | LOOP_AUTOCLEAR | LOOP_DIRECT}};
  return (int)CALL(SYS_ioctl, device, CONFIGURE_LOOP, &configuration);
}

int clinux_loop_set_file(int device, int file) { return (int)CALL(SYS_ioctl, device, LOOP_SET_FD, file); }

int clinux_loop_set_automatic_end(int device) {
  struct loop_info64 information = {.lo_flags = LOOP_READ_ONLY | LOOP_AUTOCLEAR};
  return (int)CALL(SYS_ioctl, device, LOOP_SET_STATUS64, &information);
}

int clinux_loop_clear(int device) { return (int)CALL(SYS_ioctl, device, LOOP_CLR_FD); }
