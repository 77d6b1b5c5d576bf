#include "CSeccomp.h"

int32_t cseccomp_number(uint32_t architecture, const char *name) { return seccomp_syscall_resolve_name_arch(architecture, name); }
