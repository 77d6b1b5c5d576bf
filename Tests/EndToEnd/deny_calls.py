"""Commands as on an old kernel: the system calls that are named answer ENOSYS, to them and to everything that they start (deny_calls.c)."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from pathlib import Path

import compiled
from machines import Machine

#: The numbers of calls that came after Linux 4.14; they are the same on every architecture.
_NEW = {
    "open_tree": 428, "move_mount": 429, "fsopen": 430, "fsconfig": 431, "fsmount": 432, "fspick": 433, "pidfd_open": 434, "clone3": 435, "close_range": 436,
    "openat2": 437, "pidfd_getfd": 438, "faccessat2": 439, "epoll_pwait2": 441, "mount_setattr": 442, "pidfd_send_signal": 424,
}
#: Calls with a number of each architecture. Every Linux has keyctl(2), but may be built without.
_OLD = {"amd64": {"statx": 332, "keyctl": 250}, "arm64": {"statx": 291, "keyctl": 219}}

ALL = ",".join([*_NEW, "statx"])
"""All calls that came after Linux 4.14 and that Apus makes where it can."""


@functools.cache
def _program(machine: Machine) -> str:
    path = f"{machine.lasting}/deny_calls"
    compiled.put(machine, Path(__file__).with_name("deny_calls.c"), path)
    return path


def without(machine: Machine, calls: str, command: Sequence[str]) -> list[str]:
    """The command on this machine as if it had not these calls, which are named with commas between; needs root."""
    numbers = _NEW | _OLD[machine.architecture]
    return [_program(machine), ",".join(str(numbers[name]) for name in calls.split(",")), "--", *command]
