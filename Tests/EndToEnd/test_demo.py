"""`make run`: what it tells, and that it uses what is built."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from machines import ROOT, binary

pytestmark = pytest.mark.device

#: What must be said, in this order; between them may be more.
STORY = [
    r"Looking for the Debian packages",
    r"Bringing the image of redis up to date",
    r"arm64/redis: unchanged",
    r"the device SDK is up to date",
    r"Compiling Apus for arm64",
    r"aarch64: \.build/device/aarch64/apus is ready: \d+ bytes",
    r"Booting the device",
    r"^ +Linux \S+ aarch64$",
    r"Importing the image",
    r"^ +imported redis sha256:[0-9a-f]{64} \(2 layers\)$",
    r"Running redis in a container: at most 64 MB of memory, 64 processes and half a processor",
    r"^ +\$ apus .*image run .*--memory 64m --pids 64 --cpus 0\.5 redis$",
    r"Talking to it",
    r"^ +redis> PING$",
    r"^ +PONG$",
    r"^ +redis> SET greeting hello from a container$",
    r"^ +OK$",
    r"^ +redis> GET greeting$",
    r"^ +hello from a container$",
    r"The limits, as the kernel has them in /sys/fs/cgroup/apus/redis",
    r"^ +memory\.max +67108864$",
    r"^ +pids\.max +64$",
    r"^ +cpu\.max +50000 100000$",
    r"^ +memory\.current +(?P<memory>\d+)$",
    r"^ +pids\.current +(?P<processes>\d+)$",
    r"What the container sees",
    r"^ +Name:\s+redis-server$",
    r"^ +NSpid:\s+\d+\s+1$",
    r"^ +VmRSS:\s+\d+ kB$",
    r"^ +NoNewPrivs:\s+1$",
    r"^ +Seccomp:\s+2$",
    r"Ending it",
    r"^ +exit status 0$",
    r"Switching the device off",
    r"That was all",
]


def states(*paths: Path) -> list[tuple[int, int]]:
    """What tells whether files were made anew."""
    return [(status.st_ino, status.st_mtime_ns) for status in (path.stat() for path in paths)]


def test_make_run_tells_its_story_from_what_is_built() -> None:
    made = [binary("aarch64"), ROOT / ".build/images/arm64/redis/index.json", ROOT / ".build/sdks"]
    before = states(*made)
    done = subprocess.run(["make", "run"], cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    lines = iter(done.stdout.splitlines())
    figures: dict[str, str] = {}
    for part in STORY:
        found = next((match for match in (re.search(part, line) for line in lines) if match), None)
        assert found, f"{part!r} does not follow; it said:\n{done.stdout}"
        figures |= found.groupdict()
    assert 0 < int(figures["memory"]) <= 64 << 20
    assert 0 < int(figures["processes"]) <= 64
    times = [float(text) for text in re.findall(r"^\[ *([0-9.]+) s\] [A-Z]", done.stdout, re.MULTILINE)]
    assert times == sorted(times) and len(times) >= 10
    assert states(*made) == before, "something was built again; build first with: cross/build aarch64 && cross/images --arch arm64 redis"


@pytest.mark.parametrize("arguments", [["--help"], ["--no-such-option"]])
def test_the_command_behind_it_explains_itself(arguments: list[str]) -> None:
    done = subprocess.run([ROOT / "cross/run-demo", *arguments], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=30, check=False)
    if arguments == ["--help"]:
        assert (done.returncode, done.stderr) == (0, "") and "usage: cross/run-demo" in done.stdout
    else:
        assert (done.returncode, done.stdout) == (2, "") and "--no-such-option" in done.stderr
