#pragma once
#include <stdint.h>

/// Clocks.

/// A moment by the time zone of this process: the month from 1 to 12, the day of the year from 0.
struct clinux_date {
  int32_t year, month, day, hour, minute, day_of_year;
};

/// clock_gettime(2) CLOCK_REALTIME: seconds since 1970 in UTC, and nanoseconds.
int clinux_real_time(int64_t *seconds, uint32_t *nanoseconds);
/// clock_gettime(2) CLOCK_MONOTONIC, which does not fail.
int64_t clinux_monotonic_milliseconds(void);
/// localtime_r(3).
int clinux_local_time(int64_t seconds, struct clinux_date *date);
