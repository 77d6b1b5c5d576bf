"""A seccomp agent for tests: a socket on which it gets descriptors of filters, and what it decides for the calls (seccomp_unotify(2)).

    seccomp_agent.py SOCKET     tells in lines of JSON what came, for a test that runs on another machine; a line of input is answered by itself
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
import platform
import select
import socket
import struct
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any

_RECEIVE, _SEND = 0xC0502100, 0xC0182101
_CONTINUE = 1
#: The numbers of mkdir(2) and mkdirat(2), and of execve(2), by architecture: arm64 has no mkdir.
MKDIR = {"x86_64": (83, 258), "aarch64": (34,)}
EXECVE = {"x86_64": 59, "aarch64": 221}


class Agent:
    """Takes connections until the end of the `with` statement. Calls to make a directory succeed and make none; other calls go on in the kernel."""

    def __init__(self, path: Path, tell: Callable[[str, Any], None] = lambda kind, value: None) -> None:
        """`path` is where the socket is made. `tell` gets each document and each call's number when it comes."""
        self.path = path
        self._tell = tell
        #: The documents that came, in their order.
        self.states: list[dict[str, Any]] = []
        #: The numbers of the calls that were asked about.
        self.calls: list[int] = []
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._listeners: list[int] = []
        self._end, self._wake = os.pipe()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Agent:
        """Begins to listen."""
        self._socket.bind(str(self.path))
        self._socket.listen()
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Closes everything: calls that are asked about from now on are ENOSYS."""
        os.write(self._wake, b"x")
        self._thread.join()
        self._socket.close()
        self.path.unlink()
        for descriptor in (*self._listeners, self._end, self._wake):
            os.close(descriptor)

    def _run(self) -> None:
        while True:
            poll = select.poll()
            for descriptor in (self._end, self._socket.fileno(), *self._listeners):
                poll.register(descriptor, select.POLLIN)
            for descriptor, event in poll.poll():
                if descriptor == self._end:
                    return
                if descriptor == self._socket.fileno():
                    self._accept()
                elif event & select.POLLIN:
                    self._decide(descriptor)
                else:
                    # Nobody is left under the filter.
                    self._listeners.remove(descriptor)
                    os.close(descriptor)

    def _accept(self) -> None:
        connection, _ = self._socket.accept()
        with connection:
            text, descriptors, _, _ = socket.recv_fds(connection, 65536, 8)
            while more := connection.recv(65536):
                text += more
        assert len(descriptors) == 1, descriptors
        self._listeners.append(descriptors[0])
        self.states.append(json.loads(text))
        self._tell("state", self.states[-1])

    def _decide(self, listener: int) -> None:
        request = bytearray(80)
        try:
            fcntl.ioctl(listener, _RECEIVE, request)
            number = struct.unpack_from("=QIIi", request)
            self.calls.append(number[3])
            self._tell("call", number[3])
            flags = 0 if number[3] in MKDIR[platform.machine()] else _CONTINUE
            fcntl.ioctl(listener, _SEND, bytearray(struct.pack("=QqiI", number[0], 0, 0, flags)))
        except OSError as error:
            # The caller was killed meanwhile.
            if error.errno != errno.ENOENT:
                raise


def main(arguments: list[str]) -> int:
    """An agent until the end of the input."""
    with Agent(Path(arguments[0]), lambda kind, value: print(json.dumps({kind: value}), flush=True)):
        print("ready", flush=True)
        for line in sys.stdin:
            print(line, end="", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
