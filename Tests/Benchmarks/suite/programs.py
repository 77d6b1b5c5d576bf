"""The programs that are measured and those that measure."""

import functools
import platform
import shutil
from dataclasses import dataclass, field
from pathlib import Path

from .processes import BenchmarkError, output_of

_HERE = Path(__file__).resolve().parent.parent
REPOSITORY = _HERE.parents[1]

#: Debian's word for the architectures that the kernel names otherwise.
DEBIAN_ARCHITECTURE = {"x86_64": "amd64", "aarch64": "arm64"}


@dataclass(frozen=True)
class Programs:
    """Where the binaries are. What is slow to make is made when a piece of the benchmark asks for it."""

    #: A folder for what is made.
    work: Path
    #: The device binaries to take instead of those that cross/build makes, by architecture.
    given: dict[str, Path]
    #: Other builds for this machine, to be measured beside the first one.
    also: dict[str, Path] = field(default_factory=dict)

    def built(self, architecture: str) -> Path:
        """The device binary of an architecture."""
        if architecture in self.given:
            return self.given[architecture]
        output_of([REPOSITORY / "cross/build", architecture], limit=3600)
        return REPOSITORY / ".build/device" / architecture / "apus"

    @property
    def apus(self) -> Path:
        """The device binary for this machine."""
        return self.built(platform.machine())

    @property
    def floor(self) -> Path:
        """What a runtime cannot avoid; see floor.c."""
        return _compiled("floor", self.work)

    @property
    def watch(self) -> Path:
        """See watch.c."""
        return _compiled("watch", self.work)

    @property
    def sequence(self) -> Path:
        """See sequence.c."""
        return _compiled("sequence", self.work)

    def image(self, name: str) -> Path:
        """An OCI layout directory with a test image for this machine."""
        architecture = DEBIAN_ARCHITECTURE[platform.machine()]
        output_of([REPOSITORY / "cross/images", "--arch", architecture, name], limit=3600)
        return (REPOSITORY / ".build/images" / architecture / name).resolve()


@functools.cache
def _compiled(name: str, work: Path) -> Path:
    output_of(["gcc", "-Wall", "-Wextra", "-Werror", "-O2", "-static", "-o", work / name, _HERE / f"{name}.c"])
    return work / name


def install_packages() -> None:
    """Installs the Debian packages that are missing; not root is told what to install."""
    lists = [_HERE / "packages.txt", *(REPOSITORY / folder / "packages.txt" for folder in ("toolchain", "cross", "cross/image-recipes"))]
    output_of([REPOSITORY / "toolchain/install-packages", *lists], limit=3600)


def binary(name: str) -> Path:
    """The full path of an installed program."""
    found = shutil.which(name)
    if found is None:
        raise BenchmarkError(f"{name}: not installed")
    return Path(found).resolve()


def versions(programs: Programs) -> dict[str, str]:
    """The first line that each program says about its version; nothing for one that is not there."""
    commands: dict[str, list[str | Path]] = {"apus": [programs.apus, "--version"]}
    commands |= {name: [path, "--version"] for name, path in programs.also.items()}
    for name in ("crun", "runc", "conmon", "bwrap", "bsdtar", "umoci", "skopeo", "hyperfine"):
        if shutil.which(name) is not None:
            commands[name] = [name, "--version"]
    return {name: output_of(command).splitlines()[0].strip() for name, command in commands.items()}


def calls_of(programs: Programs, command: list[str], work: Path) -> int:
    """System calls of a command and all that it starts, the median of five runs: how often something is waited for differs."""
    return sorted(watched(programs, "calls", command, work) for _ in range(5))[2]


def watched(programs: Programs, mode: str, command: list[str], work: Path) -> int:
    """One run under the watcher; see watch.c for the modes and units."""
    file = work / "watched"
    output_of([programs.watch, mode, file, *command])
    return int(file.read_text())
