#include "CLinux_message.h"

#include <string.h>
#include <unistd.h>

const char *clinux_error_message(int error) { return strerror(error); }
void clinux_exit(int status) { _exit(status); }
