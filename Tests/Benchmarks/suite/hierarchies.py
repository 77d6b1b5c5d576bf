"""Makes a hybrid cgroup layout acceptable to crun, for the duration of the benchmark."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .processes import BenchmarkError, output_of

_UNIFIED = Path("/sys/fs/cgroup/unified/cgroup.controllers")


@contextmanager
def without_controllers_in_unified(required: bool) -> Iterator[list[str]]:
    """Takes what controllers the v2 hierarchy of a hybrid layout still has into v1 hierarchies, and gives them back in the end; yields their names.

    crun 1.8 refuses a hybrid layout otherwise. The caller is in a mount namespace of its own, so no other process sees the mounts; but the kernel has one
    set of controllers for all, so the hierarchy is seen in /proc/self/cgroup of every process meanwhile. Where they are in use, that is an error if `required`;
    otherwise all stays as it is, and crun can be measured or not.
    """
    names = _UNIFIED.read_text().split() if _UNIFIED.exists() else []
    made: list[Path] = []
    mounted: list[Path] = []
    try:
        for name in names:
            folder = _UNIFIED.parents[1] / name
            # An engine may have made it and left it empty.
            if not folder.exists():
                folder.mkdir()
                made.append(folder)
            try:
                output_of(["mount", "-t", "cgroup", "-o", f"nosuid,nodev,noexec,{name}", name, folder])
            except BenchmarkError as error:
                if not required:
                    break
                groups = f"groups below {_UNIFIED.parent} use it, or {_UNIFIED.parent}/cgroup.subtree_control has it"
                raise BenchmarkError(f"{name} cannot be mounted as a v1 hierarchy, without which crun refuses this machine: {groups}") from error
            mounted.append(folder)
        yield [folder.name for folder in mounted]
    finally:
        for folder in mounted:
            output_of(["umount", folder])
        for folder in made:
            folder.rmdir()
