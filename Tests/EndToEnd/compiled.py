"""Small static programs in C for what a shell cannot do, or not fast enough."""

from __future__ import annotations

import functools
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from machines import Machine

#: The names that the device SDK has for OCI's.
_ARCHITECTURES = {"amd64": "x86_64", "arm64": "aarch64"}


@functools.cache
def _folder() -> Path:
    """Where the programs are, as long as this process lives."""
    folder = tempfile.TemporaryDirectory(prefix="apus-compiled-")
    _folder.keep = folder  # type: ignore[attr-defined]
    return Path(folder.name)


@functools.cache
def program(source: Path, architecture: str) -> Path:
    """Compiles a program for a processor, by OCI's name of it; gives its file."""
    architecture = _ARCHITECTURES[architecture]
    sysroot = Path(__file__).resolve().parents[2] / ".build" / "sdks" / "apus-device.artifactbundle" / architecture / "sysroot"
    swift = shutil.which("swift")
    if swift is None or not sysroot.is_dir():
        pytest.fail("the Swift toolchain and the device SDK are needed; build the latter with: toolchain/build")
    clang, libraries = Path(swift).resolve().parent / "clang", sysroot / "usr" / "lib"
    target = _folder() / f"{source.stem}-{architecture}"
    command = [
        clang, f"--target={architecture}-linux-musl", f"--sysroot={sysroot}", "-Wall", "-Wextra", "-Werror", "-O2", "-static", "-nostdlib", "-fuse-ld=lld",
        "-o", target, libraries / "crt1.o", source, libraries / "libc.a", libraries / "libgcc.a",
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return target


def put(machine: Machine, source: Path, target: str) -> None:
    """Compiles a program for the machine and copies it there."""
    machine.put(program(source, machine.architecture), target)
    machine.sh(f"chmod 755 {target}")
