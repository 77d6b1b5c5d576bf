#pragma once
#include <stdint.h>

/// Terminals.

/// How a terminal was set before `clinux_make_raw`: large enough for struct termios of every C library.
struct clinux_terminal_settings {
  uint64_t space[16];
};

/// isatty(3) by ioctl(2): 0 when it is one.
int clinux_is_terminal(int descriptor);
/// tcgetattr(3), cfmakeraw(3), tcsetattr(3): what is typed goes through as it is; `before` gets the settings to restore.
int clinux_make_raw(int descriptor, struct clinux_terminal_settings *before);
/// tcgetattr(3), tcsetattr(3) without ONLCR: line feeds go through as they are.
int clinux_stop_mapping_newlines(int descriptor);
/// tcsetattr(3) with the settings from before.
int clinux_restore_terminal(int descriptor, const struct clinux_terminal_settings *settings);
/// ioctl(2) TIOCGWINSZ.
int clinux_get_window(int descriptor, uint16_t *rows, uint16_t *columns);
/// ioctl(2) TIOCSWINSZ.
int clinux_set_window(int descriptor, uint16_t rows, uint16_t columns);
/// ioctl(2) TIOCSPTLCK: the other side of the pseudo-terminal `multiplexer` may be opened.
int clinux_unlock_terminal(int multiplexer);
/// ioctl(2) TIOCGPTPEER, Linux 4.13: opens the other side itself, whatever stands at its path.
int clinux_open_terminal_peer(int multiplexer);
/// ioctl(2) TIOCSCTTY: makes it the controlling terminal of this session.
int clinux_set_controlling_terminal(int descriptor);
