#pragma once
#include <seccomp.h>
#include <stdint.h>

/// libseccomp's tables of system calls (docs/decisions/seccomp-filters.md says why the tables and not the compiler).

/// The architectures that a device or a dev box can run, as libseccomp's functions take them.
static const uint32_t cseccomp_AMD64 = SCMP_ARCH_X86_64;
static const uint32_t cseccomp_X86 = SCMP_ARCH_X86;
static const uint32_t cseccomp_X32 = SCMP_ARCH_X32;
static const uint32_t cseccomp_AARCH64 = SCMP_ARCH_AARCH64;
static const uint32_t cseccomp_ARM = SCMP_ARCH_ARM;

/// The number of a system call on an architecture. -1: no such call anywhere that libseccomp knows; below -1: a call of another architecture, or on x86 one
/// that is made through socketcall(2), as -100 minus its number there, or through ipc(2), as -200 minus its number there.
int32_t cseccomp_number(uint32_t architecture, const char *name);
