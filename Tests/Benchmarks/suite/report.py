"""docs/benchmarks.md: the tables and what is to be known about them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from .containers import IDLE_SECONDS, Run
from .imports import Import, Layers
from .machine import Machine
from .sizes import Size

_PEERS = ("crun", "runc")


@dataclass(frozen=True)
class Results:
    """Everything that one run of the benchmark measured."""

    machine: Machine
    versions: dict[str, str]
    rounds: int
    runs: int
    containers: dict[str, Run]
    sizes: dict[str, Size]
    layers: Layers
    imports: dict[str, Import]
    import_rounds: int
    import_runs: int
    #: What could not be measured, and why.
    failures: dict[str, str]
    #: v2 controllers that were v1 hierarchies during the run.
    moved_controllers: list[str]


def write(results: Results) -> str:
    """The whole page."""
    parts = [
        "# Benchmarks",
        "Written by `make bench` (`Tests/Benchmarks/run`); do not edit. What each figure means, and how to repeat it: [benchmarking.md](benchmarking.md).",
        "Times drift between machines and hours; the ratios between columns of one run are what counts.",
        _conditions(results),
        _goals(results),
        _containers(results),
        _memory(results),
        _sizes(results),
        _imports(results),
        _not_measured(results),
    ]
    return "\n\n".join(parts) + "\n"


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = ["| " + " | ".join(header) + " |", "|" + "---|" * len(header)]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows])


def _ratio(value: float, base: float | None) -> str:
    return f"{value / base:.2f}" if base else "–"


def _milliseconds(seconds: float) -> str:
    return f"{seconds * 1000:.1f}"


def _conditions(results: Results) -> str:
    machine = results.machine
    kind = "virtual machine" if machine.virtual else "machine"
    rows = [
        ("day, commit", f"{machine.day}, {machine.commit}"),
        (kind, f"{machine.processor}, {machine.cores} cores, {machine.memory_mebibytes} MiB"),
        ("kernel", f"{machine.kernel}, cgroups: {machine.cgroups}"),
        ("file system", machine.file_system),
        ("load before the run", f"{machine.load_before:.2f} (1 is one busy core; more than a few tenths means that other work disturbed the times)"),
        ("versions", "; ".join(f"{name}: {text}" for name, text in results.versions.items())),
    ]
    return "## Conditions\n" + _table(("what", "value"), rows)


def _goals(results: Results) -> str:
    apus, runs, imports = results.containers["apus"], results.containers, results.imports
    rows = []

    def add(what: str, goal: str, value: float, limit: float, shown: str) -> None:
        rows.append((what, goal, shown, "met" if value <= limit else "not met"))

    for peer, limit in (("crun", 0.4), ("floor with cgroups", 1.5)):
        if peer in runs:
            ratio = apus.timing.median / runs[peer].timing.median
            add(f"`run /bin/true`, wall, against {peer}", f"≤ {limit}", ratio, limit, f"{ratio:.2f}")
    add("peak resident memory of the runtime's process", "≤ 400 KB", apus.peak, 400, f"{apus.peak} KB")
    for name, size in results.sizes.items():
        if name.startswith("apus"):
            goal, limit = ("≤ 700 KB", 700_000) if name.endswith("aarch64") else ("≤ 1 MiB", 1 << 20)
            add(f"binary, {name.removeprefix('apus, ')}", goal, size.bytes, limit, f"{size.bytes / 1000:.0f} KB")
    ours = imports["apus"].timing.median
    for peer, limit in (("bsdtar", 1.1), ("umoci unpack", 1.0), ("skopeo copy", 1.0)):
        if peer in imports:
            ratio = ours / imports[peer].timing.median
            add(f"image import, wall, against {peer}", f"≤ {limit}", ratio, limit, f"{ratio:.2f}")
    return "## Apus against its goals\nMedians. The goals are those of the design.\n\n" + _table(("what", "goal", "measured", "state"), rows)


def _containers(results: Results) -> str:
    base = {name: results.containers[name].timing.median for name in ("crun", "floor with cgroups") if name in results.containers}
    rows = [
        (
            name, _milliseconds(run.timing.median), _milliseconds(run.timing.least), _milliseconds(run.timing.processor),
            _ratio(run.timing.median, base.get("crun")), _ratio(run.timing.median, base.get("floor with cgroups")), str(run.calls),
        )
        for name, run in results.containers.items()
    ]
    header = ("runtime", "median ms", "min ms", "user + system ms", "÷ crun", "÷ floor with cgroups", "system calls")
    note = (
        f"One container that runs `/bin/true` of a static busybox and is gone again. {results.rounds} rounds of {results.runs} runs each, by hyperfine. "
        "All OCI runtimes get the same bundle. bubblewrap and the plain floor make no cgroup."
    )
    if results.moved_controllers:
        moved = ", ".join(results.moved_controllers)
        note += f" For crun, which refuses a hybrid layout, the controllers left in the v2 hierarchy ({moved}) were v1 hierarchies during the whole run."
    return f"## Running a container\n{note}\n\n" + _table(header, rows)


def _memory(results: Results) -> str:
    rows = []
    for name, run in results.containers.items():
        waiting = run.waiting
        later = (str(waiting.proportional), str(waiting.resident), str(waiting.wake_ups)) if waiting else ("–", "–", "–")
        rows.append((name, str(run.peak), _ratio(run.peak, results.containers["apus"].peak), *later))
    header = ("runtime", "peak RSS KB", "÷ apus", "PSS while waiting KB", "RSS while waiting KB", f"wake-ups in {IDLE_SECONDS} s")
    note = (
        "The runtime's own process, without its children. *Peak*: a run of `/bin/true`. *While waiting*: the runtime in the foreground while its container "
        "sleeps. The floor programs are linked with glibc."
    )
    return f"## Memory\n{note}\n\n" + _table(header, rows)


def _sizes(results: Results) -> str:
    rows = [
        (name, f"{size.bytes:,}", "static" if size.static else "dynamic", f"{size.libraries:,}" if size.libraries else "–")
        for name, size in results.sizes.items()
    ]
    note = "Stripped binaries in bytes; a dynamic one needs its libraries as well."
    return f"## Size on disk\n{note}\n\n" + _table(("binary", "bytes", "linked", "libraries"), rows)


def _imports(results: Results) -> str:
    base = results.imports["bsdtar"].timing.median if "bsdtar" in results.imports else None
    rows = [
        (name, _milliseconds(one.timing.median), _milliseconds(one.timing.least), _ratio(one.timing.median, base), str(one.peak) if one.peak else "–")
        for name, one in results.imports.items()
    ]
    layers = results.layers
    note = (
        f"The test image {layers.name}: {len(layers.files)} gzip layers, {layers.compressed:,} bytes, into an empty folder. "
        f"{results.import_rounds} rounds of {results.import_runs} runs each. bsdtar only unpacks. apus also verifies every digest and forces everything to the "
        "disk before it publishes the image; umoci and skopeo verify and do not force."
    )
    return f"## Importing an image\n{note}\n\n" + _table(("tool", "median ms", "min ms", "÷ bsdtar", "peak RSS KB"), rows)


def _not_measured(results: Results) -> str:
    lines = [
        "Instructions: the counters of the processor are not there in most virtual machines, and no emulator of instructions (valgrind) can follow a clone "
        "with new namespaces. The columns *user + system* and *system calls* stand in for them.",
        "The container's `memory.peak`, and the smallest `memory.max` that still works: they need cgroup v2 with its memory controller.",
        "Time on ARM: under QEMU it would measure the emulator.",
        "The supervisor, monitors, and bytes written while idle: not built yet.",
    ]
    lines += [f"{name}: {reason}" for name, reason in results.failures.items()]
    return "## Not measured\n" + "\n".join(f"- {line}" for line in lines)
