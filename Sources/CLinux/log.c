#define _GNU_SOURCE
#include "CLinux_log.h"

#include <sys/syscall.h>
#include <unistd.h>

#include "result.h"

enum { read_all = 3 };

int32_t clinux_read_kernel_log(uint8_t *buffer, int32_t size) {
  return (int32_t)CALL(SYS_syslog, read_all, buffer, size);
}
