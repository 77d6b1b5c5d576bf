"""Sizes of binaries on disk."""

from dataclasses import dataclass
from pathlib import Path

from .context import Context, Goal, Section, attempt, table
from .processes import output_of
from .programs import binary


@dataclass(frozen=True)
class Size:
    """One binary; bytes."""

    bytes: int
    static: bool
    #: The shared libraries that it loads, the C library included; 0 for a static one.
    libraries: int


def measure(context: Context) -> Section:
    """Measures our binaries and the installed peers."""
    section = Section("Size on disk")
    context.say("sizes")
    sizes: dict[str, Size] = {}
    for architecture in ("aarch64", "x86_64"):
        size = _size(context.programs.built(architecture))
        sizes[f"apus, {architecture}"] = size
        section.goals.append(Goal(f"binary, {architecture}", 1 << 20, size.bytes, "bytes"))
    files = {name: (lambda path=path: path) for name, path in context.programs.also.items()}
    files |= {name: (lambda name=name: binary(name)) for name in ("crun", "runc", "bwrap", "conmon")}
    for name, find in files.items():
        attempt(section.failures, name, lambda name=name, find=find: sizes.update({name: _size(find())}))
    sizes["floor (static, glibc)"] = _size(context.programs.floor)
    section.text = [
        "Stripped binaries in bytes; a dynamic one needs its libraries as well.",
        table(
            ("binary", "bytes", "linked", "libraries"),
            [
                (name, f"{size.bytes:,}", "static" if size.static else "dynamic", f"{size.libraries:,}" if size.libraries else "–")
                for name, size in sizes.items()
            ],
        ),
    ]
    return section


def _size(file: Path) -> Size:
    static = "INTERP" not in output_of(["readelf", "--program-headers", "--wide", file])
    return Size(file.stat().st_size, static, 0 if static else sum(library.stat().st_size for library in _libraries(file)))


def _libraries(file: Path) -> set[Path]:
    lines = output_of(["ldd", file]).splitlines()
    return {Path(word).resolve() for line in lines for word in line.split() if word.startswith("/")}
