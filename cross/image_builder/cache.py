"""Finished images, kept by content hash outside the work tree, and their copies inside it.

    CACHE/resolved/HASH.json   which package versions a recipe got (HASH: recipe, its base, architecture, release, builder)
    CACHE/HASH/                the layout made of exactly those versions (HASH: the above and the versions); deleted when unused for long
    CACHE/apt/ARCH/            package lists
    CACHE/staging/             what is not finished; emptied by the next run
"""

import fcntl
import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from . import layout
from .packages import Versions


def digest(*parts: str) -> str:
    """The sha256 of a list of texts."""
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def default_folder() -> Path:
    """`$APUS_CACHE/images`, or the same below ~/.cache/apus."""
    return Path(os.environ.get("APUS_CACHE") or Path.home() / ".cache" / "apus") / "images"


class Cache:
    """The folder of the finished images. Its user holds the lock."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.staging = folder / "staging"
        for part in (self.folder, self.folder / "resolved"):
            part.mkdir(parents=True, exist_ok=True)

    def resolved(self, recipe_hash: str) -> Versions | None:
        """The package versions (name, version) that this recipe got last time; None if it was never built."""
        try:
            return [(name, version) for name, version in json.loads((self.folder / "resolved" / f"{recipe_hash}.json").read_bytes())]
        except (OSError, ValueError):
            return None

    def image(self, content_hash: str) -> Path:
        """Where the finished layout is, or goes."""
        return self.folder / content_hash

    def keep(self, recipe_hash: str, versions: Versions, place: Path, finished: Path | None) -> None:
        """Moves a finished layout (None: it is there already) to its place and remembers its versions. An unfinished one is never seen there."""
        if finished is not None:
            shutil.rmtree(place, ignore_errors=True)
            finished.rename(place)
        note = self.staging / f"{recipe_hash}.json"
        note.write_text(json.dumps(versions, indent=0), encoding="utf-8")
        note.rename(self.folder / "resolved" / note.name)

    def mark_used(self, place: Path) -> None:
        """Notes that a layout was used now; `prune` goes by that."""
        os.utime(place)

    def prune(self, now: float, seconds: float) -> None:
        """Deletes layouts that nobody used for so long."""
        for place in self.folder.glob("[0-9a-f]" * 64):
            if place.stat().st_mtime < now - seconds:
                shutil.rmtree(place)

    def empty_staging(self) -> None:
        """Throws away what an interrupted run left."""
        shutil.rmtree(self.staging, ignore_errors=True)
        self.staging.mkdir(parents=True)


@contextmanager
def locked(folder: Path, waiting: Callable[[], None]) -> Iterator[None]:
    """Holds the lock of a folder, which the kernel lets go when the process ends; calls `waiting` once if somebody else has it."""
    folder.mkdir(parents=True, exist_ok=True)
    # Only to be read, so that a lock that root has made is everybody's.
    descriptor = os.open(folder / ".lock", os.O_RDONLY | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            waiting()
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def give_to_owner(folder: Path, tree: Path) -> None:
    """Gives the published images and the folders that they lie in to the owner of the work tree `tree`: root made them for that user (sudo)."""
    owner = tree.stat()
    if os.geteuid() != 0 or owner.st_uid == 0:
        return
    above = [path for path in folder.parents if path.is_relative_to(tree) and path != tree]
    for path in (*above, folder, *folder.rglob("*")):
        os.chown(path, owner.st_uid, owner.st_gid, follow_symlinks=False)


def is_published(place: Path, recipe_hash: str) -> bool:
    """Whether `place` is a whole layout of the recipe as it is now, whoever made it: root, for users whose own cache has none."""
    try:
        return _note(place).read_text(encoding="utf-8") == recipe_hash and layout.is_whole(place)
    except OSError:
        return False


def _note(place: Path) -> Path:
    """Beside a published layout: what recipe it was made by."""
    return place.with_name(f".{place.name}.recipe")


def publish(source: Path, place: Path, staging: Path, recipe_hash: str) -> bool:
    """Makes `place` a copy of the layout `source`; false if it was one already. `staging` is on the same file system as `place`."""
    if layout.is_whole(place) and (place / "index.json").read_bytes() == (source / "index.json").read_bytes():
        if not is_published(place, recipe_hash):
            _note(place).write_text(recipe_hash, encoding="utf-8")
        return False
    new, old = staging / "new", staging / "old"
    for path in (new, old):
        shutil.rmtree(path, ignore_errors=True)
    staging.mkdir(parents=True, exist_ok=True)
    place.parent.mkdir(parents=True, exist_ok=True)
    shutil.copytree(source, new)
    _note(place).unlink(missing_ok=True)
    if place.exists():
        place.rename(old)
    new.rename(place)
    _note(place).write_text(recipe_hash, encoding="utf-8")
    shutil.rmtree(staging)
    return True
