#pragma once

/// ioctl(2) SIOCSIFFLAGS: sets the interface `lo` of this network namespace up. It then has 127.0.0.1 and ::1 by itself.
int clinux_loopback_up(void);
