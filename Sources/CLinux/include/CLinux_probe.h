#pragma once

/// syscall(2) with -1 for every argument: what a call gives that refuses them before it does anything, and -ENOSYS when the kernel does not know it.
int clinux_try_call(long number);
