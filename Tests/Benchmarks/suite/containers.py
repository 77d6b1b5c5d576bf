"""Running `/bin/true` in a container: time, system calls, peak memory; and what a runtime costs while its container runs."""

import os
import signal
import statistics
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from .processes import BenchmarkError, output_of
from .programs import Programs
from .timing import Candidate, Timing, time_all

#: Seconds in which the wake-ups of a waiting runtime are counted.
IDLE_SECONDS = 10


@dataclass(frozen=True)
class Waiting:
    """A runtime in the foreground, whose container sleeps."""

    #: Memory of the runtime's process in KiB: its own share (PSS), and everything that it maps (RSS).
    proportional: int
    resident: int
    #: How often any of its threads went to sleep again in IDLE_SECONDS.
    wake_ups: int


@dataclass(frozen=True)
class Run:
    """What was measured of one runtime."""

    timing: Timing
    calls: int
    #: KiB; the median of several runs.
    peak: int
    waiting: Waiting | None


def commands(programs: Programs, bundle: Path, work: Path) -> dict[str, list[str]]:
    """Each runtime's command for a container of `bundle`, in the foreground."""
    root, at = str(bundle / "rootfs"), str(bundle)
    program = _arguments(bundle)
    return {
        "floor": [str(programs.floor), root, *program],
        "floor with cgroups": [str(programs.floor), "--cgroups", root, *program],
        "apus": [str(programs.apus), "--root", str(work / "state/apus"), "run", "--bundle", at, "bench"],
        "crun": ["crun", "--root", str(work / "state/crun"), "run", "--bundle", at, "bench"],
        "runc": ["runc", "--root", str(work / "state/runc"), "run", "--bundle", at, "bench"],
        "bubblewrap": ["bwrap", "--unshare-all", "--unshare-cgroup", "--bind", root, "/", "--proc", "/proc", "--dev", "/dev", "--", *program],
    }


def _arguments(bundle: Path) -> list[str]:
    return ["/bin/sleep", "1000"] if bundle.name == "sleep" else ["/bin/true"]


def measure(programs: Programs, true_bundle: Path, sleep_bundle: Path, work: Path, rounds: int, runs: int) -> tuple[dict[str, Run], dict[str, str]]:
    """Measures every runtime; returns the figures, and why a peer has none."""
    candidates, failures = {}, {}
    for name, command in commands(programs, true_bundle, work).items():
        try:
            output_of(command)
            candidates[name] = command
        except BenchmarkError as error:
            if name == "apus":
                raise
            failures[name] = str(error)
    timings = time_all({name: Candidate(" ".join(command)) for name, command in candidates.items()}, work, rounds, runs)
    sleeping = commands(programs, sleep_bundle, work)
    waiting = {name: _wait_cost(sleeping[name]) for name in ("apus", "crun", "runc") if name in candidates}
    measured = {
        name: Run(timings[name], watched(programs, "calls", command, work), _median_peak(programs, command, work), waiting.get(name))
        for name, command in candidates.items()
    }
    return measured, failures


def watched(programs: Programs, mode: str, command: list[str], work: Path) -> int:
    """One run under the watcher; see watch.c for the modes and units."""
    file = work / "watched"
    output_of([programs.watch, mode, file, *command])
    return int(file.read_text())


def _median_peak(programs: Programs, command: list[str], work: Path) -> int:
    return int(statistics.median(watched(programs, "memory", command, work) for _ in range(9)))


def _wait_cost(command: list[str]) -> Waiting:
    runtime = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    container = _sleeper_of(runtime)
    try:
        before = _switches(runtime.pid)
        time.sleep(IDLE_SECONDS)
        wake_ups = _switches(runtime.pid) - before
        memory = _fields(Path(f"/proc/{runtime.pid}/smaps_rollup"))
        return Waiting(proportional=memory["Pss"], resident=memory["Rss"], wake_ups=wake_ups)
    finally:
        os.kill(container, signal.SIGKILL)
        runtime.wait(timeout=30)


def _sleeper_of(runtime: subprocess.Popen) -> int:
    """The container's process, as soon as it is the program and no longer the runtime."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        for task in Path(f"/proc/{runtime.pid}/task").glob("*/children"):
            for child in map(int, task.read_text().split()):
                if _name_of(child) == "sleep":
                    # The runtime may still be tidying up after the start.
                    time.sleep(1)
                    return child
        if runtime.poll() is not None:
            raise BenchmarkError(f"{runtime.args[0]}: ended with {runtime.returncode} before its container slept")
        time.sleep(0.05)
    runtime.kill()
    raise BenchmarkError(f"{runtime.args[0]}: no container after 20 s")


def _name_of(process: int) -> str | None:
    try:
        return Path(f"/proc/{process}/comm").read_text().strip()
    except (FileNotFoundError, ProcessLookupError):
        return None


def _switches(process: int) -> int:
    return sum(_fields(status)["voluntary_ctxt_switches"] for status in Path(f"/proc/{process}/task").glob("*/status"))


def _fields(file: Path) -> Mapping[str, int]:
    """The lines `NAME: NUMBER ...` of a file of /proc."""
    fields = {}
    for line in file.read_text().splitlines():
        name, _, value = line.partition(":")
        words = value.split()
        if words and words[0].isdigit():
            fields[name] = int(words[0])
    return fields
