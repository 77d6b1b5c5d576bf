"""Commands on a device, one at a time, through a program that stays there: for a fraction of what a session of the secure shell costs."""

from __future__ import annotations

import contextlib
import os
import select
import struct
import subprocess
from collections.abc import Sequence
from pathlib import Path

import compiled

from harness import Device
from harness.errors import Deadline, DeviceError

#: Bytes of the words, and of the data, that it takes at most.
LIMIT = 4 << 20

_REQUEST = struct.Struct("<ii")
_ANSWER = struct.Struct("<II")
_END, _OUTPUT = 0, 1


class Commander:
    """The program, on a device that runs."""

    def __init__(self, device: Device) -> None:
        """Starts it."""
        path = "/run/commander"
        device.run(["rm", "-f", path])
        device.put(compiled.program(Path(__file__).with_name("commander.c"), "arm64"), path)
        self.connection = device.connection
        self._running = device.spawn([path], stdin=subprocess.PIPE, stderr=subprocess.DEVNULL)

    def run(self, command: Sequence[str], data: bytes | None, limit: float) -> tuple[int, bytes, bytes]:
        """Runs a command to its end: its status, output and errors. After `limit` seconds it is killed, this program ends too, and `DeviceTimeout` is raised."""
        deadline = Deadline(limit)
        deadline.enter(f"running: {' '.join(command)}")
        words = b"".join(word.encode() + b"\0" for word in command)
        stream = self._running.process.stdin
        assert stream is not None
        said: tuple[list[bytes], list[bytes]] = ([], [])
        try:
            stream.write(_REQUEST.pack(len(words), -1 if data is None else len(data)) + words + (data or b""))
            stream.flush()
            while True:
                kind, number = _ANSWER.unpack(self._read(_ANSWER.size, deadline))
                if kind == _END:
                    return number, b"".join(said[0]), b"".join(said[1])
                said[0 if kind == _OUTPUT else 1].append(self._read(number, deadline))
        except BrokenPipeError:
            raise DeviceError(f"the connection to the device broke while it ran: {' '.join(command)}") from None

    def _read(self, count: int, deadline: Deadline) -> bytes:
        assert self._running.process.stdout is not None
        stream = self._running.process.stdout.fileno()
        pieces = b""
        while len(pieces) < count:
            if not select.select([stream], [], [], deadline.remaining())[0]:
                raise deadline.expired()
            piece = os.read(stream, count - len(pieces))
            if not piece:
                raise BrokenPipeError
            pieces += piece
        return pieces

    def close(self) -> None:
        """Ends it, with what it runs."""
        with contextlib.suppress(DeviceError, BrokenPipeError):
            if self._running.process.stdin is not None:
                self._running.process.stdin.close()
            self._running.wait(Deadline(10))
        self._running.__exit__(None, None, None)
