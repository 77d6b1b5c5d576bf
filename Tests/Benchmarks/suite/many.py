"""A hundred containers: one after another, and all at once."""

import shutil
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

from .context import Context, Section, attempt, ratio, rotated, spread, table
from .processes import BenchmarkError, fields, output_of
from .runtimes import Runtime, sleeper_of


@dataclass
class _Figures:
    """Seconds, and KiB of all processes together."""

    one_by_one: list[float] = field(default_factory=list)
    start_all: list[float] = field(default_factory=list)
    delete_all: list[float] = field(default_factory=list)
    foreground: list[float] = field(default_factory=list)
    monitors: list[float] = field(default_factory=list)


def measure(context: Context) -> Section:
    """Starts and deletes as many containers as a busy device has."""
    count, rounds = (5, 1) if context.quick else (100, 3)
    section = Section(f"{count} containers")
    figures = {runtime.name: _Figures() for runtime in context.runtimes}
    for number, runtime in rotated(context.runtimes, rounds):
        context.say(f"{count} containers, round {number + 1} of {rounds}: {runtime.name}")
        of = figures[runtime.name]
        attempt(section.failures, runtime.name, lambda of=of, runtime=runtime: _times(context, of, runtime, count))
        attempt(section.failures, runtime.name, lambda of=of, runtime=runtime: of.foreground.append(_foreground(context, runtime, count)))
        if shutil.which("conmon") is None:
            section.failures["conmon"] = "not installed"
            continue
        attempt(section.failures, runtime.name, lambda of=of, runtime=runtime: of.monitors.append(_monitors(context, runtime, count)))
    measured = {name: of for name, of in figures.items() if of.one_by_one and of.start_all and of.foreground}
    peer = measured.get("crun")
    section.text = [
        f"*One after another*: {count} times `run /bin/true`. *All at once*: {count} containers that sleep, each started by `run --detach`, until the last one "
        f"runs; then each deleted by `delete --force`. Median and spread of {rounds} rounds.",
        table(
            ("runtime", "one after another s", "÷ crun", "start all s", "÷ crun", "delete all s", "÷ crun"),
            [
                cell
                for name, of in measured.items()
                for cell in [
                    (
                        name, spread(of.one_by_one, digits=2), _against(of.one_by_one, peer and peer.one_by_one), spread(of.start_all, digits=2),
                        _against(of.start_all, peer and peer.start_all), spread(of.delete_all, digits=2), _against(of.delete_all, peer and peer.delete_all),
                    )
                ]
            ],
        ),
        f"What stays in memory beside {count} containers: PSS of all processes together, in KiB, and for each container. In the foreground it is the runtime "
        "that waits. Under an engine none of the runtimes stays, but one conmon for each container (Podman and CRI-O).",
        table(
            ("runtime", "in the foreground, all", "each", "conmon, all", "each"),
            [
                (
                    name, spread(of.foreground, digits=0), f"{_middle(of.foreground) / count:,.0f}", spread(of.monitors, digits=0) if of.monitors else "–",
                    f"{_middle(of.monitors) / count:,.0f}" if of.monitors else "–",
                )
                for name, of in measured.items()
            ],
        ),
    ]
    return section


def _middle(values: list[float]) -> float:
    return sorted(values)[len(values) // 2]


def _against(values: list[float], base: list[float] | None) -> str:
    return ratio(_middle(values), _middle(base) if base else None)


def _times(context: Context, of: _Figures, runtime: Runtime, count: int) -> None:
    sequence = [str(context.programs.sequence), "--times", str(count)]
    of.one_by_one.append(_timed([*sequence, *runtime.run(context.true_bundle, "many-{}")]))
    try:
        of.start_all.append(_timed([*sequence, *runtime.run(context.sleep_bundle, "many-{}", "--detach")]))
    except BenchmarkError:
        _delete_all(runtime, count)
        raise
    of.delete_all.append(_timed([*sequence, *runtime.delete("many-{}")]))


def _timed(command: list[str]) -> float:
    # Containers keep the descriptors that they were given, so nothing may wait for the end of a pipe.
    before = time.monotonic()
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=600, check=False)
    if done.returncode != 0:
        raise BenchmarkError(f"{' '.join(command[3:6])} ...: status {done.returncode}")
    return time.monotonic() - before


def _delete_all(runtime: Runtime, count: int) -> None:
    for number in range(count):
        subprocess.run(runtime.delete(f"many-{number}"), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)


def _foreground(context: Context, runtime: Runtime, count: int) -> float:
    processes: list[subprocess.Popen] = []
    try:
        for number in range(count):
            command = runtime.run(context.sleep_bundle, f"many-{number}")
            processes.append(subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
        for process in processes:
            sleeper_of(process.pid, runtime.name, 120)
        return _proportional([process.pid for process in processes])
    finally:
        for number, process in enumerate(processes):
            runtime.end(process, f"many-{number}")


def _monitors(context: Context, runtime: Runtime, count: int) -> float:
    folder = context.work / "conmon"
    try:
        for number in range(count):
            name = f"many-{number}"
            own = folder / name
            own.mkdir(parents=True)
            # As Podman calls it.
            words = [
                "conmon", "--cid", name, "--cuuid", name, "--name", name, "--runtime", shutil.which(runtime.program) or runtime.program, "--runtime-arg", "--root",
                "--runtime-arg", runtime.root, "--bundle", context.sleep_bundle, "--persist-dir", own, "--container-pidfile", own / "pid", "--conmon-pidfile",
                own / "monitor", "--exit-dir", own, "--socket-dir-path", own, "--log-path", f"k8s-file:{own}/log", "--log-level", "error",
            ]
            # It goes into the background at once.
            subprocess.run(
                list(map(str, words)), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=60, check=True)
            _await(own / "pid")
            output_of(runtime.start(name))
        return _proportional([int((folder / f"many-{number}" / "monitor").read_text()) for number in range(count)])
    except subprocess.CalledProcessError as error:
        raise BenchmarkError(f"conmon with {runtime.name}: status {error.returncode}") from error
    finally:
        _delete_all(runtime, count)
        shutil.rmtree(folder, ignore_errors=True)


def _await(file: Path) -> None:
    deadline = time.monotonic() + 20
    while not (file.exists() and file.read_text()):
        if time.monotonic() > deadline:
            raise BenchmarkError(f"conmon: no {file.name} after 20 s")
        time.sleep(0.005)


def _proportional(processes: list[int]) -> float:
    # What they do right after the start is not what they cost.
    time.sleep(2)
    return float(sum(fields(Path(f"/proc/{process}/smaps_rollup"))["Pss"] for process in processes))
