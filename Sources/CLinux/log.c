#define _GNU_SOURCE
#include "CLinux_log.h"

#include <sys/syscall.h>
#include <unistd.h>

#include "result.h"

enum { read_all = 3 };

int32_t clinux_read_kernel_log(uint8_t *buffer, int32_t size) {
  long result = syscall(SYS_syslog, read_all, buffer, size);
  return result < 0 ? -errno : (int32_t)result;
}
