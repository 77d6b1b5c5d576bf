"""Running the programs of the dev box that the harness needs."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from .errors import DeviceError, UsageError

PACKAGES = {
    "apt-get": "apt",
    "depmod": "kmod",
    "dpkg-deb": "dpkg",
    "dropbearkey": "dropbear-bin",
    "mke2fs": "e2fsprogs",
    "mkfs.erofs": "erofs-utils",
    "mkfs.f2fs": "f2fs-tools",
    "qemu-system-aarch64": "qemu-system-arm",
    "ssh": "openssh-client",
    "ssh-keygen": "openssh-client",
    "tar": "tar",
    "timeout": "coreutils",
}
"""The Debian package of each program; `cross/packages.txt` lists the same ones, with the reasons."""

_SEARCH = os.pathsep.join([os.environ.get("PATH", "/usr/bin:/bin"), "/usr/local/sbin", "/usr/sbin", "/sbin"])
"""PATH, and the administrator's directories, which an ordinary user's PATH lacks on Debian."""


def require(names: Iterable[str]) -> None:
    """Fails with the one line that installs them if any of the programs is missing."""
    missing = sorted({PACKAGES[name] for name in names if shutil.which(name, path=_SEARCH) is None})
    if missing:
        raise UsageError(f"missing programs; install them with: apt-get install --no-install-recommends {' '.join(missing)}")


def find(name: str) -> str:
    """The path of a program."""
    path = shutil.which(name, path=_SEARCH)
    if path is None:
        require([name])
        raise DeviceError(f"{name} vanished")
    return path


def notice(text: str) -> None:
    """Tells the user what takes long."""
    print(f"device: {text}", file=sys.stderr, flush=True)


def call(arguments: Sequence[str | Path], *, limit: float = 600, environment: dict[str, str] | None = None, cwd: Path | None = None) -> str:
    """Runs a program to its end and returns what it printed; a failure carries the last lines of its error output."""
    command = [find(str(arguments[0])), *map(str, arguments[1:])]
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace", timeout=limit, cwd=cwd,
            env=None if environment is None else {**os.environ, **environment}, check=False,
        )
    except subprocess.TimeoutExpired:
        raise DeviceError(f"{arguments[0]} did not end within {limit:g} s") from None
    if done.returncode != 0:
        lines = (done.stderr or done.stdout).strip().splitlines()[-4:]
        raise DeviceError(f"{arguments[0]} failed with status {done.returncode}: {' / '.join(lines)}")
    return done.stdout
