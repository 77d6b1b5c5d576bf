#define _GNU_SOURCE
#include "CLinux_network.h"

#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "result.h"

int clinux_netlink_socket(int protocol) {
  return (int)CALL(SYS_socket, AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol);
}

int clinux_loopback_up(void) {
  int descriptor = (int)CALL(SYS_socket, AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (descriptor < 0) return descriptor;
  struct ifreq request;
  memset(&request, 0, sizeof request);
  strcpy(request.ifr_name, "lo");
  request.ifr_flags = IFF_UP | IFF_RUNNING;
  int result = (int)CALL(SYS_ioctl, descriptor, SIOCSIFFLAGS, &request);
  CALL(SYS_close, descriptor);
  return result;
}
