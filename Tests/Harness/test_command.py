"""The command `cross/device`, as a user calls it."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

COMMAND = Path(__file__).resolve().parents[2] / "cross" / "device"


def device(build: Path, *words: str, data: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    """Runs `cross/device` with a build directory of the tests."""
    return subprocess.run([COMMAND, *words], env={**os.environ, "APUS_BUILD": str(build)}, input=data, capture_output=True, timeout=120, check=False)


def emulators(build: Path) -> list[str]:
    """The command lines of the emulators that run with files below `build`."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = path.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except (FileNotFoundError, ProcessLookupError):
            continue
        if line.startswith("/usr/bin/qemu-system") and f"file={build}/devices/" in line:
            found.append(line)
    return found


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Path]:
    """An empty build directory; nothing may run in it when the test is over."""
    yield tmp_path
    assert emulators(tmp_path) == []


def wait_until(condition: Callable[[], bool], seconds: float = 20) -> bool:
    """Whether a condition comes true in that time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.05)
    return False


def test_a_command_in_a_fresh_device(own: Path) -> None:
    done = device(own, "run", "--kernel", "phone", "--", "sh", "-c", "cat; uname -m >&2; exit 9", data=b"input\0\n")
    assert (done.returncode, done.stdout, done.stderr) == (9, b"input\0\n", b"aarch64\n")
    assert not list((own / "devices").glob("tmp-*")), "it vanishes"


def test_the_life_of_a_named_device(own: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    done = device(own, "boot", "--name", "a", "--kernel", "phone", "--cgroups", "android")
    assert done.returncode == 0, done.stderr
    assert b"device a is ready after " in done.stdout

    again = device(own, "boot", "--name", "a")
    assert (again.returncode, again.stderr) == (2, b"device: the device a is running already\n")
    assert device(own, "run", "--name", "a", "--cgroups", "v2", "--", "true").returncode == 2, "it runs with other options"
    assert b"a                running  kernel phone, cgroups android" in device(own, "list").stdout

    files = tmp_path_factory.mktemp("files")
    (files / "in").write_text("content\n")
    assert device(own, "copy", "--name", "a", str(files / "in"), "device:/data/in").returncode == 0
    assert device(own, "copy", "--name", "a", "device:/data/in", str(files / "out")).returncode == 0
    assert (files / "out").read_text() == "content\n"
    assert device(own, "run", "--name", "a", "--", "sync").returncode == 0

    limit = device(own, "run", "--name", "a", "--timeout", "1", "--", "sleep", "60")
    assert (limit.returncode, limit.stderr) == (124, b"device: timed out after 1 s while running: sleep 60\n")

    writing = "echo 1 >/data/one; sync; echo reached; sleep 60"
    cut = device(own, "power-cut", "--name", "a", "--while", writing, "--when-output", "reached", "--boot")
    assert (cut.returncode, cut.stdout) == (0, b"reached\n"), cut.stderr
    assert device(own, "run", "--name", "a", "--", "cat", "/data/one", "/data/in").stdout == b"1\ncontent\n"

    early = device(own, "power-cut", "--name", "a", "--while", "exit 3", "--after", "5")
    assert (early.returncode, early.stderr) == (1, b"device: the command ended with status 3 before the power was to be cut\n")

    assert device(own, "remove", "--name", "a").returncode == 2, "it is running"
    assert device(own, "stop", "--name", "a").returncode == 0
    assert b"device: off" in device(own, "console", "--name", "a").stdout
    assert b"off" in device(own, "list").stdout
    off = device(own, "run", "--name", "a", "--", "cat", "/data/one")
    assert (off.returncode, off.stdout) == (0, b"1\n"), "it boots for the command, with its disk and its options"
    assert emulators(own) == []
    assert device(own, "remove", "--name", "a").returncode == 0
    assert device(own, "list").stdout == b""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_nothing_outlives_its_owner(own: Path, number: signal.Signals) -> None:
    running = subprocess.Popen(
        # A shell has what it runs in the background ignore SIGINT; the tests may run there.
        ["env", "--default-signal=INT", COMMAND, "run", "--kernel", "phone", "--", "sh", "-c", "echo up; sleep 100"], env={**os.environ, "APUS_BUILD": str(own)},
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
    )
    assert running.stdout is not None
    assert running.stdout.readline() == b"up\n"
    assert len(emulators(own)) == 1
    running.send_signal(number)
    status = running.wait(timeout=30)
    assert status == {signal.SIGINT: 130, signal.SIGTERM: 143, signal.SIGKILL: -9}[number]
    assert wait_until(lambda: not emulators(own))
    running.stdout.close()


def test_preparing_says_what_there_is(own: Path) -> None:
    done = device(own, "prepare", "--kernel", "phone")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(b"phone kernel 6.1") and b"busybox-static" in done.stdout


def test_two_devices_at_once(own: Path) -> None:
    first, second = (
        subprocess.Popen(
            [COMMAND, "run", "--kernel", "phone", "--", "sh", "-c", f"echo {name} >/data/name; sleep 1; cat /data/name"],
            env={**os.environ, "APUS_BUILD": str(own)}, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        )
        for name in ("first", "second")
    )
    assert first.communicate(timeout=60)[0] == b"first\n"
    assert second.communicate(timeout=60)[0] == b"second\n"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("stop", "--name", "none"), b"the device none is not running; start it with: cross/device boot --name none"),
        (("console", "--name", "none"), b"there is no device none"),
        (("copy", "/etc/hostname", "/tmp/x"), b"one of FROM and TO must be in the device"),
        (("copy", "/etc/hostname", "device:x"), b"the path in the device must start with /"),
        (("boot", "--memory", "1M"), b"the memory must be between 64M and 64G"),
        (("boot", "--cpus", "0"), b"a device has 1 to 8 processors"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(own: Path, words: tuple[str, ...], message: bytes) -> None:
    done = device(own, *words)
    assert done.returncode == 2
    assert message in done.stderr
    assert done.stderr.count(b"\n") == 1
    assert not list(own.glob("devices/[a-z]*/")), "nothing is left"
