#pragma once
#include <stdint.h>

/// Capabilities and privilege bits of the calling process. Sets are masks: bit n is capability n of <linux/capability.h>.

/// What capget(2) tells.
struct clinux_capabilities {
  uint64_t effective, permitted, inheritable;
};

/// capget(2), version 3, of the calling process.
int clinux_capget(struct clinux_capabilities *result);
/// capset(2), version 3, of the calling process.
int clinux_capset(uint64_t effective, uint64_t permitted, uint64_t inheritable);
/// prctl(2) PR_CAPBSET_READ: 1 when the bounding set has it, 0 when not, -EINVAL when the kernel does not know it.
int clinux_bounding_has(uint32_t capability);
/// prctl(2) PR_CAPBSET_DROP.
int clinux_bounding_drop(uint32_t capability);
/// prctl(2) PR_CAP_AMBIENT_CLEAR_ALL, Linux 4.3.
int clinux_ambient_clear(void);
/// prctl(2) PR_CAP_AMBIENT_RAISE, Linux 4.3.
int clinux_ambient_raise(uint32_t capability);
/// prctl(2) PR_CAP_AMBIENT_IS_SET, Linux 4.3.
int clinux_ambient_has(uint32_t capability);
/// prctl(2) PR_SET_KEEPCAPS.
int clinux_set_keep_capabilities(int keep);
/// prctl(2) PR_SET_NO_NEW_PRIVS, which cannot be taken back.
int clinux_set_no_new_privileges(void);
