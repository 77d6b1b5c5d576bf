"""The programs that are measured and those that measure."""

import platform
import shutil
from dataclasses import dataclass
from pathlib import Path

from .processes import BenchmarkError, output_of

_HERE = Path(__file__).resolve().parent.parent
REPOSITORY = _HERE.parents[1]

#: Debian's word for the architectures that the kernel names otherwise.
DEBIAN_ARCHITECTURE = {"x86_64": "amd64", "aarch64": "arm64"}


@dataclass(frozen=True)
class Programs:
    """Where the binaries are."""

    #: The device binary for this machine.
    apus: Path
    #: The device binaries of all architectures, by name.
    built: dict[str, Path]
    floor: Path
    watch: Path
    #: An OCI layout directory for this machine.
    image: Path


def build(work: Path) -> Programs:
    """Installs missing packages, and builds the device binaries, the test image, the floor program and the watcher."""
    lists = [_HERE / "packages.txt", *(REPOSITORY / folder / "packages.txt" for folder in ("toolchain", "cross/image-recipes"))]
    output_of([REPOSITORY / "toolchain/install-packages", *lists], limit=3600)
    machine = platform.machine()
    output_of([REPOSITORY / "cross/build"], limit=3600)
    built = {folder.name: folder / "apus" for folder in sorted((REPOSITORY / ".build/device").iterdir()) if (folder / "apus").is_file()}
    if machine not in built:
        raise BenchmarkError(f"cross/build makes no binary for {machine}")
    architecture = DEBIAN_ARCHITECTURE[machine]
    output_of([REPOSITORY / "cross/images", "--arch", architecture, "redis"], limit=3600)
    for name in ("floor", "watch"):
        output_of(["gcc", "-Wall", "-Wextra", "-Werror", "-O2", "-static", "-o", work / name, _HERE / f"{name}.c"])
    image = (REPOSITORY / ".build/images" / architecture / "redis").resolve()
    return Programs(apus=built[machine], built=built, floor=work / "floor", watch=work / "watch", image=image)


def binary(name: str) -> Path:
    """The full path of an installed program."""
    found = shutil.which(name)
    if found is None:
        raise BenchmarkError(f"{name}: not installed")
    return Path(found).resolve()


def versions(programs: Programs) -> dict[str, str]:
    """The first line that each program says about its version."""
    commands: dict[str, list[str | Path]] = {"apus": [programs.apus, "--version"]}
    for name in ("crun", "runc", "bwrap", "bsdtar", "umoci", "skopeo", "hyperfine"):
        commands[name] = [name, "--version"]
    return {name: output_of(command).splitlines()[0].strip() for name, command in commands.items()}
