#define _GNU_SOURCE
#include "CLinux_capability.h"

#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "result.h"

// The C library has no capset: the calls are made by number, with the kernel's structures. Version 3 has two words of 32 bits for each set.

int clinux_capget(struct clinux_capabilities *result) {
  struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
  struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];
  long error = CALL(SYS_capget, &header, data);
  if (error < 0) return (int)error;
  result->effective = (uint64_t)data[1].effective << 32 | data[0].effective;
  result->permitted = (uint64_t)data[1].permitted << 32 | data[0].permitted;
  result->inheritable = (uint64_t)data[1].inheritable << 32 | data[0].inheritable;
  return 0;
}

int clinux_capset(uint64_t effective, uint64_t permitted, uint64_t inheritable) {
  struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
  struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {
      {(uint32_t)effective, (uint32_t)permitted, (uint32_t)inheritable},
      {(uint32_t)(effective >> 32), (uint32_t)(permitted >> 32), (uint32_t)(inheritable >> 32)},
  };
  return (int)CALL(SYS_capset, &header, data);
}

int clinux_bounding_has(uint32_t capability) { return (int)CALL(SYS_prctl, PR_CAPBSET_READ, capability, 0, 0, 0); }
int clinux_bounding_drop(uint32_t capability) { return (int)CALL(SYS_prctl, PR_CAPBSET_DROP, capability, 0, 0, 0); }
int clinux_ambient_clear(void) { return (int)CALL(SYS_prctl, PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0); }
int clinux_ambient_raise(uint32_t capability) { return (int)CALL(SYS_prctl, PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability, 0, 0); }
int clinux_ambient_has(uint32_t capability) { return (int)CALL(SYS_prctl, PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, capability, 0, 0); }
int clinux_set_keep_capabilities(int keep) { return (int)CALL(SYS_prctl, PR_SET_KEEPCAPS, keep, 0, 0, 0); }
int clinux_set_no_new_privileges(void) { return (int)CALL(SYS_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); }
