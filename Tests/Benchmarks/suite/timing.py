"""Wall times by hyperfine, in rounds, so that a slow moment of the machine does not hit one program alone."""

import json
import statistics
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from .processes import output_of


@dataclass(frozen=True)
class Candidate:
    """A command to be timed, and what has to happen before each of its runs."""

    command: str
    prepare: str | None = None


@dataclass(frozen=True)
class Timing:
    """What was measured of one command; seconds."""

    walls: list[float]
    #: User and system time, as the kernel counts it, children included.
    processor: float

    @property
    def median(self) -> float:
        """The middle of all runs."""
        return statistics.median(self.walls)

    @property
    def least(self) -> float:
        """The fastest run: the machine at its quietest."""
        return min(self.walls)


def time_all(candidates: Mapping[str, Candidate], work: Path, rounds: int, runs: int, warmup: int = 3) -> dict[str, Timing]:
    """Runs each candidate `runs` times in each of `rounds` rounds, after `warmup` runs that do not count; every round begins with another one."""
    walls: dict[str, list[float]] = {name: [] for name in candidates}
    processor: dict[str, list[float]] = {name: [] for name in candidates}
    names = list(candidates)
    for number in range(rounds):
        start = number % len(names)
        for name in names[start:] + names[:start]:
            result = _hyperfine(candidates[name], work, runs, warmup)
            walls[name] += result["times"]
            processor[name].append(result["user"] + result["system"])
    return {name: Timing(walls[name], statistics.mean(processor[name])) for name in names}


def _hyperfine(candidate: Candidate, work: Path, runs: int, warmup: int) -> dict:
    file = work / "hyperfine.json"
    options = ["--shell=none", "--style=none", f"--warmup={warmup}", f"--runs={runs}", f"--export-json={file}"]
    if candidate.prepare is not None:
        options.append(f"--prepare={candidate.prepare}")
    output_of(["hyperfine", *options, candidate.command])
    return json.loads(file.read_text())["results"][0]
