"""What containers leave on a machine: processes, cgroups, mounts, files. Each function says what is there; nothing is changed but by those that remove."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path


def _hierarchies() -> Iterator[Path]:
    """Where the cgroup hierarchies are mounted."""
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        before, _, after = line.partition(" - ")
        if after.split()[0] in ("cgroup", "cgroup2"):
            yield Path(before.split()[4])


def cgroup_folders(cgroup: str) -> list[Path]:
    """The folders of a cgroup in all hierarchies."""
    return [path for path in (Path(f"{top}{cgroup}") for top in _hierarchies()) if path.is_dir()]


def control(cgroup: str, controller: str, file: str) -> str:
    """The content of a control file on cgroup v1."""
    return (Path("/sys/fs/cgroup") / controller / cgroup.lstrip("/") / file).read_text().strip()


def processes(folder: Path, cgroup: str, known: set[int]) -> dict[int, str]:
    """Processes other than the known ones that are in the cgroup, or that were started with the folder in their arguments; and these."""
    found = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) in known:
            continue
        with contextlib.suppress(OSError):
            arguments = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            groups = [line.split(":", 2)[2] + "/" for line in (entry / "cgroup").read_text().splitlines()]
            if arguments and (str(folder) in arguments or any(group.startswith(f"{cgroup}/") for group in groups)):
                found[int(entry.name)] = arguments
    return found


def kill_processes(folder: Path, cgroup: str, known: set[int]) -> None:
    """Ends such processes, which only a failed test leaves, and waits for their end."""
    for _ in range(100):
        found = processes(folder, cgroup, known)
        if not found:
            return
        for number in found:
            with contextlib.suppress(ProcessLookupError):
                os.kill(number, signal.SIGKILL)
        time.sleep(0.05)


def cgroups(cgroup: str) -> list[str]:
    """Groups below the cgroup. Podman has one for its monitors that stays."""
    return [str(path) for top in cgroup_folders(cgroup) for path in top.glob("*/") if path.name != "conmon"]


def mounts(folder: Path) -> list[str]:
    """Mounts below the folder, but for those that Docker's daemon has for itself: its data, and the host's network namespace."""
    points = [line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines()]
    return [point for point in points if point.startswith(f"{folder}/") and Path(point) not in (folder / "data", folder / "exec/netns/default")]


def files(state: Path) -> list[str]:
    """What is in a runtime's state directory. Locks, compiled filters, and the folders that the engines make for themselves, stay."""
    found = []
    for place, folders, names in os.walk(state):
        folders[:] = [name for name in folders if name != ".seccomp"]
        found += [str(Path(place, name)) for name in names if name not in ("lock", ".lock")]
        found += [str(Path(place, name)) for name in folders if name not in ("moby", "default", "k8s.io")]
    return found


def remove_cgroups(cgroup: str) -> None:
    """Removes an empty cgroup and what is below it."""
    for top in cgroup_folders(cgroup):
        for place, _, _ in os.walk(top, topdown=False):
            os.rmdir(place)


def unmount(folder: Path) -> None:
    """Unmounts everything at or below the folder."""
    points = [line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines()]
    for point in reversed(points):
        if Path(point) == folder or point.startswith(f"{folder}/"):
            subprocess.run(["umount", "-l", point], check=True)
