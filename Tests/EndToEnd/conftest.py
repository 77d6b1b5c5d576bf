"""The machines of the end-to-end tests. Each is made when the first test asks for it, and every test leaves it as it was."""

from __future__ import annotations

import contextlib
import os
import platform
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import deny_calls
import pytest
from machines import ROOT, Emulated, Machine, Native, binary

from harness import Device, Options


def pytest_configure(config: pytest.Config) -> None:
    """Declares the marks."""
    config.addinivalue_line("markers", "device: runs on a device under QEMU")
    config.addinivalue_line("markers", "native: runs containers on this machine")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Skips, with the reason, what this machine cannot run, and leaves out what makes no sense."""
    # On the device, which is slow, either no call is denied or all of them.
    left_out = [item for item in items if _parameter(item, "machine") == "v2" and not _is_for_the_device(item)]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if item not in left_out]
    images = ROOT / ".build" / "images" / "arm64"
    lacks_images = not all((images / name).is_dir() for name in ("busybox", "mosquitto", "nginx", "redis"))
    for item in items:
        # Who is root could have made them, so to root it is a failure.
        if item.get_closest_marker("device") is not None and lacks_images and os.geteuid() != 0:
            item.add_marker(pytest.mark.skip(reason="needs the test images, which only root can make: sudo cross/images"))
        if item.get_closest_marker("native") is None:
            continue
        if platform.machine() != "x86_64":
            item.add_marker(pytest.mark.skip(reason=f"this machine is {platform.machine()}; the tests on the dev box are for x86_64"))
        elif os.geteuid() != 0:
            item.add_marker(pytest.mark.skip(reason="needs root, because containers do"))


def _is_for_the_device(item: pytest.Item) -> bool:
    denied = _parameter(item, "denied")
    return _parameter(item, "calls") in (None, "", deny_calls.ALL) and (not isinstance(denied, deny_calls.Denied) or denied.is_for_the_device)


def _parameter(item: pytest.Item, name: str) -> object:
    found = getattr(item, "callspec", None)
    return None if found is None else found.params.get(name)


@pytest.fixture(scope="session")
def native_machine() -> Iterator[Machine]:
    """This machine. Its folder is reachable for other users, which those of pytest are not."""
    with tempfile.TemporaryDirectory(prefix="apus-e2e-") as folder:
        Path(folder).chmod(0o755)
        yield Native(Path(folder), binary("x86_64"))


class _SharedDevice:
    """A device with Debian's kernel and cgroup v2 that files of tests use after each other, each in folders of its own.

    Not for ever: after ten minutes of tests the kernel of one stood still for a minute at a time, in two runs of two ("soft lockup" of kcompactd0, tar and a shell).
    """

    _LIMIT = 300.0
    """Seconds after which it is not given to another file."""

    def __init__(self) -> None:
        self._device: Device | None = None
        self._end = 0.0

    @contextlib.contextmanager
    def lend(self, session: pytest.Session) -> Iterator[Machine]:
        # One that went off would fail every file after it.
        if self._device is not None and not self._device.running:
            self.discard()
        if self._device is None:
            binary("aarch64")
            self._device = Device.boot(Options(kernel="debian", cgroups="v2"))
            self._end = time.monotonic() + self._LIMIT
        before = session.testsfailed
        machine = Emulated(self._device, "v2")
        yield machine
        # What a test that failed has left could be in the way of others.
        if session.testsfailed != before or time.monotonic() > self._end:
            self.discard()
        else:
            machine.remove()

    def discard(self) -> None:
        if self._device is not None:
            self._device.discard()
        self._device = None


@pytest.fixture(scope="session")
def shared_device() -> Iterator[_SharedDevice]:
    """What `v2_machine` is on."""
    shared = _SharedDevice()
    yield shared
    shared.discard()


@pytest.fixture(scope="module")
def v2_machine(shared_device: _SharedDevice, request: pytest.FixtureRequest) -> Iterator[Machine]:
    """A device with Debian's kernel and cgroup v2, with nothing on it."""
    with shared_device.lend(request.session) as machine:
        yield machine


@pytest.fixture
def denied(request: pytest.FixtureRequest) -> deny_calls.Denied | None:
    """What apus has to do without in this test; a test that says nothing about it has all that the kernel has."""
    return getattr(request, "param", None)


def _lend(machine: Machine, denied: deny_calls.Denied | None) -> Iterator[Machine]:
    """Gives the machine to one test, of whose containers nothing may be left."""
    if denied is not None:
        machine.wrapper = denied.wrapper(machine)
    try:
        yield machine
    finally:
        machine.wrapper = []
    machine.require_nothing_left()


@pytest.fixture(params=[pytest.param("native", marks=pytest.mark.native), pytest.param("v2", marks=pytest.mark.device)])
def machine(request: pytest.FixtureRequest, denied: deny_calls.Denied | None) -> Iterator[Machine]:
    """First this machine, then the device: a test that uses it runs on both."""
    yield from _lend(request.getfixturevalue(f"{request.param}_machine"), denied)


@pytest.fixture
def native(native_machine: Machine, denied: deny_calls.Denied | None) -> Iterator[Machine]:
    """Only this machine; the test must have the mark `native`."""
    yield from _lend(native_machine, denied)


@pytest.fixture
def v2(v2_machine: Machine, denied: deny_calls.Denied | None) -> Iterator[Machine]:
    """Only the device; the test must have the mark `device`."""
    yield from _lend(v2_machine, denied)


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder on this machine to make images and archives in."""
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


@pytest.fixture
def alone() -> Iterator[Native]:
    """This machine, with a store that has nothing in it; the test must have the mark `native`."""
    with tempfile.TemporaryDirectory(prefix="apus-alone-") as folder:
        # Containers of other users have to reach their files.
        Path(folder).chmod(0o755)
        machine = Native(Path(folder), binary("x86_64"))
        yield machine
        machine.require_nothing_left()
