"""Where apus has only a part of the control groups, or none: what can be had is had, and what cannot is refused with the reason."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import compiled
import deny_calls
import pytest
from machines import Emulated, Machine, binary
from specs import shell
from test_running import left_alone, state

from harness import Device, Options

pytestmark = pytest.mark.device

MIB = 1 << 20
#: What is handed down, and the groups that it is handed to.
PART = "/sys/fs/cgroup/part"
TREE = f"{PART}/tree"


@pytest.fixture(scope="module")
def device() -> Iterator[Emulated]:
    """A device with cgroup v2, on which a part of the tree has memory and processes counted, and nothing else."""
    binary("aarch64")
    with Device.boot(Options(kernel="debian", cgroups="v2")) as booted:
        machine = Emulated(booted, "part")
        compiled.put(machine, Path(__file__).with_name("enter_group.c"), f"{machine.lasting}/enter_group")
        machine.sh(f"""
            echo +memory +pids +cpu >/sys/fs/cgroup/cgroup.subtree_control
            mkdir {PART}; echo +memory +pids >{PART}/cgroup.subtree_control; mkdir {TREE} {TREE}/init
        """)
        yield machine


@pytest.fixture
def part(device: Emulated, request: pytest.FixtureRequest) -> Iterator[Emulated]:
    """The device with apus where the tree is all that there is of control groups; the parameter is the group below that apus is in, and how they are mounted.
    Nothing of a test may stay."""
    below, mode = request.param
    enter = f"{device.lasting}/enter_group"
    keeper = device.sh(f"{enter} make part/tree {below} {mode}").strip()
    device.wrapper = [enter, "join", keeper, f"part/tree/{below}", "--"]
    try:
        yield device
    finally:
        device.wrapper = []
        # A group with processes can hand nothing down, nor one that hands something down have processes.
        device.sh(f"""
            kill -9 {keeper}; until [ ! -s {TREE}/{below}/cgroup.procs ]; do sleep 0.05; done
            [ ! -e {TREE}/apus ] || rmdir {TREE}/apus
            sed 's/[a-z][a-z]*/-&/g' {TREE}/cgroup.subtree_control >/tmp/off; cat /tmp/off >{TREE}/cgroup.subtree_control
        """)
    device.require_nothing_left()


def inside(below: str = "init", mode: str = "rw") -> pytest.MarkDecorator:
    """Has a test run apus so."""
    return pytest.mark.parametrize("part", [pytest.param((below, mode), id=f"{below} {mode}")], indirect=True)


def limited(script: str, **resources: Any) -> dict[str, Any]:
    """A config.json with these limits."""
    document = shell(script)
    document["linux"]["resources"] |= resources
    return document


@inside()
def test_limits_are_set_below_a_part_of_the_tree(part: Emulated) -> None:
    document = limited("echo ready; read wait; exit 4", memory={"limit": 32 * MIB}, pids={"limit": 20})
    bundle = part.bundle(document)
    with part.start(bundle.command) as running:
        assert running.line() == "ready"
        assert part.sh(f"cat {TREE}/apus/{bundle.id}/memory.max {TREE}/apus/{bundle.id}/pids.max").split() == [str(32 * MIB), "20"]
        running.stdin.close()
        assert running.wait() == 4
    assert part.run_bundle(limited("exec tail /dev/zero", memory={"limit": 16 * MIB})).status == 137


@inside()
def test_a_controller_that_is_not_handed_down_is_named(part: Emulated) -> None:
    part.run_bundle(limited("exit 0", cpu={"quota": 50000})).failed("linux.resources.cpu.quota", "the cpu controller", "handed down", status=1)


def test_a_group_on_the_way_that_has_processes_is_named(device: Emulated) -> None:
    device.sh("mkdir /sys/fs/cgroup/full; (echo 0 >/sys/fs/cgroup/full/cgroup.procs; exec sleep 1000 </dev/null >/dev/null 2>&1) &")
    try:
        document = limited("exit 0", cpu={"quota": 50000})
        document["linux"]["cgroupsPath"] = f"/full/{device.new_name()}"
        device.run_bundle(document).failed("cgroup.subtree_control in /sys/fs/cgroup/full", "has processes of its own", status=1)
        device.require_nothing_left()
    finally:
        device.sh("kill -9 $(cat /sys/fs/cgroup/full/cgroup.procs); until rmdir /sys/fs/cgroup/full 2>/dev/null; do sleep 0.05; done")


@inside()
def test_the_life_of_a_container_in_a_part_of_the_tree(part: Emulated) -> None:
    bundle = part.bundle(limited("while :; do sleep 0.1; done", memory={"limit": 32 * MIB}))
    left_alone(bundle, "run", "--detach", "--bundle", bundle.path, bundle.id)
    try:
        first = json.loads(part.call("state", bundle.id).succeeded().text)["pid"]
        assert part.sh(f"cat /proc/{first}/cgroup") == f"0::/part/tree/apus/{bundle.id}\n"
        assert part.call("exec", bundle.id, "sh", "-c", "cat /proc/self/cgroup; exit 7").status == 7
        part.call("pause", bundle.id).succeeded()
        assert state(bundle) == "paused"
        part.call("resume", bundle.id).succeeded()
        part.call("update", "--memory", "48m", bundle.id).succeeded()
        assert part.sh(f"cat {TREE}/apus/{bundle.id}/memory.max").strip() == str(48 * MIB)
        assert json.loads(part.call("events", "--stats", bundle.id).succeeded().text)["data"]["memory"]["usage"]["limit"] == 48 * MIB
    finally:
        part.call("delete", "--force", bundle.id).succeeded()


@inside(".")
def test_below_a_group_with_processes_there_are_containers_and_no_limits(part: Emulated) -> None:
    assert part.run_bundle(shell("exit 5")).status == 5
    part.run_bundle(limited("exit 0", pids={"limit": 20})).failed("cgroup.subtree_control", "has processes of its own", status=1)


@inside(mode="ro")
def test_a_read_only_mount_is_told_before_anything_is_made(part: Emulated) -> None:
    part.run_bundle(shell("exit 0")).failed("/sys/fs/cgroup", "read-only", "--cgroup-manager disabled", status=1)
    part.run_bundle(limited("exit 0", pids={"limit": 20})).failed("linux.resources.pids.limit", "/sys/fs/cgroup", "read-only", status=1)
    assert without_groups(part, shell("exit 6")).status == 6


@inside(mode="both")
def test_a_writable_mount_is_used_where_another_one_is_read_only(part: Emulated) -> None:
    assert part.run_bundle(limited("exit 5", memory={"limit": 16 * MIB})).status == 5


def without_groups(machine: Machine, document: dict[str, Any]) -> Any:
    bundle = machine.bundle(document)
    return machine.call("--cgroup-manager", "disabled", "run", "--bundle", bundle.path, bundle.id)


@pytest.fixture(scope="module")
def bare_device() -> Iterator[Emulated]:
    """A device on which no control groups are mounted."""
    binary("aarch64")
    with Device.boot(Options(kernel="debian", cgroups="none")) as booted:
        yield Emulated(booted, "none")


@pytest.fixture
def bare(bare_device: Emulated) -> Iterator[Emulated]:
    """The same for one test."""
    yield bare_device
    bare_device.wrapper = []
    bare_device.require_nothing_left()


@pytest.mark.parametrize("kernel", ["mounts none", "has none"])
def test_without_control_groups_a_container_runs_if_that_is_permitted(bare: Emulated, kernel: str) -> None:
    if kernel == "has none":
        # Neither /proc/self/cgroup nor /proc/self/ns/cgroup is there.
        bare.wrapper = deny_calls.without(bare, "", [], files="cgroup")
    document = shell("exit 6")
    document["linux"]["namespaces"] = [entry for entry in document["linux"]["namespaces"] if entry["type"] != "cgroup"]
    bare.run_bundle(document).failed("no control group hierarchy is mounted", "--cgroup-manager disabled", status=1)
    assert without_groups(bare, document).status == 6
    document["linux"]["resources"]["pids"] = {"limit": 5}
    without_groups(bare, document).failed("linux.resources.pids.limit", "disabled", status=1)


def test_the_life_of_a_container_without_control_groups(bare: Emulated) -> None:
    bundle = bare.bundle(shell("while :; do sleep 0.1; done"))
    left_alone(bundle, "--cgroup-manager", "disabled", "run", "--detach", "--bundle", bundle.path, bundle.id)
    try:
        assert bare.call("exec", bundle.id, "sh", "-c", "exit 7").status == 7
        bare.call("pause", bundle.id).succeeded()
        assert state(bundle) == "paused"
        bare.call("resume", bundle.id).succeeded()
        assert state(bundle) == "running"
        bare.call("kill", bundle.id, "KILL").succeeded()
        bare.sh("sleep 0.2")
        assert state(bundle) == "stopped"
    finally:
        bare.call("delete", "--force", bundle.id).succeeded()


def test_an_image_without_control_groups(bare: Emulated) -> None:
    image = bare.image("busybox")
    options = ["--cgroup-manager", "disabled", "image", "run", "--name", bare.new_name(), image, "--", "echo", "runs"]
    assert bare.call(*options).succeeded().text == "runs\n"
    bare.run_image("true").failed("no control group hierarchy is mounted", status=125)
