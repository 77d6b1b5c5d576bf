"""The device's other disks: the data disk, which persists, and the disk with the test images, which is read-only."""

from __future__ import annotations

import hashlib
import re
import shutil
from pathlib import Path

from . import places
from .errors import UsageError
from .tools import call

FILE_SYSTEMS = ("ext4", "f2fs")

SMALLEST = 64 << 20
"""Bytes; f2fs refuses smaller disks in its default layout."""


def parse_size(text: str) -> int:
    """Bytes from `512M`, `2G` or a plain number; K, M and G are powers of 1024."""
    match = re.fullmatch(r"([0-9]{1,12})([KMG]?)", text)
    if not match:
        raise UsageError(f"'{text}' is not a size: a number, and K, M or G")
    return int(match[1]) << {"": 0, "K": 10, "M": 20, "G": 30}[match[2]]


def make_data(path: Path, file_system: str, size: int) -> None:
    """Makes and formats the data disk if there is none yet. The file is sparse: only what is written takes room on the dev box."""
    if path.exists():
        return
    if file_system not in FILE_SYSTEMS:
        raise UsageError(f"no data file system '{file_system}': choose one of {', '.join(FILE_SYSTEMS)}")
    if size < SMALLEST:
        raise UsageError(f"a data disk of {size} bytes is too small: at least {SMALLEST >> 20}M")
    stage = path.with_suffix(".new")
    stage.unlink(missing_ok=True)
    with stage.open("wb") as file:
        file.truncate(size - size % 4096)
    if file_system == "ext4":
        # All tables are marked as written, so that the idle device writes nothing later on.
        call(["mke2fs", "-q", "-t", "ext4", "-L", "data", "-m", "0", "-E", "lazy_itable_init=0,lazy_journal_init=0,assume_storage_prezeroed=1", stage])
    else:
        call(["mkfs.f2fs", "-q", "-l", "data", stage])
    stage.rename(path)


def images_disk() -> Path | None:
    """The disk of the test images: rebuilt when `.build/images/arm64` has changed, None when there are none."""
    source = places.BUILD / "images" / "arm64"
    layouts = sorted(path for path in source.glob("*") if (path / "oci-layout").is_file()) if source.is_dir() else []
    if not layouts:
        return None
    directory = places.BUILD / "device-disks"
    disk = directory / f"images-{_fingerprint(layouts)}.erofs"
    with places.locked(directory / "lock"):
        if not disk.exists():
            tree = directory / "images.tree"
            # The layouts may be links into the cache, and mkfs.erofs would store the links.
            shutil.rmtree(tree, ignore_errors=True)
            for layout in layouts:
                shutil.copytree(layout.resolve(), tree / layout.name)
            stage = disk.with_suffix(".new")
            stage.unlink(missing_ok=True)
            call(["mkfs.erofs", "--all-root", "-T0", stage, tree])
            shutil.rmtree(tree)
            for old in directory.glob("images-*.erofs"):
                old.unlink()
            stage.rename(disk)
    return disk


def _fingerprint(layouts: list[Path]) -> str:
    """Changes when a file of a layout is added, removed, or written to."""
    digest = hashlib.sha256()
    for layout in layouts:
        for path in sorted(layout.resolve().rglob("*")):
            status = path.stat()
            digest.update(f"{layout.name}/{path.name} {status.st_size} {status.st_mtime_ns} {status.st_ino}\n".encode())
    return digest.hexdigest()[:16]
