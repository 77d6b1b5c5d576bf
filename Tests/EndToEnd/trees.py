"""What is in a tree of files, to be compared with another one, bit by bit."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import stat
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

from machines import Native


def content(root: Path) -> dict[str, tuple[object, ...]]:
    """Every file below `root` and `root` itself: its kind, mode, owner, time, extended attributes, names of the same file, and what it holds."""
    names: dict[tuple[int, int], list[str]] = defaultdict(list)
    found: dict[str, tuple[object, ...]] = {}
    paths = [root, *(Path(folder) / name for folder, folders, files in os.walk(root) for name in [*folders, *files])]
    for path in paths:
        status = path.lstat()
        if not stat.S_ISDIR(status.st_mode):
            names[status.st_dev, status.st_ino].append(str(path.relative_to(root)))
    for path in paths:
        status = path.lstat()
        held: object = ()
        if stat.S_ISREG(status.st_mode):
            held = (status.st_size, hashlib.sha256(path.read_bytes()).hexdigest())
        elif stat.S_ISLNK(status.st_mode):
            held = os.readlink(path)
        attributes = {name: os.getxattr(path, name, follow_symlinks=False) for name in os.listxattr(path, follow_symlinks=False)}
        found[str(path.relative_to(root))] = (
            stat.filemode(status.st_mode), status.st_uid, status.st_gid, status.st_mtime_ns, tuple(sorted(attributes.items())),
            tuple(sorted(names.get((status.st_dev, status.st_ino), ()))), held,
        )
    return found


def differences(left: dict[str, tuple[object, ...]], right: dict[str, tuple[object, ...]]) -> list[str]:
    """A line for each file that is not the same in both."""
    return [f"{name}: {left.get(name)} and {right.get(name)}" for name in sorted({*left, *right}) if left.get(name) != right.get(name)]


@contextlib.contextmanager
def merged(machine: Native, image: str, place: Path) -> Iterator[Path]:
    """An image of the machine's store as a container sees it, read-only; `place` is an empty folder."""
    layers: Sequence[str] = json.loads(machine.call("image", "inspect", image).succeeded().text)["layers"]
    # Overlayfs wants two layers at least: an empty one below changes nothing.
    (place / "empty").mkdir()
    (place / "root").mkdir()
    lower = [*(f"{machine.store}/layers/{layer.partition(':')[2]}" for layer in reversed(layers)), f"{place}/empty"]
    machine.run(["mount", "-t", "overlay", "overlay", "-o", f"ro,lowerdir={':'.join(lower)}", f"{place}/root"]).succeeded()
    try:
        yield place / "root"
    finally:
        machine.run(["umount", f"{place}/root"]).succeeded()
