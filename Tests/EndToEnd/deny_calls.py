#!/usr/bin/python3
"""Runs a command as on an old kernel: the system calls that are named answer ENOSYS, to it and to everything that it starts.

    deny_calls.py openat2,close_range -- COMMAND...

An older call, which every Linux has but may be built without, is given by its number.

For x86_64 and the calls that came after Linux 4.14. It is a seccomp filter (seccomp(2)); loading it needs root or sets no_new_privs, so it needs root.
"""

import ctypes
import errno
import os
import platform
import struct
import sys
from collections.abc import Sequence

#: Numbers of the new calls (they are the same on every architecture) and the kernel that brought them.
CALLS = {
    "open_tree": 428, "move_mount": 429, "fsopen": 430, "fsconfig": 431, "fsmount": 432, "fspick": 433, "pidfd_open": 434, "clone3": 435, "close_range": 436,
    "openat2": 437, "pidfd_getfd": 438, "faccessat2": 439, "epoll_pwait2": 441, "mount_setattr": 442, "statx": 332, "pidfd_send_signal": 424,
}

_LOAD, _JUMP_EQUAL, _RETURN = 0x20, 0x15, 0x06
_ALLOW, _ERRNO = 0x7FFF0000, 0x00050000
_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER = 22, 2


def program(numbers: Sequence[int]) -> bytes:
    """The filter: struct sock_filter {u16 code; u8 jt, jf; u32 k} each (linux/filter.h). The call's number is at offset 0 of struct seccomp_data."""
    rows = [(_LOAD, 0, 0, 0)]
    for index, number in enumerate(numbers):
        # To the last row, which refuses.
        rows.append((_JUMP_EQUAL, len(numbers) - index, 0, number))
    rows += [(_RETURN, 0, 0, _ALLOW), (_RETURN, 0, 0, _ERRNO | errno.ENOSYS)]
    return b"".join(struct.pack("HBBI", *row) for row in rows)


class _Program(ctypes.Structure):
    """struct sock_fprog."""

    _fields_ = [("length", ctypes.c_ushort), ("filter", ctypes.c_void_p)]


def load_program(code: bytes) -> None:
    """Loads a filter into this process."""
    buffer = ctypes.create_string_buffer(code, len(code))
    library = ctypes.CDLL(None, use_errno=True)
    what = _Program(len(code) // 8, ctypes.cast(buffer, ctypes.c_void_p))
    if library.prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, ctypes.byref(what), 0, 0) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"loading the filter: {os.strerror(number)}")


def main(arguments: Sequence[str]) -> int:
    """Loads the filter and becomes the command."""
    if len(arguments) < 3 or arguments[1] != "--" or platform.machine() != "x86_64":
        print("usage, on x86_64: deny_calls.py CALL,CALL... -- COMMAND...", file=sys.stderr)
        return 2
    load_program(program([CALLS[name] if name in CALLS else int(name) for name in arguments[0].split(",")]))
    os.execvp(arguments[2], list(arguments[2:]))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
