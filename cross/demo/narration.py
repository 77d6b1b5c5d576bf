"""What the demonstration says, and when."""

from __future__ import annotations

import time


class DemoError(Exception):
    """A step did not do what it should; the text says what."""


class Narrator:
    """Prints with the seconds since the start."""

    def __init__(self) -> None:
        """Starts the clock."""
        self._start = time.monotonic()

    @property
    def seconds(self) -> float:
        """Seconds since the start."""
        return time.monotonic() - self._start

    def tell(self, text: str) -> None:
        """One step, in plain words."""
        print(f"\n[{self.seconds:5.1f} s] {text}", flush=True)

    @staticmethod
    def show(text: str) -> None:
        """What a command said, or what a figure is."""
        for line in text.rstrip("\n").splitlines():
            print(f"          {line}", flush=True)
