"""Makes a hybrid cgroup layout acceptable to crun, for the duration of the benchmark."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .processes import output_of

_UNIFIED = Path("/sys/fs/cgroup/unified/cgroup.controllers")


@contextmanager
def without_controllers_in_unified() -> Iterator[list[str]]:
    """Takes what controllers the v2 hierarchy of a hybrid layout still has into v1 hierarchies, and gives them back in the end; yields their names.

    crun 1.8 refuses a hybrid layout otherwise. The caller is in a mount namespace of its own, so no other process sees the mounts; but the kernel has one
    set of controllers for all, so the hierarchy is seen in /proc/self/cgroup of every process meanwhile.
    """
    names = _UNIFIED.read_text().split() if _UNIFIED.exists() else []
    made: list[Path] = []
    try:
        for name in names:
            folder = _UNIFIED.parents[1] / name
            folder.mkdir()
            made.append(folder)
            output_of(["mount", "-t", "cgroup", "-o", f"nosuid,nodev,noexec,{name}", name, folder])
        yield names
    finally:
        for folder in made:
            if folder.is_mount():
                output_of(["umount", folder])
            folder.rmdir()
