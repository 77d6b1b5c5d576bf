"""Makes a hybrid cgroup layout acceptable to crun, for the duration of the benchmark."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .processes import BenchmarkError, output_of

_UNIFIED = Path("/sys/fs/cgroup/unified")


@contextmanager
def layout_for_crun() -> Iterator[str]:
    """Takes what controllers the v2 hierarchy of a hybrid layout still has into v1 hierarchies, and gives them back in the end; yields a sentence about it.

    crun 1.8 refuses a hybrid layout otherwise. The caller is in a mount namespace of its own, so no other process sees the mounts; but the kernel has one
    set of controllers for all, so the hierarchy is seen in /proc/self/cgroup of every process meanwhile. A controller that groups of v2 use cannot be taken
    away; then the v2 hierarchy is hidden from all runtimes alike.
    """
    file = _UNIFIED / "cgroup.controllers"
    names = file.read_text().split() if file.exists() else []
    made: list[Path] = []
    mounted: list[Path] = []
    hidden = False
    try:
        for name in names:
            folder = _UNIFIED.parent / name
            # An engine may have made it and left it empty.
            if not folder.exists():
                folder.mkdir()
                made.append(folder)
            try:
                output_of(["mount", "-t", "cgroup", "-o", f"nosuid,nodev,noexec,{name}", name, folder])
            except BenchmarkError:
                output_of(["umount", _UNIFIED])
                hidden = True
                break
            mounted.append(folder)
        if hidden:
            yield f" For crun, which refuses a hybrid layout, the v2 hierarchy was hidden from all: its controllers ({', '.join(names)}) were in use."
        elif mounted:
            yield f" For crun, which refuses a hybrid layout, the controllers left in the v2 hierarchy ({', '.join(names)}) were v1 hierarchies meanwhile."
        else:
            yield ""
    finally:
        for folder in mounted:
            output_of(["umount", folder])
        for folder in made:
            folder.rmdir()
        if hidden:
            output_of(["mount", "-t", "cgroup2", "cgroup2", _UNIFIED])
