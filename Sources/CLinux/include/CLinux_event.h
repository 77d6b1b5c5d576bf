#pragma once
#include <stddef.h>
#include <stdint.h>

/// Signals, waiting for descriptors, and passing them between processes.

/// sigprocmask(2): blocks the signals of `mask` (bit N-1 is signal N) and gives the mask before.
int clinux_block_signals(uint64_t mask, uint64_t *before);
/// sigprocmask(2): sets the mask.
int clinux_set_signal_mask(uint64_t mask);
/// sigaction(2): one signal back to its default action.
void clinux_default_signal(int number);
/// sigaction(2): every signal back to its default action but SIGSYS, for which exec does it.
void clinux_default_signals(void);
/// signalfd4(2) for the signals of `mask`, closed by exec.
int clinux_signalfd(uint64_t mask);
/// Reads one signal from a signalfd: its number and who sent it (`*sender` is a process id as this namespace sees it, 0 from outside).
int clinux_read_signal(int descriptor, int *sender);
/// poll(2) on `count` descriptors, of which negative ones are passed over. `wanted` and `ready` have for each 1 for reading, or 2 for writing, or both; what has
/// ended is ready for what is wanted of it. `timeout` in milliseconds, -1 for ever.
int clinux_poll(const int *descriptors, const uint8_t *wanted, uint8_t *ready, size_t count, int timeout);
/// pipe2(2), closed by exec.
int clinux_pipe(int *reader, int *writer);
/// socketpair(2) AF_UNIX SOCK_SEQPACKET, closed by exec.
int clinux_socketpair(int *first, int *second);
/// socket(2) AF_UNIX SOCK_SEQPACKET, bind(2) to `path` and listen(2); closed by exec. A path of more than 107 bytes is -ENAMETOOLONG.
int clinux_listen(const char *path);
/// socket(2) AF_UNIX SOCK_DGRAM, not blocking, and bind(2) to `path`; closed by exec.
int clinux_bind_datagrams(const char *path);
/// sendto(2) of one datagram to the socket `path`, `length` bytes long; a leading `@` stands for the NUL of an abstract name (unix(7)).
int clinux_send_datagram(const char *path, size_t length, const void *bytes, size_t count);
/// accept4(2), closed by exec.
int clinux_accept(int listener);
/// socket(2) AF_UNIX and connect(2) to `path`; `packets` tells SOCK_SEQPACKET from SOCK_STREAM; without `waits` a full queue is -EAGAIN; closed by exec.
int clinux_connect(const char *path, int packets, int waits);
/// sendmsg(2) of `bytes` and, unless it is -1, of one descriptor (SCM_RIGHTS).
long clinux_send(int socket, const void *bytes, size_t count, int descriptor);
/// send(2), and recv(2): of one packet without descriptors.
long clinux_send_bytes(int socket, const void *bytes, size_t count);
long clinux_receive_bytes(int socket, void *bytes, size_t count);
/// send(2) of what the socket takes without waiting.
long clinux_send_now(int socket, const void *bytes, size_t count);
/// recvmsg(2) of one packet; `*descriptor` is the one that came with it, closed by exec, or -1. 0 is the end.
long clinux_receive(int socket, void *bytes, size_t count, int *descriptor);
