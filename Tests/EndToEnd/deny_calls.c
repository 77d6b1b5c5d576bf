/// Runs a command as on an old kernel, or under the filter of somebody else: chosen system calls do not work, for it and for everything that it starts.
///
///     deny_calls ANSWER CALLS [FILES] -- COMMAND...
///
/// ANSWER is what they do: ENOSYS, EINVAL, EPERM or E2BIG, or SIGSYS, a signal that ends who does not expect it (SECCOMP_RET_TRAP, as Android has it for apps).
/// CALLS are numbers with commas between; NUMBER/SIZE is the call only when its second argument is SIZE. FILES are names of files, with commas between, that
/// openat(2) and openat2(2) do not find, wherever they are.
///
/// It is a seccomp filter (seccomp(2)); loading it without no_new_privs needs root. For FILES a process looks at each path that is opened, as long as there is
/// anybody under the filter.
#define _GNU_SOURCE
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MOST = 64, OPENAT2 = 437 };

static struct sock_filter rows[4 * MOST];
static unsigned short length;

static void add(unsigned short code, unsigned value, unsigned char yes, unsigned char no) { rows[length++] = (struct sock_filter){code, yes, no, value}; }

static void answer_when(unsigned call, unsigned answer) {
  add(BPF_JMP | BPF_JEQ | BPF_K, call, 0, 1);
  add(BPF_RET | BPF_K, answer, 0, 0);
}

static _Noreturn void fail(const char *what, const char *object) {
  fprintf(stderr, "deny_calls: %s: %s\n", what, object);
  exit(2);
}

static unsigned answer_named(const char *name) {
  static const struct {
    const char *name;
    unsigned value;
  } known[] = {
      {"ENOSYS", SECCOMP_RET_ERRNO | ENOSYS}, {"EINVAL", SECCOMP_RET_ERRNO | EINVAL}, {"EPERM", SECCOMP_RET_ERRNO | EPERM},
      {"E2BIG", SECCOMP_RET_ERRNO | E2BIG},   {"SIGSYS", SECCOMP_RET_TRAP},
  };
  for (size_t i = 0; i < sizeof known / sizeof *known; i++)
    if (!strcmp(known[i].name, name)) return known[i].value;
  fail("not an answer", name);
}

static void add_calls(const char *list, unsigned answer) {
  unsigned count = 0;
  for (char *next = (char *)list; *next;) {
    unsigned call = strtoul(next, &next, 10);
    if (*next == '/') {
      add(BPF_JMP | BPF_JEQ | BPF_K, call, 0, 4);
      add(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[1]), 0, 0);
      answer_when(strtoul(next + 1, &next, 10), answer);
      add(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr), 0, 0);
    } else {
      answer_when(call, answer);
    }
    if (++count == MOST || (*next && *next++ != ',')) fail("not a list of numbers, or too many", list);
  }
}

/// Whether the path ends with one of the names.
static int is_denied(const char *path, const char *names) {
  const char *slash = strrchr(path, '/');
  const char *name = slash ? slash + 1 : path;
  size_t size = strlen(name);
  for (const char *next = names; *next;) {
    size_t span = strcspn(next, ",");
    if (span == size && !strncmp(next, name, size)) return 1;
    next += span + (next[span] == ',');
  }
  return 0;
}

/// Decides about each file that is opened, until nobody is left who could open one.
static _Noreturn void decide(int listener, const char *names) {
  while (1) {
    struct pollfd waiting = {.fd = listener, .events = POLLIN};
    if (poll(&waiting, 1, -1) < 0) continue;
    if (!(waiting.revents & POLLIN)) _exit(0);
    struct seccomp_notif told;
    memset(&told, 0, sizeof told);
    if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &told)) continue;
    char path[4096];
    struct iovec here = {path, sizeof path - 1}, there = {(void *)(size_t)told.data.args[1], sizeof path - 1};
    // Up to the end of a page that is not there; then what comes before it is read by less.
    long count = process_vm_readv((pid_t)told.pid, &here, 1, &there, 1, 0);
    if (count < 0) {
      there.iov_len = 4096 - (size_t)there.iov_base % 4096;
      count = process_vm_readv((pid_t)told.pid, &here, 1, &there, 1, 0);
    }
    path[count < 0 ? 0 : count] = 0;
    struct seccomp_notif_resp answer = {.id = told.id};
    if (is_denied(path, names))
      answer.error = -ENOENT;
    else
      answer.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
    ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &answer);
  }
}

/// Starts the process that decides, which is nobody's child and has none of our descriptors; gives where it waits for the filter's.
static int start_deciding(const char *names) {
  int pair[2];
  if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, pair)) fail("socketpair", strerror(errno));
  pid_t first = fork();
  if (first < 0) fail("fork", strerror(errno));
  if (first > 0) {
    waitpid(first, NULL, 0);
    close(pair[1]);
    return pair[0];
  }
  if (fork() != 0) _exit(0);
  setsid();
  for (int number = 0; number < 256; number++)
    if (number != pair[1]) close(number);
  int listener;
  char space[CMSG_SPACE(sizeof listener)], byte;
  struct iovec content = {&byte, 1};
  struct msghdr message = {.msg_iov = &content, .msg_iovlen = 1, .msg_control = space, .msg_controllen = sizeof space};
  if (recvmsg(pair[1], &message, 0) != 1 || !CMSG_FIRSTHDR(&message)) _exit(1);
  memcpy(&listener, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof listener);
  close(pair[1]);
  decide(listener, names);
}

static void hand_over(int channel, int listener) {
  char space[CMSG_SPACE(sizeof listener)], byte = 0;
  memset(space, 0, sizeof space);
  struct iovec content = {&byte, 1};
  struct msghdr message = {.msg_iov = &content, .msg_iovlen = 1, .msg_control = space, .msg_controllen = sizeof space};
  struct cmsghdr *header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof listener);
  memcpy(CMSG_DATA(header), &listener, sizeof listener);
  if (sendmsg(channel, &message, 0) != 1) fail("sendmsg", strerror(errno));
}

int main(int count, char **arguments) {
  int end = 1;
  while (end < count && strcmp(arguments[end], "--")) end++;
  if ((end != 3 && end != 4) || count < end + 2) {
    fputs("usage: deny_calls ANSWER CALLS [FILES] -- COMMAND...\n", stderr);
    return 2;
  }
  const char *names = end == 4 ? arguments[3] : NULL;
  int channel = names ? start_deciding(names) : -1;
  add(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr), 0, 0);
  add_calls(arguments[2], answer_named(arguments[1]));
  if (names) {
    answer_when(SYS_openat, SECCOMP_RET_USER_NOTIF);
    answer_when(OPENAT2, SECCOMP_RET_USER_NOTIF);
  }
  add(BPF_RET | BPF_K, SECCOMP_RET_ALLOW, 0, 0);
  struct sock_fprog program = {length, rows};
  long loaded = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, names ? SECCOMP_FILTER_FLAG_NEW_LISTENER : 0, &program);
  if (loaded < 0) fail("loading the filter", strerror(errno));
  if (names) {
    hand_over(channel, (int)loaded);
    close((int)loaded);
    close(channel);
  }
  execvp(arguments[end + 1], arguments + end + 1);
  perror(arguments[end + 1]);
  return 127;
}
