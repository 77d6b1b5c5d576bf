"""What a report has to say about the machine, the day and the versions."""

import os
import platform
import time
from dataclasses import dataclass
from pathlib import Path

from .processes import output_of


@dataclass(frozen=True)
class Machine:
    """The conditions of a run."""

    processor: str
    cores: int
    memory_mebibytes: int
    kernel: str
    virtual: bool
    cgroups: str
    file_system: str
    day: str
    commit: str
    load_before: float


def examine(repository: Path, work: Path) -> Machine:
    """Reads the conditions from the kernel and from git; `work` is where images are unpacked."""
    information = Path("/proc/cpuinfo").read_text()
    memory = next(line for line in Path("/proc/meminfo").read_text().splitlines() if line.startswith("MemTotal:"))
    return Machine(
        processor=_field(information, "model name") or platform.machine(),
        cores=os.cpu_count() or 1,
        memory_mebibytes=int(memory.split()[1]) >> 10,
        kernel=platform.release(),
        virtual=" hypervisor" in information,
        cgroups=_cgroups(),
        file_system=output_of(["df", "--output=fstype", work]).split()[-1],
        day=time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime()),
        commit=_commit(repository),
        load_before=os.getloadavg()[0],
    )


def _field(text: str, name: str) -> str:
    for line in text.splitlines():
        key, _, value = line.partition(":")
        if key.strip() == name:
            return value.strip()
    return ""


def _cgroups() -> str:
    types = [line.split(" - ")[1].split()[0] for line in Path("/proc/self/mountinfo").read_text().splitlines()]
    first, second = types.count("cgroup"), types.count("cgroup2")
    return f"{first} v1 hierarchies and {second} of v2" if first else "v2"


def _commit(repository: Path) -> str:
    git = ["git", "-C", repository]
    commit = output_of([*git, "rev-parse", "--short=12", "HEAD"]).strip()
    changed = output_of([*git, "status", "--porcelain", "--untracked-files=no"]).strip()
    return f"{commit} with uncommitted changes" if changed else commit
