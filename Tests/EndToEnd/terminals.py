"""A terminal of a test, on which a command runs as it would in a terminal window."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import termios
import time
from collections.abc import Callable, Iterator, Mapping, Sequence

from machines import LIMIT, Emulated, Machine


class Terminal:
    """A terminal of the test, on which a command runs as it would in a terminal window."""

    def __init__(self, start: Callable[[int], subprocess.Popen[bytes]], rows: int, columns: int) -> None:
        """`start` starts a process whose streams are the descriptor that it gets."""
        self.master, self.slave = pty.openpty()
        self.resize(rows, columns, tell=False)
        self.settings = termios.tcgetattr(self.slave)
        self.output = b""
        self.process = start(self.slave)

    def resize(self, rows: int, columns: int, tell: bool = True) -> None:
        """Changes the size; the kernel tells the foreground processes by SIGWINCH."""
        fcntl.ioctl(self.slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        if tell:
            os.kill(self.process.pid, signal.SIGWINCH)

    def type(self, text: bytes) -> None:
        """Types."""
        os.write(self.master, text)

    def type_much(self, text: bytes) -> int:
        """Types as much as is taken, reading what comes back; gives how much that was when nothing more was taken for a second."""
        os.set_blocking(self.master, False)
        done = 0
        while done < len(text):
            readable, writable, _ = select.select([self.master], [self.master], [], 1)
            if readable:
                self.output += os.read(self.master, 65536)
            elif writable:
                with contextlib.suppress(BlockingIOError):
                    done += os.write(self.master, text[done : done + 4096])
            else:
                break
        os.set_blocking(self.master, True)
        return done

    def read_until(self, text: bytes) -> bytes:
        """Reads until the output has `text`; gives all the output up to it, and forgets it."""
        end = time.monotonic() + LIMIT
        while text not in self.output:
            ready, _, _ = select.select([self.master], [], [], max(0.0, end - time.monotonic()))
            assert ready, f"waited for {text!r}; there was {self.output!r}"
            self.output += os.read(self.master, 65536)
        before, _, self.output = self.output.partition(text)
        return before + text

    def wait(self) -> int:
        """The exit status of the command; reads what it still writes."""
        end = time.monotonic() + LIMIT
        while self.process.poll() is None:
            assert time.monotonic() < end, f"it does not end; its output: {self.output!r}"
            if select.select([self.master], [], [], 0.02)[0]:
                self.output += os.read(self.master, 65536)
        return self.process.returncode

    def close(self) -> None:
        """Ends everything."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        os.close(self.master)
        os.close(self.slave)


@contextlib.contextmanager
def on_a_terminal(
    command: Sequence[str], rows: int = 33, columns: int = 99, environment: Mapping[str, str] | None = None,
) -> Iterator[Terminal]:
    """A terminal of this machine with this command on it; `environment` is ours if it is None."""

    def lead() -> None:
        os.setsid()
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)

    def start(slave: int) -> subprocess.Popen[bytes]:
        return subprocess.Popen(command, stdin=slave, stdout=slave, stderr=slave, env=environment, preexec_fn=lead)

    terminal = Terminal(start, rows, columns)
    try:
        yield terminal
    finally:
        terminal.close()


@contextlib.contextmanager
def on_a_terminal_of(machine: Machine, command: Sequence[str], rows: int = 33, columns: int = 99) -> Iterator[Terminal]:
    """The same, for a command on any machine: the device has a terminal of its own, which follows this one. The process is then the client's."""
    if not isinstance(machine, Emulated):
        with on_a_terminal(command, rows, columns) as terminal:
            yield terminal
        return
    with contextlib.ExitStack() as stack:

        def start(slave: int) -> subprocess.Popen[bytes]:
            return stack.enter_context(machine.device.connection.start(command, stdin=slave, stdout=slave, stderr=slave, terminal=True)).process

        terminal = Terminal(start, rows, columns)
        stack.callback(terminal.close)
        yield terminal
