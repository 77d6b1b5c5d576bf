"""Commands as on an old kernel, or under somebody's filter: the system calls that are named do not work, for them and for all that they start (deny_calls.c)."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import compiled
from machines import Machine

#: The numbers of calls that came after Linux 4.14; they are the same on every architecture.
_NEW = {
    "open_tree": "428", "move_mount": "429", "fsopen": "430", "fsconfig": "431", "fsmount": "432", "fspick": "433", "pidfd_open": "434", "clone3": "435",
    "close_range": "436", "openat2": "437", "pidfd_getfd": "438", "faccessat2": "439", "epoll_pwait2": "441", "mount_setattr": "442",
    "pidfd_send_signal": "424",
    # clone3(2) with the larger structure of Linux 5.7, which a group goes into.
    "CLONE_INTO_CGROUP": "435/88",
}
#: Calls with a number of each architecture. Every Linux of the supported age has them all, but may be built without keyctl(2) and bpf(2).
_OLD = {
    "amd64": {"statx": "332", "keyctl": "250", "bpf": "321", "sync": "162"}, "arm64": {"statx": "291", "keyctl": "219", "bpf": "280", "sync": "81"},
}

ALL = ",".join([*(name for name in _NEW if name != "CLONE_INTO_CGROUP"), "statx"])
"""All calls that came after Linux 4.14 and that Apus makes where it can."""

MOUNTS = "open_tree,move_mount,fsopen,fsconfig,fsmount,fspick,mount_setattr"
PIDFD = "pidfd_open,pidfd_send_signal,pidfd_getfd"

ANSWERS = ("ENOSYS", "EINVAL", "EPERM", "SIGSYS")
"""What a call does that is not there, or that a filter is in the way of."""


@functools.cache
def _program(machine: Machine) -> str:
    path = f"{machine.lasting}/deny_calls"
    compiled.put(machine, Path(__file__).with_name("deny_calls.c"), path)
    return path


def without(machine: Machine, calls: str, command: Sequence[str], *, answer: str = "ENOSYS", files: str = "") -> list[str]:
    """The command on this machine as if it had not these calls, nor files of these names, which are both named with commas between; needs root."""
    numbers = _NEW | _OLD[machine.architecture]
    return [_program(machine), answer, ",".join(numbers[name] for name in calls.split(",") if name), *([files] if files else []), "--", *command]


@dataclass(frozen=True)
class Denied:
    """What is not there in a test: calls, which then give this answer, and files."""

    calls: str
    answer: str = "ENOSYS"
    files: str = ""
    #: The device is slow: not everything is tried there.
    is_for_the_device: bool = False

    def wrapper(self, machine: Machine) -> list[str]:
        """What runs commands on this machine so."""
        return without(machine, self.calls, [], answer=self.answer, files=self.files)
