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

int64_t clinux_monotonic_milliseconds(void) {
  struct timespec now = {0};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int clinux_local_time(int64_t seconds, struct clinux_date *date) {
  time_t moment = (time_t)seconds;
  struct tm local;
  if (!localtime_r(&moment, &local)) return -EOVERFLOW;
  *date = (struct clinux_date){
    .year = local.tm_year + 1900, .month = local.tm_mon + 1, .day = local.tm_mday, .hour = local.tm_hour, .minute = local.tm_min, .day_of_year = local.tm_yday,
  };
  return 0;
}
