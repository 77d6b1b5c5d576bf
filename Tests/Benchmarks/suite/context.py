"""What every piece of the benchmark gets, and what it gives back."""

import statistics
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from .processes import BenchmarkError
from .programs import Programs
from .runtimes import Runtime

Item = TypeVar("Item")


@dataclass(frozen=True)
class Context:
    """The run: what there is to measure, and how often."""

    programs: Programs
    #: A folder on a disk, removed in the end; `state` in it is a tmpfs.
    work: Path
    #: Few repetitions: to see that everything works.
    quick: bool
    #: The OCI runtimes that work here. The first one is ours.
    runtimes: list[Runtime]
    #: Bundles of the static busybox: one runs `/bin/true`, the other sleeps.
    true_bundle: Path
    sleep_bundle: Path

    def say(self, text: str) -> None:
        """Tells what is being done."""
        print(f"bench: {text}", file=sys.stderr, flush=True)


def others_than_oci(context: Context) -> dict[str, list[str]]:
    """What runs `/bin/true` in a container and is no OCI runtime: the commands by name."""
    root, floor = str(context.true_bundle / "rootfs"), str(context.programs.floor)
    return {
        "floor": [floor, root, "/bin/true"],
        "floor with cgroups": [floor, "--cgroups", root, "/bin/true"],
        "bubblewrap": ["bwrap", "--unshare-all", "--unshare-cgroup", "--bind", root, "/", "--proc", "/proc", "--dev", "/dev", "--", "/bin/true"],
    }


@dataclass(frozen=True)
class Goal:
    """One of the design's budgets."""

    what: str
    limit: float
    measured: float
    #: Behind both numbers: `KB`.
    unit: str = ""
    digits: int = 0

    @property
    def row(self) -> tuple[str, str, str, str]:
        """A row of the table of goals."""
        shown = f"{self.measured:,.{self.digits}f}"
        limit = f"{self.limit:,.{self.digits}f}"
        return self.what, f"≤ {limit} {self.unit}".rstrip(), f"{shown} {self.unit}".rstrip(), "met" if self.measured <= self.limit else "not met"


@dataclass
class Section:
    """What one piece says on the page."""

    title: str
    #: Paragraphs and tables, as Markdown.
    text: list[str] = field(default_factory=list)
    goals: list[Goal] = field(default_factory=list)
    #: What could not be measured, and why.
    failures: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Piece:
    """A part of the benchmark that can be run by itself."""

    name: str
    #: What it measures, for the help.
    what: str
    measure: Callable[[Context], Section]
    #: Whether it runs containers on this machine.
    needs_runtimes: bool = True


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table in Markdown."""
    lines = ["| " + " | ".join(header) + " |", "|" + "---|" * len(header)]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows])


def ratio(value: float, base: float | None) -> str:
    """One figure as a multiple of another."""
    return f"{value / base:.2f}" if base else "–"


def spread(values: Sequence[float], scale: float = 1, digits: int = 1) -> str:
    """The median, and in brackets the quarters of the values around it (the least and the greatest of a few)."""
    low, high = quarters(values)
    return f"{statistics.median(values) * scale:,.{digits}f} ({low * scale:,.{digits}f}–{high * scale:,.{digits}f})"


def quarters(values: Sequence[float]) -> tuple[float, float]:
    """Between which figures the middle half of the values is; of fewer than eight, between which all are."""
    if len(values) < 8:
        return min(values), max(values)
    cut = statistics.quantiles(values, n=4)
    return cut[0], cut[2]


def rotated(items: Sequence[Item], rounds: int) -> Iterator[tuple[int, Item]]:
    """Each item once in each round, each round beginning with another one: a slow moment of the machine does not hit one of them alone."""
    for number in range(rounds):
        start = number % len(items)
        for item in [*items[start:], *items[:start]]:
            yield number, item


def attempt(failures: dict[str, str], name: str, body: Callable[[], None]) -> bool:
    """Runs `body`; a peer's failure is noted, and our own ends the benchmark."""
    try:
        body()
    except BenchmarkError as error:
        if name == "apus":
            raise
        failures[name] = str(error)
        return False
    return True
