#pragma once
#include <stddef.h>
#include <stdint.h>

/// Extended attributes, by descriptor only: by name they would follow links.

/// fgetxattr(2): the length of the value; -ERANGE when `size` is too small.
long clinux_fgetxattr(int descriptor, const char *name, void *value, size_t size);
/// fsetxattr(2): creates or replaces.
int clinux_fsetxattr(int descriptor, const char *name, const void *value, size_t size);
/// ioctl(2) FS_IOC_ENABLE_VERITY, Linux 5.4: SHA-256 of blocks of 4 KiB. -ETXTBSY when the file is open for writing.
int clinux_enable_verity(int file);
/// ioctl(2) FS_IOC_MEASURE_VERITY, Linux 5.4: the length of the digest, which goes to `digest` (64 bytes). -ENODATA for a file without verity on a file system that
/// could have it.
int clinux_measure_verity(int file, uint8_t *digest);
/// flistxattr(2): the length of the names, each ended by NUL.
long clinux_flistxattr(int descriptor, char *names, size_t size);
/// fremovexattr(2); -ENODATA when there is none.
int clinux_fremovexattr(int descriptor, const char *name);
