#pragma once
#include <stddef.h>
#include <stdint.h>

/// How the kernel schedules the calling process and where its memory comes from.

/// struct sched_attr up to `period` (Linux 3.14); times are in nanoseconds.
struct clinux_schedule {
  uint32_t policy;
  uint64_t flags;
  int32_t nice;
  uint32_t priority;
  uint64_t runtime, deadline, period;
};

/// sched_setattr(2); process 0 is the calling one. With SCHED_FLAG_UTIL_CLAMP_* the structure is the longer one of Linux 5.3, with both clamps 0.
int clinux_sched_setattr(int process, const struct clinux_schedule *schedule);
/// ioprio_set(2) on the calling process; `priority` as IOPRIO_PRIO_VALUE makes it.
int clinux_ioprio_set(uint32_t priority);
/// sched_setaffinity(2) on `process`, 0 being the calling one: bit n of `mask` is processor n.
int clinux_sched_setaffinity(int process, const uint64_t *mask, size_t words);
/// personality(2): the persona before.
int clinux_personality(uint32_t persona);
/// set_mempolicy(2): bit n of `nodes` is memory node n.
int clinux_set_mempolicy(uint32_t mode, const uint64_t *nodes, size_t words);
