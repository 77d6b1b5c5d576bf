#define _GNU_SOURCE
#include "CLinux_clock.h"

#include <time.h>

#include "result.h"

int clinux_real_time(int64_t *seconds, uint32_t *nanoseconds) {
  struct timespec now;
  long error = CALL(SYS_clock_gettime, CLOCK_REALTIME, &now);
  if (error < 0) return (int)error;
  *seconds = now.tv_sec;
  *nanoseconds = (uint32_t)now.tv_nsec;
  return 0;
}

int64_t clinux_monotonic_milliseconds(void) {
  struct timespec now = {0};
  CALL(SYS_clock_gettime, CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}
