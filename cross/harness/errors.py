"""What can go wrong, and the clock that every wait is bound to."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator


class DeviceError(Exception):
    """A failure that is told to the user in one line (or a line and the last lines of the console)."""

    status = 1


class UsageError(DeviceError):
    """The request makes no sense: an unknown device, options that exclude each other."""

    status = 2


class DeviceTimeout(DeviceError):
    """A time limit passed. `step` is what was being waited for."""

    status = 124

    def __init__(self, limit: float, step: str, detail: str = "") -> None:
        self.limit = limit
        self.step = step
        super().__init__(f"timed out after {limit:g} s while {step}" + (f"; {detail}" if detail else ""))


class Deadline:
    """A point in time that a whole operation must meet, and the step that it is in.

    One deadline is made per call and handed down, so that the limit is on the whole and not on each part.
    """

    def __init__(self, limit: float) -> None:
        """Starts the clock; `limit` is in seconds."""
        self.limit = limit
        self.step = "starting"
        self._end = time.monotonic() + limit

    def enter(self, step: str) -> None:
        """Names the step that follows, in words that fit after "while"."""
        self.step = step
        self.check()

    @contextlib.contextmanager
    def paused(self) -> Iterator[None]:
        """Stops the clock for what is done once and has limits of its own: fetching packages."""
        started = time.monotonic()
        try:
            yield
        finally:
            self._end += time.monotonic() - started

    def remaining(self) -> float:
        """Seconds that are left; never negative."""
        return max(0.0, self._end - time.monotonic())

    def check(self, detail: str = "") -> None:
        """Raises `DeviceTimeout` when the limit has passed."""
        if self.remaining() <= 0:
            raise DeviceTimeout(self.limit, self.step, detail)

    def expired(self, detail: str = "") -> DeviceTimeout:
        """The error to raise when a bounded wait came back empty."""
        return DeviceTimeout(self.limit, self.step, detail)
