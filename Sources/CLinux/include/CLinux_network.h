#pragma once

/// ioctl(2) SIOCSIFFLAGS: sets the interface `lo` of this network namespace up. It then has 127.0.0.1 and ::1 by itself.
int clinux_loopback_up(void);
/// socket(2) AF_NETLINK of this protocol, `NETLINK_…`, in this network namespace.
int clinux_netlink_socket(int protocol);
