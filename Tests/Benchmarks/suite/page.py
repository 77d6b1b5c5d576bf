"""docs/benchmarks.md: the sections of all pieces, and what is to be known about them."""

from collections.abc import Sequence

from .context import Section, table
from .machine import Machine


def write(machine: Machine, versions: dict[str, str], sections: Sequence[Section], whole: bool) -> str:
    """The page. `whole` is false when only some pieces were run."""
    parts = [
        "# Benchmarks",
        "Written by `make bench` (`Tests/Benchmarks/run`); do not edit. What each figure means, and how to repeat it: [benchmarking.md](benchmarking.md).",
        "Times drift between machines and hours; the ratios between the rows of one run are what counts.",
        _conditions(machine, versions),
        _goals(sections),
    ]
    for section in sections:
        parts.append("\n\n".join([f"## {section.title}", *section.text]).replace("\n\n", "\n", 1))
    parts.append(_not_measured(sections, whole))
    return "\n\n".join(part for part in parts if part) + "\n"


def _conditions(machine: Machine, versions: dict[str, str]) -> str:
    kind = "virtual machine" if machine.virtual else "machine"
    rows = [
        ("day, commit", f"{machine.day}, {machine.commit}"),
        (kind, f"{machine.processor}, {machine.cores} cores, {machine.memory_mebibytes} MiB"),
        ("kernel", f"{machine.kernel}, cgroups: {machine.cgroups}"),
        ("file system", machine.file_system),
        ("load before the run", f"{machine.load_before:.2f} (1 is one busy core; more than a few tenths means that other work disturbed the times)"),
        ("versions", "; ".join(f"{name}: {text}" for name, text in versions.items())),
    ]
    return "## Conditions\n" + table(("what", "value"), rows)


def _goals(sections: Sequence[Section]) -> str:
    goals = [goal for section in sections for goal in section.goals]
    if not goals:
        return ""
    return "## Apus against its goals\nMedians. The goals are those of the design.\n\n" + table(
        ("what", "goal", "measured", "state"), [goal.row for goal in goals]
    )


def _not_measured(sections: Sequence[Section], whole: bool) -> str:
    lines = [] if whole else ["Everything that is not on this page: only some pieces were run (`--only`)."]
    lines += [
        "Instructions: the counters of the processor are not there in most virtual machines, and no emulator of instructions (valgrind) can follow a clone "
        "with new namespaces. The columns *user + system* and *system calls* stand in for them.",
        "Time on ARM: under QEMU it would measure the emulator.",
        "The supervisor and its monitors: not built yet.",
    ]
    lines += [f"{section.title}, {name}: {reason}" for section in sections for name, reason in section.failures.items()]
    return "## Not measured\n" + "\n".join(f"- {line}" for line in lines)
