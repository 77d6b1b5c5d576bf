"""What is remembered of a device between calls: its options, and the emulator that runs it."""

from __future__ import annotations

import dataclasses
import json
import re
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from . import places
from .errors import DeviceError, UsageError
from .qemu import Process

ROOTS = ("disk", "ram")
LAYOUTS = ("v2", "v1", "hybrid", "android", "none")


@dataclass(frozen=True)
class Options:
    """How a device is made. Sizes in bytes."""

    kernel: str = "debian"
    """`debian` or `phone`."""
    cgroups: str = "v2"
    """The layout that the guest sets up: `v2`, `v1`, `hybrid`, `android` or `none`."""
    root: str = "disk"
    """What `/` is: `disk`, or `ram` for the kernel's first RAM disk, which the guest then never leaves."""
    memory: int = 256 << 20
    cpus: int = 2
    data: str = "ext4"
    """The data disk's file system: `ext4` or `f2fs`."""
    data_size: int = 1 << 30
    engines: bool = False
    """Whether Podman and containerd are there, on a disk of their own."""
    lifetime: int = 7200
    """Seconds after which the device switches itself off."""
    append: str = ""
    """More words for the kernel's command line."""

    def check(self) -> None:
        """Refuses what cannot be emulated."""
        if self.cgroups not in LAYOUTS:
            raise UsageError(f"there is no cgroup layout '{self.cgroups}': choose one of {', '.join(LAYOUTS)}")
        if not 64 << 20 <= self.memory <= 64 << 30:
            raise UsageError("the memory must be between 64M and 64G")
        if not 1 <= self.cpus <= 8:
            raise UsageError("a device has 1 to 8 processors")
        if not 5 <= self.lifetime <= 7 * 86400:
            raise UsageError("the lifetime must be between 5 seconds and 7 days")


@dataclass(frozen=True)
class State:
    """The contents of `device.json`. `process` and `port` are those of the last boot."""

    options: Options
    process: Process
    port: int


def save(directory: Path, state: State) -> None:
    """Writes `device.json`; a reader sees the old one or the new one."""
    stage = directory / "device.json.new"
    stage.write_text(json.dumps(dataclasses.asdict(state), indent=2) + "\n")
    stage.rename(directory / "device.json")


def load(directory: Path) -> State | None:
    """Reads `device.json`; None when the device was never booted."""
    try:
        text = (directory / "device.json").read_text()
    except FileNotFoundError:
        return None
    try:
        fields = json.loads(text)
        return State(Options(**fields["options"]), Process(**fields["process"]), int(fields["port"]))
    except (ValueError, KeyError, TypeError) as error:
        raise DeviceError(f"{directory / 'device.json'} is damaged ({error}); remove the device's directory") from None


def directory_of(name: str) -> Path:
    """The directory of a named device."""
    if not re.fullmatch(r"(?!tmp-)[a-z0-9][a-z0-9-]{0,30}", name):
        raise UsageError(f"'{name}' is not a name for a device: small letters, digits and dashes, at most 31, and not tmp-…")
    return places.DEVICES / name


def names() -> list[str]:
    """The named devices, running or not."""
    return sorted(path.parent.name for path in places.DEVICES.glob("*/device.json") if not path.parent.name.startswith("tmp-"))


def temporary_directory() -> tuple[Path, IO[str]]:
    """A directory for a device without a name, and the lock that says that it is in use. Removes those that a killed owner left behind."""
    places.DEVICES.mkdir(parents=True, exist_ok=True)
    with places.locked(places.DEVICES / "lock"):
        for path in places.DEVICES.glob("tmp-*"):
            lock = places.try_lock(path / "lock")
            if lock is not None:
                shutil.rmtree(path, ignore_errors=True)
                lock.close()
        directory = Path(tempfile.mkdtemp(prefix="tmp-", dir=places.DEVICES))
        lock = places.try_lock(directory / "lock")
    if lock is None:
        raise DeviceError(f"{directory} is locked by somebody else")
    return directory, lock
