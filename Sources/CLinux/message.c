#include "CLinux_message.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

const char *clinux_error_message(int error) {
  // musl has no sentence for it: what ext4 and f2fs say of blocks that a power cut without flushes has spoiled.
  return error == EUCLEAN ? "the file system is damaged" : strerror(error);
}
void clinux_exit(int status) { _exit(status); }
