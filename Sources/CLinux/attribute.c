#include "CLinux_attribute.h"

#include <sys/xattr.h>

#include "result.h"

long clinux_fgetxattr(int descriptor, const char *name, void *value, size_t size) { return CALL(SYS_fgetxattr, descriptor, name, value, size); }

int clinux_fsetxattr(int descriptor, const char *name, const void *value, size_t size) { return (int)CALL(SYS_fsetxattr, descriptor, name, value, size, 0); }

long clinux_flistxattr(int descriptor, char *names, size_t size) { return CALL(SYS_flistxattr, descriptor, names, size); }

int clinux_fremovexattr(int descriptor, const char *name) { return (int)CALL(SYS_fremovexattr, descriptor, name); }
