#define _GNU_SOURCE
#include "CLinux_key.h"

#include <linux/keyctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "result.h"

int32_t clinux_join_session_keyring(const char *name) {
  long result = syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, name);
  return result < 0 ? -errno : (int32_t)result;
}

int clinux_set_key_permissions(int32_t key, uint32_t permissions) {
  long result = syscall(SYS_keyctl, KEYCTL_SETPERM, key, permissions);
  return result < 0 ? -errno : 0;
}
