"""The peers for the device under QEMU: Debian's arm64 crun and runc with their libraries."""

import shutil
import sys
from pathlib import Path

from .processes import BenchmarkError
from .programs import REPOSITORY

sys.path.insert(0, str(REPOSITORY / "cross"))

from harness import places  # noqa: E402  (it lies in cross/, which the line above makes importable)
from harness.packages import Archive  # noqa: E402

_PROGRAMS = ("crun", "runc")


def peers() -> Path:
    """A directory with `bin` and `lib`, from the cache; fetched from Debian once."""
    directory = places.cache() / "bench" / f"peers-arm64-{places.recipe_hash(*(name.encode() for name in _PROGRAMS))}"
    with places.locked(directory.with_suffix(".lock")):
        if not directory.exists():
            with places.staged(directory) as stage:
                tree = stage / "package"
                archive = Archive("arm64")
                versions = archive.unpack(sorted(_closure(archive)), tree)
                _pick(tree, stage)
                shutil.rmtree(tree)
                (stage / "versions").write_text("".join(f"{name} {versions[name]}\n" for name in _PROGRAMS))
    return directory


def _closure(archive: Archive) -> set[str]:
    """The programs' packages and all that they depend on."""
    names: set[str] = set()
    pending = list(_PROGRAMS)
    while pending:
        name = pending.pop()
        if name not in names:
            names.add(name)
            pending += archive.show(name).depends
    return names


def _pick(tree: Path, stage: Path) -> None:
    (stage / "bin").mkdir()
    (stage / "lib").mkdir()
    for name in _PROGRAMS:
        found = [tree / folder / name for folder in ("usr/bin", "usr/sbin") if (tree / folder / name).exists()]
        if not found:
            raise BenchmarkError(f"Debian's package {name} for arm64 has no program of that name")
        shutil.copy(found[0], stage / "bin" / name)
    for folder in ("lib/aarch64-linux-gnu", "usr/lib/aarch64-linux-gnu"):
        for file in sorted((tree / folder).glob("*.so*")):
            shutil.copy(file, stage / "lib" / file.name, follow_symlinks=True)
