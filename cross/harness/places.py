"""Where things are: the work tree, the cache outside of it, the state of the devices."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO

ROOT = Path(__file__).resolve().parents[2]
"""The work tree."""

CROSS = ROOT / "cross"

BUILD = Path(os.environ.get("APUS_BUILD", ROOT / ".build"))
"""Where builds put their results: `device/ARCH/apus`, `images/ARCH/NAME`, and the devices' state."""

DEVICES = BUILD / "devices"
"""One directory per named device; `tmp-*` are devices without a name."""


def cache() -> Path:
    """The cache that survives the work tree: kernels and the guest's programs."""
    return Path(os.environ.get("APUS_CACHE") or Path.home() / ".cache" / "apus")


def recipe_hash(*parts: bytes) -> str:
    """A short name for a recipe: the same parts give the same name."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(hashlib.sha256(part).digest())
    return digest.hexdigest()[:16]


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Holds an exclusive lock on the file `path`, made if absent; waits for whoever has it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def try_lock(path: Path) -> IO[str] | None:
    """Takes an exclusive lock on the file `path`, which must be in an existing directory; None if somebody has it. Closing the file gives it up."""
    file = path.open("a")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        return None
    return file


@contextlib.contextmanager
def staged(target: Path) -> Iterator[Path]:
    """A fresh directory beside `target` that becomes `target` when the block ends well, and vanishes when it does not.

    An older `target` is replaced. Nothing half-made is ever visible under the final name.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    stage = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
    try:
        yield stage
        stage.chmod(0o755)
        if target.exists():
            shutil.rmtree(target)
        stage.rename(target)
    except BaseException:
        shutil.rmtree(stage, ignore_errors=True)
        raise
