#define _GNU_SOURCE
#include "CLinux_probe.h"
#include "CLinux_event.h"

#include <linux/loop.h>
#include <netinet/in.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "result.h"

/// The C library's headers may be older than the kernel.
enum { LANDLOCK_CREATE_RULESET = 444, LANDLOCK_VERSION = 1, SECCOMP_ACTION_AVAILABLE = 2, TABLE_INFORMATION = 64 };

int clinux_try_call(long number) { return (int)CALL(number, -1L, -1L, -1L, -1L, -1L, -1L); }

int clinux_end_after(unsigned seconds) {
  clinux_default_signal(SIGALRM);
  uint64_t alarms = 1ULL << (SIGALRM - 1);
  int error = (int)CALL(SYS_rt_sigprocmask, SIG_UNBLOCK, &alarms, NULL, sizeof alarms);
  if (error < 0) return error;
  struct itimerval time = {.it_value.tv_sec = seconds};
  return (int)CALL(SYS_setitimer, ITIMER_REAL, &time, NULL);
}

int clinux_seccomp_has_action(uint32_t action) { return (int)CALL(SYS_seccomp, SECCOMP_ACTION_AVAILABLE, 0, &action); }

int clinux_landlock_version(void) { return (int)CALL(LANDLOCK_CREATE_RULESET, NULL, 0, LANDLOCK_VERSION); }

int clinux_free_loop_device(int control) { return (int)CALL(SYS_ioctl, control, LOOP_CTL_GET_FREE); }

int clinux_try_internet_socket(void) {
  int descriptor = (int)CALL(SYS_socket, AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  return descriptor < 0 ? descriptor : (int)CALL(SYS_close, descriptor);
}

int clinux_find_iptables_table(const char *name) {
  // struct ipt_getinfo: the name in 32 bytes, then what the kernel says of it.
  struct {
    char name[32];
    uint32_t told[13];
  } table;
  socklen_t size = 84;
  memset(&table, 0, sizeof table);
  strncpy(table.name, name, sizeof table.name - 1);
  int descriptor = (int)CALL(SYS_socket, AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW);
  if (descriptor < 0) return descriptor;
  int result = (int)CALL(SYS_getsockopt, descriptor, IPPROTO_IP, TABLE_INFORMATION, &table, &size);
  CALL(SYS_close, descriptor);
  return result;
}
