// commander: runs the commands that come on its input, one at a time, and tells on its output what they said and how they ended; see commander.py.
// A session of the secure shell costs an emulated device a tenth of a second, and a test asks for ten commands.
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

enum { LIMIT = 4 << 20, NO_DATA = -1 };

static void read_all(void *bytes, size_t count) {
  for (char *at = bytes; count > 0;) {
    ssize_t got = read(0, at, count);
    if (got <= 0) exit(got < 0);
    at += got, count -= (size_t)got;
  }
}

static void write_all(const void *bytes, size_t count) {
  for (const char *at = bytes; count > 0;) {
    ssize_t put = write(1, at, count);
    if (put <= 0) exit(1);
    at += put, count -= (size_t)put;
  }
}

// A kind (1 output, 2 errors, 0 the end) and a number: of the bytes that follow, or the status.
static void tell(uint32_t kind, uint32_t number) {
  uint32_t head[] = {kind, number};
  write_all(head, sizeof head);
}

// Tells what has come; whether there can be more now or later.
static int pass_on(int *from, uint32_t kind) {
  char bytes[65536];
  ssize_t count = read(*from, bytes, sizeof bytes);
  if (count > 0) {
    tell(kind, (uint32_t)count);
    write_all(bytes, (size_t)count);
  } else if (count == 0 || errno != EAGAIN) {
    close(*from);
    *from = -1;
  }
  return count > 0;
}

static void write_text(const char *path, const char *text) {
  int file = open(path, O_WRONLY | O_CLOEXEC);
  if (file < 0 || write(file, text, strlen(text)) < 0) exit(1);
  close(file);
}

static void become(char **words, int input, int output, int errors, const sigset_t *mask) {
  setsid();
  write_text("/proc/self/oom_score_adj", "0");
  if (dup2(input, 0) < 0 || dup2(output, 1) < 0 || dup2(errors, 2) < 0) _exit(126);
  signal(SIGPIPE, SIG_DFL);
  sigprocmask(SIG_SETMASK, mask, NULL);
  execvp(words[0], words);
  dprintf(2, "%s: %s\n", words[0], strerror(errno));
  _exit(errno == ENOENT ? 127 : 126);
}

// Kills all processes of a session.
static void kill_session(pid_t leader) {
  DIR *processes = opendir("/proc");
  for (struct dirent *entry; processes && (entry = readdir(processes));) {
    pid_t number = atoi(entry->d_name);
    if (number > 0 && getsid(number) == leader) kill(number, SIGKILL);
  }
  exit(0);
}

static void run(char **words, const char *data, size_t left, int has_data, const sigset_t *mask, int ends) {
  int input[2], output[2], errors[2];
  if (pipe2(input, O_CLOEXEC) || pipe2(output, O_CLOEXEC) || pipe2(errors, O_CLOEXEC)) exit(1);
  if (!has_data) input[0] = (close(input[0]), open("/dev/null", O_RDONLY | O_CLOEXEC));
  pid_t child = fork();
  if (child < 0) exit(1);
  if (child == 0) become(words, input[0], output[1], errors[1], mask);
  close(input[0]), close(output[1]), close(errors[1]);
  fcntl(input[1], F_SETFL, O_NONBLOCK), fcntl(output[0], F_SETFL, O_NONBLOCK), fcntl(errors[0], F_SETFL, O_NONBLOCK);
  int status = 0;
  for (int has_ended = 0; !has_ended;) {
    if (input[1] >= 0 && left == 0) input[1] = (close(input[1]), -1);
    // Nobody says anything meanwhile: what comes is the end of whoever has become tired of waiting.
    struct pollfd wanted[] = {{0, POLLIN, 0}, {ends, POLLIN, 0}, {output[0], POLLIN, 0}, {errors[0], POLLIN, 0}, {input[1], POLLOUT, 0}};
    if (poll(wanted, 5, -1) < 0) exit(1);
    if (wanted[0].revents) kill_session(child);
    if (wanted[2].revents) pass_on(&output[0], 1);
    if (wanted[3].revents) pass_on(&errors[0], 2);
    if (wanted[4].revents) {
      ssize_t put = write(input[1], data, left);
      if (put > 0) data += put, left -= (size_t)put;
      else if (errno != EAGAIN) left = 0;
    }
    struct signalfd_siginfo said;
    if (wanted[1].revents && read(ends, &said, sizeof said) > 0) has_ended = waitpid(child, &status, WNOHANG) == child;
  }
  // Others may have the other ends, and keep them.
  while (output[0] >= 0 && pass_on(&output[0], 1)) continue;
  while (errors[0] >= 0 && pass_on(&errors[0], 2)) continue;
  if (input[1] >= 0) close(input[1]);
  if (output[0] >= 0) close(output[0]);
  if (errors[0] >= 0) close(errors[0]);
  tell(0, (uint32_t)(WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status)));
}

int main(void) {
  // Tests that use up the memory are not about it.
  write_text("/proc/self/oom_score_adj", "-1000");
  signal(SIGPIPE, SIG_IGN);
  sigset_t ended, mask;
  sigemptyset(&ended);
  sigaddset(&ended, SIGCHLD);
  sigprocmask(SIG_BLOCK, &ended, &mask);
  int ends = signalfd(-1, &ended, SFD_CLOEXEC);
  if (ends < 0) return 1;
  for (;;) {
    // Bytes of the words, each of which ends with NUL, and of the data for its input.
    int32_t sizes[2];
    read_all(sizes, sizeof sizes);
    if (sizes[0] <= 0 || sizes[0] > LIMIT || sizes[1] < NO_DATA || sizes[1] > LIMIT) return 2;
    size_t data_size = sizes[1] == NO_DATA ? 0 : (size_t)sizes[1];
    char *text = malloc((size_t)sizes[0] + data_size);
    char **words = calloc((size_t)sizes[0] + 1, sizeof *words);
    if (!text || !words) return 1;
    read_all(text, (size_t)sizes[0] + data_size);
    size_t count = 0;
    for (char *at = text; at < text + sizes[0]; at += strlen(at) + 1) words[count++] = at;
    run(words, text + sizes[0], data_size, sizes[1] != NO_DATA, &mask, ends);
    free(words);
    free(text);
  }
}
