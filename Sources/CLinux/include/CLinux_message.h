#pragma once

/// strerror(3): the C library's sentence for an errno. Valid until the next call.
const char *clinux_error_message(int error);
/// _exit(2): ends the process without running anything of the C library's.
_Noreturn void clinux_exit(int status);
