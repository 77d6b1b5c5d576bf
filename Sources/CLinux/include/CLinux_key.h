#pragma once
#include <stdint.h>

/// Key rings (keyrings(7)).

/// keyctl(2) KEYCTL_JOIN_SESSION_KEYRING: the serial number of the key ring `name`, which is made when there is none.
int32_t clinux_join_session_keyring(const char *name);
/// keyctl(2) KEYCTL_SETPERM: KEY_POS_…, KEY_USR_…, KEY_GRP_…, KEY_OTH_….
int clinux_set_key_permissions(int32_t key, uint32_t permissions);
