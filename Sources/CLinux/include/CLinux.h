#pragma once
/// Calls that Swift cannot make by itself: variadic functions, system calls unknown to the C library, and structures whose layout differs between
/// architectures. Every function returns its result, or -errno; none keeps memory, retries or decides.
#include "CLinux_bpf.h"
#include "CLinux_attribute.h"
#include "CLinux_capability.h"
#include "CLinux_clock.h"
#include "CLinux_event.h"
#include "CLinux_file.h"
#include "CLinux_key.h"
#include "CLinux_message.h"
#include "CLinux_mount.h"
#include "CLinux_network.h"
#include "CLinux_notify.h"
#include "CLinux_process.h"
#include "CLinux_probe.h"
#include "CLinux_schedule.h"
#include "CLinux_seccomp.h"
#include "CLinux_terminal.h"
