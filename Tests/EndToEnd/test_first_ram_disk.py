"""A system that never leaves the kernel's first RAM disk: pivot_root(2) cannot take its root away, so the container's root is moved over it."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from machines import Emulated, Machine, binary
from security.test_security_root import test_security_23_procfs_and_sysfs_of_the_host_are_hidden as require_kernel_file_systems_hidden
from specs import shell
from test_running import left_alone, state

from harness import Device, Options

pytestmark = pytest.mark.device
WARNING = "the host's root is its first RAM disk"


@pytest.fixture(scope="module")
def ram_device() -> Iterator[Machine]:
    """A device whose root is the first RAM disk."""
    binary("aarch64")
    with Device.boot(Options(root="ram", memory=512 << 20)) as booted:
        yield Emulated(booted, "ram")


@pytest.fixture
def ram(ram_device: Machine) -> Iterator[Machine]:
    """The same; the test must leave nothing on it."""
    yield ram_device
    ram_device.require_nothing_left()


def test_the_kernel_refuses_to_pivot_its_root(ram: Machine) -> None:
    assert ram.sh("awk '$5 == \"/\" { print $1 == $2, $9 }' /proc/self/mountinfo").split()[0] == "1"
    refusal = ram.run(["unshare", "-m", "sh", "-c", "mount -t tmpfs new /tmp && mkdir /tmp/old && pivot_root /tmp /tmp/old"])
    assert refusal.status != 0 and "Invalid argument" in refusal.error


def test_a_bundle_runs_and_is_told_how(ram: Machine) -> None:
    result = ram.run_bundle(shell("ls /; cat /proc/1/comm; cd /; cd ../../..; ls -d bin; touch /x 2>/dev/null || echo read-only"))
    assert result.status == 0, result.error
    assert result.error.count("\n") == 1 and WARNING in result.error and "procfs and sysfs are covered" in result.error
    assert result.lines[-3:] == ["sh", "bin", "read-only"] and not {"data", "images", "init"} & set(result.lines)
    # Nothing of the host is in its mount table.
    mounts = ram.run_bundle(shell("cat /proc/self/mountinfo")).lines
    assert mounts and not any("/data" in line.split()[4] or "rootfs" in line for line in mounts)


def test_who_asks_for_it_is_told_nothing(ram: Machine) -> None:
    bundle = ram.bundle(shell("exit 4"))
    result = ram.call("run", "--no-pivot", "--bundle", bundle.path, bundle.id)
    assert (result.status, result.error) == (4, "")


def test_procfs_and_sysfs_of_the_host_are_hidden(ram: Machine) -> None:
    require_kernel_file_systems_hidden(ram, [])


def test_an_image_runs(ram: Machine) -> None:
    result = ram.run_image("sh", "-c", "echo runs >/tmp/file; cat /tmp/file; ls -d /data 2>/dev/null || echo nothing of the host")
    assert result.succeeded().lines == ["runs", "nothing of the host"] and WARNING in result.error


def test_a_process_joins_the_container_and_not_what_is_below(ram: Machine) -> None:
    bundle = ram.bundle(shell("while :; do sleep 0.1; done"))
    left_alone(bundle, "run", "--detach", "--bundle", bundle.path, bundle.id)
    try:
        joined = ram.call("exec", bundle.id, "sh", "-c", "hostname; ls -d /data /images 2>/dev/null || echo inside")
        assert joined.succeeded().lines == ["inside", "inside"]
        rows = {row["asked"]: row["by"] for row in json.loads(ram.call("state", bundle.id).succeeded().text)["enforcement"]}
        assert rows["mount"] == "CLONE_NEWNS, the host's mounts below a root that was moved over them"
        assert rows["uts"] == "CLONE_NEWUTS"
        ram.call("pause", bundle.id).succeeded()
        assert state(bundle) == "paused"
    finally:
        ram.call("delete", "--force", bundle.id).succeeded()


def test_the_check_says_the_same(ram: Machine) -> None:
    result = ram.call("check", "--json")
    row = next(row for row in json.loads(result.text)["features"] if row["key"] == "pivot-root")
    assert (result.status, row["verdict"], row["found"]) == (3, "stand-in", "absent: invalid argument")
    bundle = ram.bundle(shell("exit 0"))
    answer = ram.call("check", "--bundle", bundle.path)
    assert answer.status == 3 and WARNING in answer.text and bundle.run().status == 0
