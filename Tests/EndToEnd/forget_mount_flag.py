#!/usr/bin/python3
"""Runs a command as on a kernel that does not know a flag of mount(2) and so passes over it, as kernels do: the flag is taken out of every call.

    forget_mount_flag.py FLAG -- COMMAND...

For x86_64. A seccomp filter stops each process at a mount(2) with the flag, and this one, as its tracer (ptrace(2)), clears it. Needs root.
"""

import ctypes
import os
import signal
import struct
import sys
from collections.abc import Sequence

_MOUNT = 165
#: Offset of the low half of the fourth argument in struct seccomp_data.
_FLAGS = 16 + 3 * 8
_TRACE, _JUMP_IF_SET = 0x7FF00000, 0x45
_TRACEME, _CONT, _GETREGS, _SETREGS, _SETOPTIONS = 0, 7, 12, 13, 0x4200
#: PTRACE_O_TRACEFORK, TRACEVFORK, TRACECLONE, TRACEEXEC, TRACESECCOMP, EXITKILL.
_OPTIONS = 0x2 | 0x4 | 0x8 | 0x10 | 0x80 | 0x100000
_EVENT_SECCOMP = 7
_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER = 22, 2
_ALL_CHILDREN = 0x40000000
#: struct user_regs_struct has 27 words; r10, the fourth argument, is word 7.
_WORDS, _R10 = 27, 7

_library = ctypes.CDLL(None, use_errno=True)
_library.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]


def _ptrace(request: int, process: int, data: object = None) -> None:
    if _library.ptrace(request, process, None, data) < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"ptrace {request:#x}: {os.strerror(number)}")


def _filter(flag: int) -> bytes:
    rows = [
        (0x20, 0, 0, 0), (0x15, 0, 3, _MOUNT), (0x20, 0, 0, _FLAGS), (_JUMP_IF_SET, 0, 1, flag), (0x06, 0, 0, _TRACE), (0x06, 0, 0, 0x7FFF0000),
    ]
    return b"".join(struct.pack("HBBI", *row) for row in rows)


class _Program(ctypes.Structure):
    """struct sock_fprog."""

    _fields_ = [("length", ctypes.c_ushort), ("filter", ctypes.c_void_p)]


def _load(code: bytes) -> None:
    """Loads a filter into this process."""
    buffer = ctypes.create_string_buffer(code, len(code))
    what = _Program(len(code) // 8, ctypes.cast(buffer, ctypes.c_void_p))
    if _library.prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, ctypes.byref(what), 0, 0) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"loading the filter: {os.strerror(number)}")


def _clear(process: int, flag: int) -> None:
    words = (ctypes.c_ulong * _WORDS)()
    _ptrace(_GETREGS, process, ctypes.byref(words))
    words[_R10] &= ~flag
    _ptrace(_SETREGS, process, ctypes.byref(words))


def _follow(first: int, flag: int) -> int:
    """Goes on until the first process ends; gives its status."""
    new = set[int]()
    while True:
        process, status = os.waitpid(-1, _ALL_CHILDREN)
        if not os.WIFSTOPPED(status):
            if process == first:
                return os.waitstatus_to_exitcode(status)
            continue
        event, stop = status >> 16, os.WSTOPSIG(status)
        if event == _EVENT_SECCOMP:
            _clear(process, flag)
        # A new process stops once, which is not a signal that anybody sent.
        first_stop = process != first and process not in new and stop == signal.SIGSTOP
        new.add(process)
        try:
            _ptrace(_CONT, process, 0 if event or first_stop else stop)
        except ProcessLookupError:
            pass


def main(arguments: Sequence[str]) -> int:
    """Runs the command; its status."""
    flag = int(arguments[0], 0)
    child = os.fork()
    if child == 0:
        _ptrace(_TRACEME, 0)
        os.kill(os.getpid(), signal.SIGSTOP)
        _load(_filter(flag))
        os.execvp(arguments[2], list(arguments[2:]))
    os.waitpid(child, 0)
    _ptrace(_SETOPTIONS, child, _OPTIONS)
    _ptrace(_CONT, child, 0)
    status = _follow(child, flag)
    return status if status >= 0 else 128 - status


if __name__ == "__main__":
    if len(sys.argv) < 4 or sys.argv[2] != "--":
        sys.exit("usage: forget_mount_flag.py FLAG -- COMMAND...")
    sys.exit(main(sys.argv[1:]))
