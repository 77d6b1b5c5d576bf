"""The command line of Tests/Benchmarks/run."""

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from . import containers, imports, machine, programs, report, sizes
from .bundle import make_bundle
from .hierarchies import without_controllers_in_unified
from .processes import BenchmarkError, output_of

_DESCRIPTION = """\
Measures Apus beside crun, runc, bubblewrap, bsdtar, umoci, skopeo and a floor program in C, all in one run, and writes docs/benchmarks.md.
Needs root and the packages of Tests/Benchmarks/packages.txt. Takes about three minutes. Nothing is asserted: a slow result is a result.
"""


def main(arguments: Sequence[str]) -> int:
    """Runs the command; returns its exit status."""
    parser = argparse.ArgumentParser(prog="Tests/Benchmarks/run", description=_DESCRIPTION, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="few runs: to see that everything works, not for figures")
    page_file = programs.REPOSITORY / "docs/benchmarks.md"
    parser.add_argument("--output", type=Path, default=page_file, metavar="FILE", help="where the page goes (default: docs/benchmarks.md)")
    parser.add_argument("--work", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if os.geteuid() != 0:
        print("bench: containers with cgroups need root", file=sys.stderr)
        return 1
    if options.work is None:
        return _in_own_mount_namespace(arguments)
    try:
        page = report.write(_measure(options.work, quick=options.quick))
        _replace(options.output, page)
    except (BenchmarkError, OSError) as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    print(page)
    print(f"bench: written to {options.output}", file=sys.stderr)
    return 0


def _in_own_mount_namespace(arguments: Sequence[str]) -> int:
    """Runs this command again where its mounts are nobody else's business and go with the last process; then nothing is in the way of removing its folder."""
    build = programs.REPOSITORY / ".build"
    build.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="bench-", dir=build) as work:
        command = ["unshare", "--mount", "--propagation", "private", "--", sys.executable, sys.argv[0], "--work", work, *arguments]
        return subprocess.run(command, check=False).returncode


def _measure(work: Path, quick: bool) -> report.Results:
    rounds, runs, import_rounds, import_runs = (2, 5, 2, 2) if quick else (10, 40, 5, 5)
    _say("building")
    built = programs.build(work)
    conditions = machine.examine(programs.REPOSITORY, work)
    true_bundle = make_bundle(work / "true", ["/bin/true"])
    sleep_bundle = make_bundle(work / "sleep", ["/bin/sleep", "1000"])
    # The state of containers is on a tmpfs, as it is by default (/run).
    state = work / "state"
    state.mkdir()
    output_of(["mount", "-t", "tmpfs", "tmpfs", state])
    with without_controllers_in_unified() as moved:
        _say("running containers")
        ran, failures = containers.measure(built, true_bundle, sleep_bundle, work, rounds, runs)
    _say("importing images")
    layers = imports.layers_of(built.image)
    imported, more_failures = imports.measure(built, layers, work, import_rounds, import_runs)
    return report.Results(
        machine=conditions, versions=programs.versions(built), rounds=rounds, runs=runs, containers=ran, sizes=sizes.measure(built), layers=layers,
        imports=imported, import_rounds=import_rounds, import_runs=import_runs, failures=failures | more_failures, moved_controllers=moved,
    )


def _say(text: str) -> None:
    print(f"bench: {text}", file=sys.stderr, flush=True)


def _replace(file: Path, text: str) -> None:
    """Writes `file` whole or not at all."""
    staged = file.with_name(f".{file.name}.new")
    staged.write_text(text)
    staged.rename(file)
