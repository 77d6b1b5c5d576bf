"""The disk with container engines: Podman and containerd, as Debian builds them for arm64, with Apus as their runtime; and Python, for tests.

The guest has it at /engines; its root file system leads there from the places where programs, libraries and configurations are looked for.
"""

from __future__ import annotations

import shutil
import time
from pathlib import Path

from . import places
from .errors import DeviceError
from .packages import Archive
from .tools import call, notice, require

_PACKAGES = (
    "podman", "conmon", "catatonit", "containerd", "libassuan0", "libaudit1", "libbz2-1.0", "libc6", "libcap-ng0", "libcap2", "libdevmapper1.02.1", "libgcrypt20",
    "libglib2.0-0", "libgpg-error0", "libgpgme11", "liblz4-1", "liblzma5", "libpam0g", "libpcre2-8-0", "libseccomp2", "libselinux1", "libsemanage2", "libsepol2",
    "libsubid4", "libsystemd0", "libudev1", "libzstd1", "python3.11-minimal", "libpython3.11-minimal", "libpython3.11-stdlib", "libexpat1",
)
"""The engines, and the packages of the libraries that they link to above those of the guest."""

_PROGRAMS = (
    "usr/bin/podman", "usr/bin/conmon", "usr/bin/catatonit", "usr/bin/containerd", "usr/bin/containerd-shim-runc-v2", "usr/bin/ctr",
    "usr/bin/python3.11",
)

_LIBRARIES = "lib/aarch64-linux-gnu"

_KEPT = 30 * 86400
"""Seconds for which a disk that nobody uses stays in the cache."""

_FILES = {
    "containers/policy.json": '{"default": [{"type": "insecureAcceptAnything"}]}\n',
    "containers/registries.conf": "",
    "containers/storage.conf": """\
[storage]
driver = "overlay"
graphroot = "/var/lib/containers/storage"
runroot = "/run/containers"
""",
    # docs/engines.md has these lines for users.
    "containers/containers.conf": """\
[containers]
init_path = "/engines/bin/catatonit"

[engine]
runtime = "apus"
runtime_supports_json = ["apus"]
cgroup_manager = "cgroupfs"
events_logger = "file"
conmon_path = ["/engines/bin/conmon"]

[engine.runtimes]
apus = ["/usr/bin/apus"]
""",
    "containerd/config.toml": """\
version = 2
disabled_plugins = ["io.containerd.grpc.v1.cri"]
""",
}


def disk() -> Path:
    """The disk, from the cache; made when it is not there."""
    words = (*_PACKAGES, *_PROGRAMS, *(word for pair in _FILES.items() for word in pair))
    target = places.cache() / "device" / f"engines-arm64-{places.recipe_hash(*(word.encode() for word in words))}.erofs"
    with places.locked(target.with_suffix(".lock")):
        if not target.exists():
            require(["apt-get", "dpkg-deb", "mkfs.erofs"])
            notice("fetching the container engines from Debian; they stay in the cache")
            with places.staged(target.with_suffix(".tree")) as stage:
                _fill(stage)
                made = target.with_suffix(".new")
                made.unlink(missing_ok=True)
                call(["mkfs.erofs", "--all-root", "-T0", made, stage])
            shutil.rmtree(target.with_suffix(".tree"))
            made.rename(target)
        target.touch()
        for old in target.parent.glob("engines-*.erofs"):
            if old.stat().st_mtime < time.time() - _KEPT:
                old.unlink()
    return target


def _fill(stage: Path) -> None:
    tree = stage / "packages"
    versions = Archive("arm64").unpack(_PACKAGES, tree)
    (stage / "bin").mkdir()
    for name in _PROGRAMS:
        if not (tree / name).exists():
            raise DeviceError(f"the Debian packages of the engines have no file {name}")
        shutil.copy(tree / name, stage / "bin")
    (stage / "lib").mkdir()
    for directory in (_LIBRARIES, f"usr/{_LIBRARIES}"):
        files = [path for path in (tree / directory).glob("*.so.*") if path.is_file()]
        # A library has its whole version in its name, mostly, and programs ask for the link beside it.
        linked = {path.resolve() for path in files if path.is_symlink()}
        for path in files:
            if path not in linked:
                shutil.copy(path, stage / "lib" / path.name)
    # Python looks for it beside itself.
    shutil.copytree(tree / "usr/lib/python3.11", stage / "lib/python3.11", symlinks=True, ignore=shutil.ignore_patterns("__pycache__"))
    (stage / "bin/python3").symlink_to("python3.11")
    # The dev box's Python is the same version, and compiles in less time than the emulated processor.
    call(["/usr/bin/python3", "-m", "compileall", "-q", "--invalidation-mode", "unchecked-hash", "-s", stage, stage / "lib/python3.11"])
    for name, text in _FILES.items():
        (stage / "etc" / name).parent.mkdir(parents=True, exist_ok=True)
        (stage / "etc" / name).write_text(text)
    shutil.rmtree(tree)
    (stage / "versions").write_text("".join(f"{name} {version}\n" for name, version in sorted(versions.items())))
