#define _GNU_SOURCE
#include "CLinux_event.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "result.h"

/// The kernel's signal set: 64 bits.
static int set_mask(int how, uint64_t mask, uint64_t *before) {
  return (int)CALL(SYS_rt_sigprocmask, how, &mask, before, sizeof mask);
}

int clinux_block_signals(uint64_t mask, uint64_t *before) { return set_mask(SIG_BLOCK, mask, before); }
int clinux_set_signal_mask(uint64_t mask) { return set_mask(SIG_SETMASK, mask, NULL); }

// struct sigaction of the kernel, whose layout differs between architectures and whose size nowhere exceeds this: all zero is SIG_DFL. The C library would keep
// back the signals that it uses itself (32 to 34).
static const uint64_t by_default[8] = {0};

void clinux_default_signal(int number) { CALL(SYS_rt_sigaction, number, by_default, NULL, sizeof(uint64_t)); }

void clinux_default_signals(void) {
  for (int number = 1; number <= 64; number++) {
    // Trapped calls of the process itself (clinux_take_trapped_calls_for_missing).
    if (number != SIGSYS) clinux_default_signal(number);
  }
}

int clinux_signalfd(uint64_t mask) {
  return (int)CALL(SYS_signalfd4, -1, &mask, sizeof mask, SFD_CLOEXEC | SFD_NONBLOCK);
}

int clinux_read_signal(int descriptor, int *sender) {
  struct signalfd_siginfo information;
  long count = CALL(SYS_read, descriptor, &information, sizeof information);
  if (count < 0) return (int)count;
  if (count != sizeof information) return -EIO;
  *sender = (int)information.ssi_pid;
  return (int)information.ssi_signo;
}

int clinux_poll(const int *descriptors, const uint8_t *wanted, uint8_t *ready, size_t count, int timeout) {
  struct pollfd waiting[8];
  if (count > sizeof waiting / sizeof *waiting) return -EINVAL;
  for (size_t i = 0; i < count; i++) {
    waiting[i] = (struct pollfd){.fd = wanted[i] ? descriptors[i] : -1};
    if (wanted[i] & 1) waiting[i].events |= POLLIN;
    if (wanted[i] & 2) waiting[i].events |= POLLOUT;
  }
  // poll(2) has no number on newer architectures.
  struct timespec time = {.tv_sec = timeout / 1000, .tv_nsec = timeout % 1000 * 1000000L};
  int result = (int)CALL(SYS_ppoll, waiting, count, timeout < 0 ? NULL : &time, NULL, 0);
  if (result < 0) return result;
  for (size_t i = 0; i < count; i++) {
    short events = waiting[i].revents;
    ready[i] = 0;
    if (events & (POLLIN | POLLHUP | POLLERR | POLLNVAL)) ready[i] |= wanted[i] & 1;
    if (events & (POLLOUT | POLLHUP | POLLERR | POLLNVAL)) ready[i] |= wanted[i] & 2;
  }
  return result;
}

int clinux_pipe(int *reader, int *writer) {
  int ends[2];
  long error = CALL(SYS_pipe2, ends, O_CLOEXEC);
  if (error < 0) return (int)error;
  *reader = ends[0];
  *writer = ends[1];
  return 0;
}

int clinux_socketpair(int *first, int *second) {
  int sockets[2];
  long error = CALL(SYS_socketpair, AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets);
  if (error < 0) return (int)error;
  *first = sockets[0];
  *second = sockets[1];
  return 0;
}

/// The address of the socket `path`; -ENAMETOOLONG when it does not fit.
static int socket_address(const char *path, struct sockaddr_un *address) {
  size_t length = strlen(path);
  memset(address, 0, sizeof *address);
  address->sun_family = AF_UNIX;
  if (length >= sizeof address->sun_path) return -ENAMETOOLONG;
  memcpy(address->sun_path, path, length);
  return 0;
}

/// Closes a socket because of an error, which it gives back.
static int closed(int socket, int error) {
  CALL(SYS_close, socket);
  return error;
}

/// A new socket at the address.
static int bound_socket(int type, const struct sockaddr_un *address) {
  int bound = (int)CALL(SYS_socket, AF_UNIX, type | SOCK_CLOEXEC, 0);
  if (bound < 0) return bound;
  int result = (int)CALL(SYS_bind, bound, address, sizeof *address);
  return result < 0 ? closed(bound, result) : bound;
}

int clinux_listen(const char *path) {
  struct sockaddr_un address;
  int result = socket_address(path, &address);
  if (result < 0) return result;
  int listener = bound_socket(SOCK_SEQPACKET, &address);
  if (listener < 0) return listener;
  result = (int)CALL(SYS_listen, listener, 8);
  return result < 0 ? closed(listener, result) : listener;
}

int clinux_bind_datagrams(const char *path) {
  struct sockaddr_un address;
  int result = socket_address(path, &address);
  if (result < 0) return result;
  return bound_socket(SOCK_DGRAM | SOCK_NONBLOCK, &address);
}

int clinux_send_datagram(const char *path, size_t length, const void *bytes, size_t count) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  if (length > sizeof address.sun_path) return -ENAMETOOLONG;
  memcpy(address.sun_path, path, length);
  // An abstract name is written with an `@` in the place of the NUL that it begins with.
  if (length > 0 && path[0] == '@') address.sun_path[0] = 0;
  int sender = (int)CALL(SYS_socket, AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (sender < 0) return sender;
  long sent = CALL(SYS_sendto, sender, bytes, count, MSG_NOSIGNAL, &address, offsetof(struct sockaddr_un, sun_path) + length);
  return closed(sender, sent < 0 ? (int)sent : 0);
}

int clinux_accept(int listener) { return (int)CALL(SYS_accept4, listener, NULL, NULL, SOCK_CLOEXEC); }

int clinux_connect(const char *path, int packets, int waits) {
  struct sockaddr_un address;
  int result = socket_address(path, &address);
  if (result < 0) return result;
  int connected = (int)CALL(SYS_socket, AF_UNIX, (packets ? SOCK_SEQPACKET : SOCK_STREAM) | (waits ? 0 : SOCK_NONBLOCK) | SOCK_CLOEXEC, 0);
  if (connected < 0) return connected;
  result = (int)CALL(SYS_connect, connected, &address, sizeof address);
  return result < 0 ? closed(connected, result) : connected;
}

long clinux_send(int socket, const void *bytes, size_t count, int descriptor) {
  struct iovec content = {.iov_base = (void *)bytes, .iov_len = count};
  union {
    struct cmsghdr header;
    char space[CMSG_SPACE(sizeof(int))];
  } control;
  struct msghdr message = {.msg_iov = &content, .msg_iovlen = 1};
  if (descriptor >= 0) {
    memset(&control, 0, sizeof control);
    control.header = (struct cmsghdr){.cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(sizeof(int))};
    memcpy(CMSG_DATA(&control.header), &descriptor, sizeof descriptor);
    message.msg_control = &control;
    message.msg_controllen = sizeof control.space;
  }
  return CALL(SYS_sendmsg, socket, &message, MSG_NOSIGNAL);
}

long clinux_send_bytes(int socket, const void *bytes, size_t count) { return CALL(SYS_sendto, socket, bytes, count, MSG_NOSIGNAL, NULL, 0); }
long clinux_receive_bytes(int socket, void *bytes, size_t count) { return CALL(SYS_recvfrom, socket, bytes, count, 0, NULL, NULL); }

long clinux_send_now(int socket, const void *bytes, size_t count) { return CALL(SYS_sendto, socket, bytes, count, MSG_DONTWAIT | MSG_NOSIGNAL, NULL, 0); }

long clinux_receive(int socket, void *bytes, size_t count, int *descriptor) {
  struct iovec content = {.iov_base = bytes, .iov_len = count};
  union {
    struct cmsghdr header;
    char space[CMSG_SPACE(sizeof(int))];
  } control;
  struct msghdr message = {.msg_iov = &content, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control.space};
  *descriptor = -1;
  long result = CALL(SYS_recvmsg, socket, &message, MSG_CMSG_CLOEXEC);
  if (result < 0) return result;
  struct cmsghdr *header = CMSG_FIRSTHDR(&message);
  if (header && header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS && header->cmsg_len == CMSG_LEN(sizeof(int)))
    memcpy(descriptor, CMSG_DATA(header), sizeof *descriptor);
  return result;
}
