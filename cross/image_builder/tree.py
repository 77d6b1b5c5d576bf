"""The changes that a recipe makes to the files of an image, which would else be made by the packages' scripts or in a Dockerfile."""

import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from .errors import BuildError
from .recipe import Applets, Recipe, User

#: What mmdebstrap leaves for the work of a package manager and for a booted system; no image needs it.
_NOT_OF_THE_IMAGE = (
    "/etc/apt", "/etc/dpkg/dpkg.cfg.d", "/etc/fstab", "/etc/hostname", "/etc/resolv.conf",
    "/var/cache/apt", "/var/lib/apt", "/var/lib/dpkg", "/var/log/apt", "/boot", "/usr/games", "/usr/include", "/usr/src",
)


def inside(root: Path, path: str) -> Path:
    """Where `path` of the image is on this machine; refused if a link on the way leads out of `root`."""
    place = root / path.lstrip("/")
    parent = place.parent.resolve()
    if parent != root.resolve() and root.resolve() not in parent.parents:
        raise BuildError(f"{path} leads out of the image, to {parent}")
    return parent / place.name


def clean(root: Path, excluded: Sequence[str]) -> None:
    """Takes out of mmdebstrap's tree what belongs to its own work, and the folders that the `excluded` patterns (dpkg's path-exclude) left empty."""
    for path in _NOT_OF_THE_IMAGE:
        delete(inside(root, path))
    for folder in ("dev", "tmp"):
        for path in (root / folder).iterdir():
            delete(path)
    for pattern in (*excluded, "/etc/dpkg/*"):
        for top in root.glob(pattern.removesuffix("/*").lstrip("/")):
            for folder, _, _ in os.walk(inside(root, str(top.relative_to(root))), topdown=False):
                if not os.listdir(folder):
                    os.rmdir(folder)


def delete(path: Path) -> None:
    """Deletes a file, a link or a folder with its contents; it need not be there."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def apply(recipe: Recipe, root: Path) -> None:
    """Makes all changes of `recipe` to the files under `root`."""
    for path in recipe.remove:
        place = inside(root, path)
        if not os.path.lexists(place):
            raise BuildError(f"{recipe.name}: remove: there is no {path}")
        delete(place)
    for target, source in recipe.copies.items():
        shutil.copyfile(inside(root, source), inside(root, target))
        inside(root, target).chmod(0o644)
    for user in recipe.users:
        _add_user(root, user)
    if recipe.files.is_dir():
        _overlay(recipe.files, root)
    for path, target in recipe.links.items():
        place = inside(root, path)
        if place.is_dir() and not place.is_symlink():
            place.rmdir()
        place.unlink(missing_ok=True)
        place.symlink_to(target)
    if recipe.applets is not None:
        _link_applets(root, recipe.applets)
    for one in recipe.owned:
        place = inside(root, one.path)
        if not place.exists():
            place.mkdir(parents=True)
        uid, gid = _ids(root, one.owner)
        os.chown(place, uid, gid)
        place.chmod(int(one.mode, 8))


def clamp_times(root: Path, epoch: int) -> None:
    """Makes no file younger than `epoch` (seconds since 1970), so that the time of the build does not show."""
    for folder, _, names in os.walk(root, topdown=False):
        for path in (*(os.path.join(folder, name) for name in names), folder):
            _clamp(path, epoch)
    for folder, folders, _ in os.walk(root, topdown=False):
        for name in folders:
            _clamp(os.path.join(folder, name), epoch)


def _clamp(path: str, epoch: int) -> None:
    seconds = min(int(os.lstat(path).st_mtime), epoch)
    os.utime(path, (seconds, seconds), follow_symlinks=False)


def _add_user(root: Path, user: User) -> None:
    for name, line in (
        ("passwd", f"{user.name}:x:{user.uid}:{user.gid}::{user.home}:/usr/sbin/nologin\n"),
        ("group", f"{user.name}:x:{user.gid}:\n"),
    ):
        file = inside(root, f"/etc/{name}")
        lines = file.read_text(encoding="utf-8")
        taken = {part for entry in lines.splitlines() for part in (entry.split(":")[0], entry.split(":")[2])}
        number = line.split(":")[2]
        if user.name in taken or number in taken:
            raise BuildError(f"user {user.name}: the name or the number {number} is in /etc/{name} already")
        file.write_text(lines + line, encoding="utf-8")


def _ids(root: Path, owner: str) -> tuple[int, int]:
    """The numbers of USER:GROUP in the image's own /etc/passwd and /etc/group."""
    numbers = []
    for name, file in zip(owner.split(":"), ("passwd", "group"), strict=True):
        entries = [line.split(":") for line in inside(root, f"/etc/{file}").read_text(encoding="utf-8").splitlines()]
        found = [int(entry[2]) for entry in entries if entry[0] == name]
        if not found:
            raise BuildError(f"owner {owner}: there is no {name} in the image's /etc/{file}")
        numbers.append(found[0])
    return numbers[0], numbers[1]


def _overlay(files: Path, root: Path) -> None:
    for source in sorted(files.rglob("*")):
        place = inside(root, str(source.relative_to(files)))
        if source.is_dir():
            place.mkdir(exist_ok=True)
        else:
            place.unlink(missing_ok=True)
            shutil.copyfile(source, place)
            place.chmod(0o755 if source.stat().st_mode & 0o100 else 0o644)


def applet_names(binary: bytes) -> list[str]:
    """The names in busybox's applet table: zero-terminated, sorted, from `[` on.

    It reads the program instead of running it, so the architecture does not matter.
    """
    start = binary.find(b"\0[\0[[\0")
    end = binary.find(b"\0\0", start + 1)
    names = [name.decode("ascii", "replace") for name in binary[start + 1 : end].split(b"\0")] if 0 <= start < end else []
    if names != sorted(names) or not {"cat", "ls", "sh", "true"} <= set(names):
        raise BuildError("busybox has no applet table where this program looks for it")
    return names


def _link_applets(root: Path, applets: Applets) -> None:
    """Gives busybox its names, where no package has put a program of that name."""
    binary, folder = inside(root, applets.binary), inside(root, applets.folder)
    folder.mkdir(parents=True, exist_ok=True)
    for name in applet_names(binary.read_bytes()):
        place = folder / name
        if os.path.lexists(place):
            continue
        if applets.links == "hard":
            place.hardlink_to(binary)
        else:
            place.symlink_to(os.path.relpath(binary, folder))
