"""Sizes of binaries on disk."""

from dataclasses import dataclass
from pathlib import Path

from .processes import output_of
from .programs import Programs, binary


@dataclass(frozen=True)
class Size:
    """One binary; bytes."""

    bytes: int
    static: bool
    #: The shared libraries that it loads, the C library included; 0 for a static one.
    libraries: int


def measure(programs: Programs) -> dict[str, Size]:
    """The sizes of our binaries and of the installed peers, by name."""
    ours = {f"apus, {name}": _size(file) for name, file in programs.built.items()}
    return ours | {name: _size(binary(name)) for name in ("crun", "runc", "bwrap")} | {"floor (static, glibc)": _size(programs.floor)}


def _size(file: Path) -> Size:
    static = "INTERP" not in output_of(["readelf", "--program-headers", "--wide", file])
    return Size(file.stat().st_size, static, 0 if static else sum(library.stat().st_size for library in _libraries(file)))


def _libraries(file: Path) -> set[Path]:
    lines = output_of(["ldd", file]).splitlines()
    return {Path(word).resolve() for line in lines for word in line.split() if word.startswith("/")}
