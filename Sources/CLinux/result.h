#pragma once
#include <errno.h>

/// Ends the function with the result of `call`, or with -errno.
#define RESULT(call)                     \
  do {                                   \
    __typeof__(call) result = (call);    \
    return result < 0 ? -errno : result; \
  } while (0)
