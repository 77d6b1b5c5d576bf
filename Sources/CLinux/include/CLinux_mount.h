#pragma once
#include <stdint.h>

/// Mounts.

/// mount(2). Null stands for an argument that is not used.
int clinux_mount(const char *source, const char *target, const char *type, uint64_t flags, const char *data);
/// umount2(2).
int clinux_umount(const char *target, int flags);
/// pivot_root(2).
int clinux_pivot_root(const char *new_root, const char *put_old);
/// chroot(2).
int clinux_chroot(const char *path);
/// open_tree(2), Linux 5.2. An empty path with AT_EMPTY_PATH stands for `directory` itself.
int clinux_open_tree(int directory, const char *path, uint32_t flags);
/// move_mount(2) of the mount `from` onto the place `to`, both by descriptor, Linux 5.2.
int clinux_move_mount(int from, int to);
/// fsopen(2), Linux 5.2: a file system of this type that is being made; closed by exec.
int clinux_fsopen(const char *type);
/// fsconfig(2) FSCONFIG_SET_STRING, Linux 5.2.
int clinux_fsconfig_string(int context, const char *key, const char *value);
/// fsconfig(2) FSCONFIG_CMD_CREATE, Linux 5.2.
int clinux_fsconfig_create(int context);
/// fsmount(2), Linux 5.2: the file system as a mount that is nowhere, with attributes `MOUNT_ATTR_…`; closed by exec.
int clinux_fsmount(int context, uint32_t attributes);
/// ioctl(2) LOOP_CONFIGURE, Linux 5.8: makes the loop device `device` of `file`, read-only, read without the page cache where that can be, and gone when nobody
/// uses it any more.
int clinux_loop_configure(int device, int file);
/// ioctl(2) LOOP_SET_FD: the same by an older call, which leaves it there.
int clinux_loop_set_file(int device, int file);
/// ioctl(2) LOOP_SET_STATUS64: has the loop device go when nobody uses it any more.
int clinux_loop_set_automatic_end(int device);
/// ioctl(2) LOOP_CLR_FD: has it go.
int clinux_loop_clear(int device);
/// mount_setattr(2) with MOUNT_ATTR_IDMAP on the detached mount `descriptor`, Linux 5.12. `flags` is AT_RECURSIVE or nothing.
int clinux_mount_map_owners(int descriptor, uint32_t flags, int user_namespace);
/// mount_setattr(2) on the mount `descriptor`, Linux 5.12. `flags` is AT_RECURSIVE or nothing; `set`, `clear` and `propagation` as in struct mount_attr.
int clinux_mount_setattr(int descriptor, uint32_t flags, uint64_t set, uint64_t clear, uint64_t propagation);
