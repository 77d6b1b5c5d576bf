#pragma once
#include <stddef.h>
#include <stdint.h>

/// Extended attributes, by descriptor only: by name they would follow links.

/// fgetxattr(2): the length of the value; -ERANGE when `size` is too small.
long clinux_fgetxattr(int descriptor, const char *name, void *value, size_t size);
/// fsetxattr(2): creates or replaces.
int clinux_fsetxattr(int descriptor, const char *name, const void *value, size_t size);
/// flistxattr(2): the length of the names, each ended by NUL.
long clinux_flistxattr(int descriptor, char *names, size_t size);
/// fremovexattr(2); -ENODATA when there is none.
int clinux_fremovexattr(int descriptor, const char *name);
