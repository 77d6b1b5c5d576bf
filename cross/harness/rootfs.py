"""What the guest boots into: the initramfs, and the small read-only root file system (EROFS).

The programs are Debian's arm64 busybox and dropbear; the scripts are in `cross/guest`.
Nothing here needs root: in the EROFS images all files are written as owned by root.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from . import places
from .cpio import Archive as Cpio
from .errors import DeviceError
from .kernels import Kernel
from .packages import Archive
from .tools import call, notice, require

_GUEST = places.CROSS / "guest"

_PACKAGES = ("busybox-static", "dropbear-bin", "libc6", "libcrypt1", "libtomcrypt1", "libtommath1", "libgmp10", "zlib1g")
"""The guest's programs: a shell with the usual tools, the way in, and what that links to."""

_LOADER = "ld-linux-aarch64.so.1"

_LIBRARIES = ("libc.so.6", "libcrypt.so.1", "libtomcrypt.so.1", "libtommath.so.1", "libgmp.so.10", "libz.so.1")

_DIRECTORIES = ("bin", "data", "dev", "engines", "etc/device", "images", "proc", "root/.ssh", "run", "sbin", "sys", "tmp", "usr/bin", "usr/lib", "usr/sbin")

_RECIPE = places.recipe_hash(*(name.encode() for name in _PACKAGES + _LIBRARIES))
"""Changes when the directory that `userland` makes would have other contents."""


@dataclass(frozen=True)
class Access:
    """The keys of one device, as files: `host_key` in dropbear's format, `authorized` the line for authorized_keys."""

    host_key: Path
    authorized: str


def userland(*, update: bool = False) -> Path:
    """The directory with the guest's programs, from the cache; fetched when it is not there, or again when `update` is set."""
    directory = places.cache() / "device" / f"userland-arm64-{_RECIPE}"
    with places.locked(directory.with_suffix(".lock")):
        if update or not directory.exists():
            require(["apt-get", "dpkg-deb"])
            notice("fetching the guest's programs from Debian; they stay in the cache")
            with places.staged(directory) as stage:
                tree = stage / "package"
                versions = Archive("arm64").unpack(_PACKAGES, tree)
                _pick(tree, stage)
                shutil.rmtree(tree)
                (stage / "versions").write_text("".join(f"{name} {version}\n" for name, version in sorted(versions.items())))
    return directory


def _pick(tree: Path, stage: Path) -> None:
    _take(tree, ("bin", "usr/bin"), "busybox", stage)
    _take(tree, ("usr/sbin",), "dropbear", stage)
    for name in (_LOADER, *_LIBRARIES):
        _take(tree, ("lib/aarch64-linux-gnu", "usr/lib/aarch64-linux-gnu"), name, stage)


def _take(tree: Path, directories: tuple[str, ...], name: str, stage: Path) -> None:
    for directory in directories:
        path = tree / directory / name
        if path.exists():
            shutil.copyfile(path, stage / name)
            (stage / name).chmod(0o755)
            return
    raise DeviceError(f"the Debian packages of the guest have no file {name}")


def build_initramfs(kernel: Kernel, programs: Path, target: Path) -> None:
    """Writes the archive with which the kernel starts. It is not compressed: unpacking would cost the emulated processor more than reading does."""
    archive = Cpio()
    for name in ("bin", "dev", "disk", "etc", "modules", "proc", "sys"):
        archive.directory(name)
    # The kernel opens it for its first process before anything is mounted.
    archive.character_device("dev/console", 5, 1)
    archive.file("bin/busybox", (programs / "busybox").read_bytes(), 0o755)
    for applet in ("cp", "insmod", "mdev", "mount", "poweroff", "sh", "switch_root", "umount", "uname"):
        archive.link(f"bin/{applet}", "busybox")
    archive.file("etc/mdev.conf", (_GUEST / "mdev.conf").read_bytes())
    archive.file("init", (_GUEST / "init").read_bytes(), 0o755)
    for number, module in enumerate(kernel.boot_modules):
        archive.file(f"modules/{number:02}-{module.name}", module.read_bytes())
    target.write_bytes(archive.finish())


def build_root(kernel: Kernel, programs: Path, access: Access, target: Path) -> None:
    """Writes the root file system image of one device. The device binary is in it when `cross/build` has made it."""
    tree = target.with_suffix(".tree")
    shutil.rmtree(tree, ignore_errors=True)
    try:
        for name in _DIRECTORIES:
            (tree / name).mkdir(parents=True, exist_ok=True)
        _install_programs(programs, tree)
        _install_configuration(access, tree)
        if kernel.modules is not None:
            shutil.copytree(kernel.modules, tree / "lib" / "modules")
        binary = places.BUILD / "device" / "aarch64" / "apus"
        if binary.exists():
            shutil.copyfile(binary, tree / "usr" / "bin" / "apus")
            (tree / "usr" / "bin" / "apus").chmod(0o755)
        for name in ("root", "root/.ssh"):
            (tree / name).chmod(0o700)
        target.unlink(missing_ok=True)
        call(["mkfs.erofs", "--all-root", "-T0", target, tree])
    finally:
        shutil.rmtree(tree, ignore_errors=True)


def _install_programs(programs: Path, tree: Path) -> None:
    shutil.copy(programs / "busybox", tree / "bin" / "busybox")
    for applet in (_GUEST / "applets").read_text().split():
        path = tree / applet
        path.symlink_to("/bin/busybox")
    library = tree / "lib" / "aarch64-linux-gnu"
    library.mkdir(parents=True)
    for name in _LIBRARIES:
        shutil.copy(programs / name, library / name)
    shutil.copy(programs / _LOADER, tree / "lib" / _LOADER)
    shutil.copy(programs / "dropbear", tree / "usr" / "sbin" / "dropbear")


def _install_configuration(access: Access, tree: Path) -> None:
    etc = tree / "etc"
    for name in ("access", "boot", "end", "enter", "receive", "shutdown"):
        shutil.copyfile(_GUEST / name, etc / "device" / name)
        (etc / "device" / name).chmod(0o755)
    shutil.copyfile(_GUEST / "inittab", etc / "inittab")
    shutil.copyfile(access.host_key, etc / "device" / "host_key")
    (etc / "device" / "host_key").chmod(0o600)
    (etc / "passwd").write_text("root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n")
    (etc / "group").write_text("root:x:0:\ntty:x:5:\ndisk:x:6:\nnogroup:x:65534:\n")
    (etc / "shells").write_text("/bin/sh\n")
    (etc / "hostname").write_text("device\n")
    (etc / "hosts").write_text("127.0.0.1 localhost\n127.0.1.1 device\n::1 localhost\n")
    (etc / "mtab").symlink_to("/proc/self/mounts")
    # What is kept there, such as images in /var/lib/apus, is on the disk that lasts.
    (tree / "var").symlink_to("/data/var")
    # On the disk with the engines, where there is one.
    for name in ("containers", "containerd"):
        (etc / name).symlink_to(f"/engines/etc/{name}")
    (tree / "usr" / "lib" / "aarch64-linux-gnu").symlink_to("/engines/lib")
    keys = tree / "root" / ".ssh" / "authorized_keys"
    keys.write_text(access.authorized + "\n")
    keys.chmod(0o600)
