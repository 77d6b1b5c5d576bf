#define _GNU_SOURCE
#include "CLinux_probe.h"

#include <unistd.h>

#include "result.h"

int clinux_try_call(long number) { RESULT((int)syscall(number, -1L, -1L, -1L, -1L, -1L, -1L)); }
