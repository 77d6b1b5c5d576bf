#pragma once
#include <stdint.h>

/// The kernel's log.

/// syslog(2) SYSLOG_ACTION_READ_ALL: as many of the newest messages as fit into the buffer; their size in bytes or a negative errno.
int32_t clinux_read_kernel_log(uint8_t *buffer, int32_t size);
