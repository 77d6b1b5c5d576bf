#define _GNU_SOURCE
#include "CLinux_key.h"

#include <linux/keyctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "result.h"

int32_t clinux_join_session_keyring(const char *name) {
  return (int32_t)CALL(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, name);
}

int clinux_set_key_permissions(int32_t key, uint32_t permissions) {
  return (int)CALL(SYS_keyctl, KEYCTL_SETPERM, key, permissions);
}
