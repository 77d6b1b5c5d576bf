#define _GNU_SOURCE
#include "CLinux_clock.h"

#include <time.h>

#include "result.h"

int clinux_real_time(int64_t *seconds, uint32_t *nanoseconds) {
  struct timespec now;
  if (clock_gettime(CLOCK_REALTIME, &now) < 0) return -errno;
  *seconds = now.tv_sec;
  *nanoseconds = (uint32_t)now.tv_nsec;
  return 0;
}
