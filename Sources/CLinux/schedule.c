#define _GNU_SOURCE
#include "CLinux_schedule.h"

#include <sys/personality.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "result.h"

/// struct sched_attr with the utilization clamps (Linux 5.3); without them it ends at its first size.
struct sched_attr_v1 {
  uint32_t size, policy;
  uint64_t flags;
  int32_t nice;
  uint32_t priority;
  uint64_t runtime, deadline, period;
  uint32_t util_min, util_max;
};

enum { SCHED_ATTR_SIZE_VER0 = 48, SCHED_FLAGS_UTIL_CLAMP = 0x60, IOPRIO_WHO_PROCESS = 1 };

_Static_assert(sizeof(struct sched_attr_v1) == 56, "the kernel takes the size as the version");

int clinux_sched_setattr(int process, const struct clinux_schedule *schedule) {
  struct sched_attr_v1 attributes = {
      .size = schedule->flags & SCHED_FLAGS_UTIL_CLAMP ? sizeof attributes : SCHED_ATTR_SIZE_VER0,
      .policy = schedule->policy,
      .flags = schedule->flags,
      .nice = schedule->nice,
      .priority = schedule->priority,
      .runtime = schedule->runtime,
      .deadline = schedule->deadline,
      .period = schedule->period,
  };
  return (int)CALL(SYS_sched_setattr, process, &attributes, 0);
}

int clinux_ioprio_set(uint32_t priority) {
  return (int)CALL(SYS_ioprio_set, IOPRIO_WHO_PROCESS, 0, priority);
}

int clinux_sched_setaffinity(int process, const uint64_t *mask, size_t words) {
  return (int)CALL(SYS_sched_setaffinity, process, words * sizeof *mask, mask);
}

int clinux_personality(uint32_t persona) { return (int)CALL(SYS_personality, persona); }

int clinux_set_mempolicy(uint32_t mode, const uint64_t *nodes, size_t words) {
  // The kernel looks at one bit less than it is told (mm/mempolicy.c, get_nodes).
  return (int)CALL(SYS_set_mempolicy, mode, words ? nodes : NULL, words ? words * 64 + 1 : 0);
}
