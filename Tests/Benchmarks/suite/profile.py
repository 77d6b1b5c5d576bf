"""Where the processor time of `run /bin/true` goes: samples of the programs and of the kernel under them, by perf."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from .context import Context, Section, attempt, others_than_oci, rotated, table
from .processes import BenchmarkError, output_of

#: Samples in a second of processor time; not a multiple of what the kernel does by the clock.
_FREQUENCY = 7919

_OWN_CODE, _PAGE_FAULTS, _PROCESSES, _GROUPS, _MOUNTS, _FILTER, _MEMORY, _REST = (
    "own code", "page faults", "processes", "cgroups", "mounts", "device filter", "memory", "files and the rest",
)  # fmt: skip
#: In the order of the table.
_KINDS = (_OWN_CODE, _PAGE_FAULTS, _PROCESSES, _GROUPS, _MOUNTS, _FILTER, _MEMORY, _REST)
_KIND_OF_CALL = {
    **dict.fromkeys(("clone", "clone3", "fork", "vfork", "execve", "execveat", "exit", "exit_group", "wait4", "waitid", "unshare", "setns"), _PROCESSES),
    **dict.fromkeys(("mount", "umount", "pivot_root", "open_tree", "move_mount", "fsopen", "fsconfig", "fsmount", "mount_setattr"), _MOUNTS),
    **dict.fromkeys(("mmap", "munmap", "mprotect", "brk", "madvise"), _MEMORY),
    "bpf": _FILTER,
}
#: How the kernel's function for a system call is called: `__x64_sys_openat`, `__do_sys_clone3`, `ksys_read`.
_CALL = re.compile(r"^(?:__(?:x64|arm64|se|do)_sys_|ksys_)(\w+)$")
#: Making, removing and writing to what kernfs holds; these runs do that with cgroups alone.
_GROUP_FUNCTIONS = {"kernfs_iop_mkdir", "kernfs_iop_rmdir", "kernfs_fop_write_iter"}


def measure(context: Context) -> Section:
    """Samples a few hundred runs of each runtime, and of the floor with cgroups."""
    rounds, runs = (1, 10) if context.quick else (3, 100)
    section = Section("Where the time of a run goes")
    floor = "floor with cgroups"
    commands = {runtime.name: runtime.run(context.true_bundle, "profile-{}") for runtime in context.runtimes} | {floor: others_than_oci(context)[floor]}
    found: dict[str, Counter[str]] = {name: Counter() for name in commands}
    for number, name in rotated(list(commands), rounds):
        context.say(f"profile, round {number + 1} of {rounds}: {name}")
        attempt(section.failures, name, lambda name=name: found[name].update(_samples(context, commands[name], runs)))
    each = 1000 / _FREQUENCY / (rounds * runs)
    section.text = [
        f"Processor time of `run /bin/true` in milliseconds, the container's program included: perf looks {_FREQUENCY} times a second where the processor is, in "
        f"{rounds * runs} runs. *Own code* is that of the programs; the other columns are the kernel's work, by the system call that it is done for. *Processes*: "
        "making them with their namespaces, executing programs, ending. *Cgroups*: making, joining and removing them. *Memory*: mapping and unmapping.",
        table(
            ("program", *_KINDS, "together"),
            [
                (name, *(f"{counts[kind] * each:.2f}" for kind in _KINDS), f"{sum(counts.values()) * each:.2f}")
                for name, counts in found.items()
                if counts
            ],
        ),
    ]
    return section


def _samples(context: Context, command: Sequence[str], runs: int) -> Counter[str]:
    data = context.work / "perf.data"
    sequence = [context.programs.sequence, "--times", str(runs), *command]
    output_of(["perf", "record", "--quiet", "--event", "cpu-clock", "--freq", str(_FREQUENCY), "-g", "--output", data, "--", *sequence])
    counts = Counter(kind_of(frames) for name, frames in samples(output_of(["perf", "script", "--input", data, "--fields", "comm,ip,sym"]).splitlines())
                     if name not in ("sequence", "perf"))  # fmt: skip
    data.unlink()
    if not counts:
        raise BenchmarkError("perf: no samples")
    return counts


def samples(lines: Iterable[str]) -> Iterator[tuple[str, list[str]]]:
    """The samples in what `perf script` prints: the name of the process, and the functions from the innermost out."""
    name, frames = "", []
    for line in lines:
        if line[:1].isspace() and line.strip():
            frames.append(line.split(None, 1)[1].strip() if len(line.split(None, 1)) > 1 else "[unknown]")
            continue
        if frames:
            yield name, frames
        name, frames = line.strip(), []
    if frames:
        yield name, frames


def kind_of(frames: Sequence[str]) -> str:
    """What the processor was doing, from the functions it was in."""
    if _GROUP_FUNCTIONS.intersection(frames):
        return _GROUPS
    for function in reversed(frames):
        call = _CALL.match(function)
        if call:
            return _KIND_OF_CALL.get(call[1], _REST)
        if "page_fault" in function or function.startswith("el0_da") or function.startswith("el0_ia"):
            return _PAGE_FAULTS
        if function in ("do_exit", "ret_from_fork", "ret_from_fork_asm"):
            return _PROCESSES
    return _REST if any("SYSCALL_64" in function or function.startswith("el0_svc") for function in frames) else _OWN_CODE
