"""The command line of Tests/Benchmarks/run."""

import argparse
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from . import cold, device, imports, lifecycle, machine, many, memory, page, profile, programs, run, runtimes, sizes
from .bundle import make_bundle
from .context import Context, Piece, Section
from .hierarchies import layout_for_crun
from .processes import BenchmarkError, output_of

#: In the order of the page.
PIECES = (
    Piece("run", "wall time and system calls of `run /bin/true`", run.measure),
    Piece("profile", "where the processor time of `run /bin/true` goes", profile.measure),
    Piece("lifecycle", "create + start + delete, and exec into a running container", lifecycle.measure),
    Piece("cold", "`run /bin/true` when nothing of it is in the page cache", cold.measure),
    Piece("memory", "peak RSS of each command; PSS, RSS and wake-ups while a container runs", memory.measure),
    Piece("many", "100 containers one after another, and 100 at once", many.measure),
    Piece("device", "on a QEMU device with cgroup v2: memory.peak, the smallest memory.max that works, an idle minute", device.measure, needs_runtimes=False),
    Piece("size", "bytes of the binaries", sizes.measure, needs_runtimes=False),
    Piece("import", "importing images beside bsdtar, umoci and skopeo", imports.measure, needs_runtimes=False),
)

_DESCRIPTION = """\
Measures Apus beside crun, runc, bubblewrap, conmon, bsdtar, umoci, skopeo and a floor program in C, all in one run, and writes docs/benchmarks.md.
Needs root and the packages of Tests/Benchmarks/packages.txt. Takes from three quarters of an hour to an hour. Nothing is asserted: a slow result is a result.

pieces:
"""


def main(arguments: Sequence[str]) -> int:
    """Runs the command; returns its exit status."""
    options = _parse(arguments)
    if os.geteuid() != 0:
        print("bench: containers with cgroups need root", file=sys.stderr)
        return 1
    try:
        if options.work is None:
            programs.install_packages()
            return _in_own_mount_namespace(arguments)
        text = _measure(options)
        _replace(options.output, text)
    except (BenchmarkError, OSError) as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    print(text)
    print(f"bench: written to {options.output}", file=sys.stderr)
    return 0


def _parse(arguments: Sequence[str]) -> argparse.Namespace:
    description = _DESCRIPTION + "".join(f"  {piece.name:<10} {piece.what}\n" for piece in PIECES)
    parser = argparse.ArgumentParser(prog="Tests/Benchmarks/run", description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    page_file = programs.REPOSITORY / "docs/benchmarks.md"
    parser.add_argument("--quick", action="store_true", help="few runs: to see that everything works, not for figures")
    parser.add_argument("--only", type=_pieces, metavar="PIECES", help="measure only these, with commas between; needs --output")
    parser.add_argument("--output", type=Path, metavar="FILE", help="where the page goes (default: docs/benchmarks.md)")
    parser.add_argument("--apus", type=_program, metavar="FILE", help="the program for this machine, instead of the one that cross/build makes")
    parser.add_argument("--device-apus", type=_program, metavar="FILE", help="the same for aarch64")
    parser.add_argument(
        "--also", type=_named_program, action="append", default=[], metavar="NAME=FILE", help="another build of Apus for this machine, measured beside the first"
    )
    parser.add_argument("--work", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.output is None:
        if options.only or options.also:
            parser.error("a page with other figures than docs/benchmarks.md has needs --output")
        options.output = page_file
    return options


def _pieces(text: str) -> list[str]:
    names = text.split(",")
    unknown = set(names) - {piece.name for piece in PIECES}
    if unknown:
        raise argparse.ArgumentTypeError(f"there is no piece {', '.join(sorted(unknown))}; there are {', '.join(piece.name for piece in PIECES)}")
    return names


def _program(text: str) -> Path:
    path = Path(text).resolve()
    if not os.access(path, os.X_OK):
        raise argparse.ArgumentTypeError(f"{text} is no program")
    return path


def _named_program(text: str) -> tuple[str, Path]:
    name, equals, file = text.partition("=")
    if not name or not equals or not name.replace("-", "").isalnum():
        raise argparse.ArgumentTypeError(f"{text} is not NAME=FILE with a name of letters, digits and dashes")
    return f"apus-{name}", _program(file)


def _in_own_mount_namespace(arguments: Sequence[str]) -> int:
    """Runs this command again where its mounts are nobody else's business and go with the last process; then nothing is in the way of removing its folder."""
    build = programs.REPOSITORY / ".build"
    build.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="bench-", dir=build) as work:
        command = ["unshare", "--mount", "--propagation", "private", "--", sys.executable, sys.argv[0], "--work", work, *arguments]
        return subprocess.run(command, check=False).returncode


def _measure(options: argparse.Namespace) -> str:
    work: Path = options.work
    given = {"aarch64": options.device_apus, platform.machine(): options.apus}
    built = programs.Programs(work, {name: path for name, path in given.items() if path is not None}, dict(options.also))
    chosen = [piece for piece in PIECES if options.only is None or piece.name in options.only]
    conditions = machine.examine(programs.REPOSITORY, work)
    print("bench: building", file=sys.stderr, flush=True)
    _ = built.apus
    # The state of containers is on a tmpfs, as it is by default (/run).
    state = work / "state"
    state.mkdir()
    output_of(["mount", "-t", "tmpfs", "tmpfs", state])
    found, failures = runtimes.find(built.apus, built.also, state)
    context = Context(
        programs=built, work=work, quick=options.quick, runtimes=found, true_bundle=make_bundle(work / "true", ["/bin/true"]),
        sleep_bundle=make_bundle(work / "sleep", ["/bin/sleep", "1000000"]),
    )
    try:
        sections = _sections(context, chosen, failures)
    finally:
        runtimes.delete_all(found)
    return page.write(conditions, programs.versions(built), sections, whole=len(chosen) == len(PIECES))


def _sections(context: Context, chosen: Sequence[Piece], failures: dict[str, str]) -> list[Section]:
    sections = {}
    running = [piece for piece in chosen if piece.needs_runtimes]
    with layout_for_crun() as note:
        if running:
            usable, unusable = runtimes.working(context.runtimes, context.true_bundle)
            context.runtimes[:] = usable
            failures = failures | unusable
        for piece in running:
            sections[piece.name] = piece.measure(context)
    for piece in chosen:
        if not piece.needs_runtimes:
            sections[piece.name] = piece.measure(context)
    for piece in running[:1]:
        sections[piece.name].failures |= failures
        sections[piece.name].text[0] += note
    return [sections[piece.name] for piece in chosen]


def _replace(file: Path, text: str) -> None:
    """Writes `file` whole or not at all."""
    staged = file.with_name(f".{file.name}.new")
    staged.write_text(text)
    staged.rename(file)
