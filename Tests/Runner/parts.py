"""The parts of the test run, in the order in which they run."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from .lint import lint
from .process import LOGS, ROOT, run
from .tally import Tally

sys.path.insert(0, str(ROOT / "cross"))

from harness import kernels  # noqa: E402  (it lies in cross/, which the line above makes importable)

_KERNELS = ROOT / "cross" / "kernels"


@dataclass(frozen=True)
class Part:
    """One part: its name on the command line, its title in the table, and what it does."""

    name: str
    title: str
    run: Callable[[], Tally]


def packages() -> Tally:
    """Installs missing Debian packages, where this is root; otherwise says how to."""
    # The phone kernel, once it is built or seeded, needs its compiler no more.
    unneeded = {_KERNELS} if _phone_kernel_is_there() else set()
    lists = [path for top in ("toolchain", "cross", "Tests") for path in sorted((ROOT / top).rglob("packages.txt")) if path.parent not in unneeded]
    return _one("needed packages", run(["toolchain/install-packages", *lists], 1800))


def unit() -> Tally:
    """Builds the modules as ordinary Swift and runs their unit tests."""
    report = LOGS / "unit.xml"
    # SwiftPM writes the cases of Swift Testing to a file of this name, beside those of XCTest.
    cases = LOGS / "unit-swift-testing.xml"
    cases.unlink(missing_ok=True)
    status = run(["swift", "test", "--xunit-output", report], 1800, LOGS / "unit.log")
    tally = Tally()
    if cases.exists():
        tally.add_xunit(cases)
    if status != 0 and tally.failed == 0:
        tally.add_failure(f"swift test ended with status {status}")
    elif status == 0 and tally.passed == 0:
        tally.add_failure("swift test ran no test")
    return tally


def fuzz() -> Tally:
    """Fuzzes each reader for two seconds, the inputs of Tests/Fuzz/corpus first; long runs are Tests/Fuzz/run's own."""
    log = LOGS / "fuzz.log"
    status = run(["Tests/Fuzz/run", "--seconds", "2"], 1800, log)
    words = [line.split() for line in log.read_text(errors="replace").splitlines()]
    tally = Tally(passed=sum(len(line) > 2 and line[0].endswith(":") and line[2] == "executions," for line in words))
    for line in words:
        if len(line) == 2 and line[0] == "FAILED":
            tally.add_failure(line[1])
    if status != 0 and tally.failed == 0:
        tally.add_failure(f"Tests/Fuzz/run ended with status {status}")
    elif status == 0 and tally.passed == 0:
        tally.add_failure("Tests/Fuzz/run fuzzed nothing")
    return tally


def binaries() -> Tally:
    """Builds the device binary for both architectures, side by side: most of the time goes into linking, which takes one processor. A warning of the compiler is
    an error."""
    if run(["toolchain/build"], 1800) != 0:
        return _one("toolchain/build", 1)
    tally = Tally()
    names = ("x86_64", "aarch64")
    with ThreadPoolExecutor(min(len(names), os.cpu_count() or 1)) as pool:
        for name, status in zip(names, pool.map(lambda name: run(["cross/build", name], 1800), names), strict=True):
            if status == 0:
                tally.passed += 1
            else:
                tally.add_failure(f"cross/build {name}")
    return tally


def images() -> Tally:
    """Builds the test images, which needs root unless the cache has them, and the phone kernel if nobody did."""
    status = run(["cross/images"], 1800)
    tally = Tally()
    if status != 0 and os.geteuid() != 0:
        tally.add_skip("the test images can only be made by root: sudo cross/images")
    else:
        tally = _one("cross/images", status)
    if not _phone_kernel_is_there():
        print("building the phone kernel, once: this takes about 12 minutes (cross/kernels/seed spares them)", flush=True)
        kernel = _one("cross/kernels/build-phone-kernel", run(["cross/kernels/build-phone-kernel"], 3600))
        tally.passed += kernel.passed
        tally.failed += kernel.failed
        tally.names += kernel.names
    return tally


def _one(name: str, status: int) -> Tally:
    """A part that is one test."""
    tally = Tally(passed=int(status == 0))
    if status != 0:
        tally.add_failure(f"{name} ended with status {status}")
    return tally


def _phone_kernel_is_there() -> bool:
    return (kernels.phone_kernel_directory() / "Image").exists()


def _python(name: str, limit: float, *arguments: str) -> Callable[[], Tally]:
    """Tests written in Python, run by pytest; `arguments` select them."""

    def part() -> Tally:
        report = LOGS / f"{name}.xml"
        report.unlink(missing_ok=True)
        command = ["/usr/bin/python3", "-B", "-m", "pytest", "-p", "no:cacheprovider", "-q", "--durations=5", f"--junitxml={report}", *arguments]
        status = run(command, limit)
        tally = Tally()
        if report.exists():
            tally.add_xunit(report)
        # 5: nothing was selected, which is an error here.
        if status != 0 and tally.failed == 0:
            tally.add_failure(f"pytest ended with status {status}")
        return tally

    return part


def _side_by_side() -> Sequence[str]:
    """Tests on devices run on several at a time, each with its own: an emulated device hardly ever uses more than one processor."""
    return "-n", str(max(1, min(4, os.cpu_count() or 1))), "--dist", "loadfile"


def folders_with_python_tests() -> Sequence[Path]:
    """The folders of Tests/ with tests of the tools (not the end-to-end tests), so that a new one is not forgotten."""
    found = {path.parent for path in (ROOT / "Tests").glob("*/test_*.py")}
    return sorted(found - {ROOT / "Tests" / "EndToEnd"})


def all_parts() -> list[Part]:
    """Every part."""
    tools = [
        Part(path.name.lower(), f"tests of the tools: {path.name}", _python(path.name.lower(), 1200, str(path.relative_to(ROOT))))
        for path in folders_with_python_tests()
    ]
    return [
        Part("packages", "Debian packages", packages),
        Part("lint", "lint", lint),
        Part("unit", "unit tests", unit),
        Part("fuzz", "fuzzing, briefly", fuzz),
        Part("binaries", "device binaries", binaries),
        Part("images", "test images and kernel", images),
        *tools,
        Part("native", "end to end, this machine", _python("native", 2400, "Tests/EndToEnd", "-m", "not device")),
        Part("device", "end to end, QEMU device", _python("device", 3000, "Tests/EndToEnd", "-m", "device", *_side_by_side())),
    ]
