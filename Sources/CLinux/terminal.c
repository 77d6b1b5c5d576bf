#define _GNU_SOURCE
#include "CLinux_terminal.h"

#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>

#include "result.h"

#ifndef TIOCGPTPEER
#define TIOCGPTPEER _IO('T', 0x41)
#endif

_Static_assert(sizeof(struct termios) <= sizeof(struct clinux_terminal_settings), "struct termios fits");

int clinux_is_terminal(int descriptor) {
  struct winsize size;
  return (int)CALL(SYS_ioctl, descriptor, TIOCGWINSZ, &size);
}

int clinux_make_raw(int descriptor, struct clinux_terminal_settings *before) {
  struct termios settings;
  if (tcgetattr(descriptor, &settings) < 0) return -errno;
  memcpy(before, &settings, sizeof settings);
  cfmakeraw(&settings);
  RESULT(tcsetattr(descriptor, TCSADRAIN, &settings));
}

int clinux_stop_mapping_newlines(int descriptor) {
  struct termios settings;
  if (tcgetattr(descriptor, &settings) < 0) return -errno;
  settings.c_oflag &= ~(tcflag_t)ONLCR;
  RESULT(tcsetattr(descriptor, TCSANOW, &settings));
}

int clinux_restore_terminal(int descriptor, const struct clinux_terminal_settings *settings) {
  struct termios before;
  memcpy(&before, settings, sizeof before);
  // At once: TCSADRAIN would wait for a terminal that is stopped, for ever.
  RESULT(tcsetattr(descriptor, TCSANOW, &before));
}

int clinux_get_window(int descriptor, uint16_t *rows, uint16_t *columns) {
  struct winsize size;
  int error = (int)CALL(SYS_ioctl, descriptor, TIOCGWINSZ, &size);
  if (error < 0) return error;
  *rows = size.ws_row;
  *columns = size.ws_col;
  return 0;
}

int clinux_set_window(int descriptor, uint16_t rows, uint16_t columns) {
  struct winsize size = {.ws_row = rows, .ws_col = columns};
  return (int)CALL(SYS_ioctl, descriptor, TIOCSWINSZ, &size);
}

int clinux_unlock_terminal(int multiplexer) {
  int locked = 0;
  return (int)CALL(SYS_ioctl, multiplexer, TIOCSPTLCK, &locked);
}

int clinux_open_terminal_peer(int multiplexer) { return (int)CALL(SYS_ioctl, multiplexer, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC); }
int clinux_set_controlling_terminal(int descriptor) { return (int)CALL(SYS_ioctl, descriptor, TIOCSCTTY, 0); }
