#pragma once
#include <stdint.h>

/// Clocks.

/// clock_gettime(2) CLOCK_REALTIME: seconds since 1970 in UTC, and nanoseconds.
int clinux_real_time(int64_t *seconds, uint32_t *nanoseconds);
/// clock_gettime(2) CLOCK_MONOTONIC, which does not fail.
int64_t clinux_monotonic_milliseconds(void);
