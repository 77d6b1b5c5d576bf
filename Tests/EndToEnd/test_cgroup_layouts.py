"""The cgroup layouts that devices have beside v2: v1, both of them side by side, and Android's, the last one with a phone's kernel too."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from machines import Emulated, binary
from specs import shell
from test_running import left_alone, state

from harness import Device, Options

pytestmark = pytest.mark.device

MIB = 1 << 20


@dataclass(frozen=True)
class Layout:
    """Where each limit is to be found, as a path with the container's id; empty where the kernel has none."""

    kernel: str
    cgroups: str
    memory: str
    quota: str
    pids: str
    #: A control file of the device filter, where that is not a program.
    devices: str = ""


V1 = Layout(
    "debian", "v1", "/sys/fs/cgroup/memory/apus/{}/memory.limit_in_bytes", "/sys/fs/cgroup/cpu/apus/{}/cpu.cfs_quota_us",
    "/sys/fs/cgroup/pids/apus/{}/pids.max", "/sys/fs/cgroup/devices/apus/{}/devices.list",
)
LAYOUTS = {
    "v1": V1,
    "hybrid": Layout("debian", "hybrid", V1.memory, V1.quota, V1.pids),
    "android": Layout("debian", "android", "/dev/memcg/apus/{}/memory.limit_in_bytes", "/dev/cpuctl/apus/{}/cpu.cfs_quota_us", "/sys/fs/cgroup/apus/{}/pids.max"),
    "phone": Layout("phone", "android", "/dev/memcg/apus/{}/memory.limit_in_bytes", "", ""),
}


@pytest.fixture(scope="module", params=LAYOUTS)
def booted(request: pytest.FixtureRequest) -> Iterator[tuple[Emulated, Layout]]:
    """A device with each layout."""
    binary("aarch64")
    layout = LAYOUTS[request.param]
    with Device.boot(Options(kernel=layout.kernel, cgroups=layout.cgroups)) as device:
        yield Emulated(device, request.param), layout


@pytest.fixture
def place(booted: tuple[Emulated, Layout]) -> Iterator[tuple[Emulated, Layout]]:
    """The device and its layout; a test may leave nothing of its containers."""
    yield booted
    assert booted[0].leftovers() == ""


def control(machine: Emulated, file: str, name: str) -> list[str]:
    """The lines of a container's control file."""
    return machine.sh(f"cat {file.format(name)}").splitlines()


def document(layout: Layout, script: str) -> dict[str, Any]:
    """A config.json that asks for no more than the kernel has."""
    made = shell(script)
    resources: dict[str, Any] = {"memory": {"limit": 32 * MIB}}
    if layout.kernel == "phone":
        made["linux"]["namespaces"] = [{"type": name} for name in ("mount", "uts", "network")]
        made["linux"]["resources"] = resources
    else:
        made["linux"]["resources"] |= resources | {"pids": {"limit": 20}, "cpu": {"quota": 50000, "period": 100000}}
    return made


def test_limits_are_where_the_layout_has_them(place: tuple[Emulated, Layout]) -> None:
    machine, layout = place
    bundle = machine.bundle(document(layout, "echo ready; read wait; exit 9"))
    with machine.start(bundle.command) as running:
        assert running.line() == "ready"
        assert control(machine, layout.memory, bundle.id) == [str(32 * MIB)]
        if layout.quota:
            assert control(machine, layout.quota, bundle.id) == ["50000"]
            assert control(machine, layout.pids, bundle.id) == ["20"]
        if layout.devices:
            listed = control(machine, layout.devices, bundle.id)
            assert "c 1:3 rwm" in listed and "a *:* rwm" not in listed
        rows = {row["what"]: row for row in json.loads(machine.call("state", bundle.id).succeeded().text)["enforcement"]}
        for what, file in [("memory.limit", layout.memory), ("cpu.quota", layout.quota), ("pids.limit", layout.pids)]:
            if file:
                row = rows[f"linux.resources.{what}"]
                # A mount point may have another name as well: cpu, and cpu,cpuacct.
                assert row["by"].startswith(f"{file.rsplit('/', 1)[1]} (cgroup v")
                assert row["applied"] == control(machine, file, bundle.id)[0]
        running.stdin.close()
        assert running.wait() == 9


def test_too_much_memory_ends_the_container(place: tuple[Emulated, Layout]) -> None:
    machine, layout = place
    made = document(layout, "exec tail /dev/zero")
    made["linux"]["resources"]["memory"] = {"limit": 16 * MIB}
    assert machine.run_bundle(made).status == 137


def test_devices_that_were_not_allowed_are_kept_away(place: tuple[Emulated, Layout]) -> None:
    machine, layout = place
    made = document(layout, "mknod /tmp/disk b 254 0 && { head -c 1 /tmp/disk >/dev/null && echo read || echo refused; }; head -c 1 /dev/zero | wc -c")
    for kind in made["process"]["capabilities"].values():
        kind.append("CAP_MKNOD")
    made["linux"]["resources"]["devices"] = [{"allow": False, "access": "rwm"}, {"allow": True, "type": "b", "access": "m"}]
    made["mounts"][-1]["options"] = ["nosuid"]
    assert machine.run_bundle(made).succeeded().lines == ["refused", "1"]


def test_images_are_run(place: tuple[Emulated, Layout]) -> None:
    machine, layout = place
    if layout.kernel == "phone":
        machine.run_image("true").failed("CONFIG_PID_NS", status=125)
        return
    options = ["--memory", "32m", "--cpus", "0.5", "--pids", "20"]
    assert machine.run_image("echo", "runs", options=options).succeeded().text == "runs\n"
    assert machine.run_image("tail", "/dev/zero", options=["--memory", "16m"]).status == 137


def test_the_life_of_a_container(place: tuple[Emulated, Layout]) -> None:
    machine, layout = place
    bundle = machine.bundle(document(layout, "while :; do sleep 0.1; done"))
    left_alone(bundle, "create", "--bundle", bundle.path, bundle.id)
    try:
        assert state(bundle) == "created"
        machine.call("start", bundle.id).succeeded()
        assert state(bundle) == "running"
        result = machine.call("exec", bundle.id, "sh", "-c", "hostname; exit 7")
        assert (result.status, result.text) == (7, "inside\n"), result.error
        assert len(json.loads(machine.call("ps", "--format", "json", bundle.id).succeeded().text)) >= 1

        machine.call("pause", bundle.id).succeeded()
        assert state(bundle) == "paused"
        machine.call("exec", bundle.id, "true").failed("paused")
        machine.call("resume", bundle.id).succeeded()
        assert state(bundle) == "running"

        words = ["--memory", "48m", *(["--pids-limit", "25", "--cpu-quota", "25000"] if layout.pids else [])]
        machine.call("update", *words, bundle.id).succeeded()
        assert control(machine, layout.memory, bundle.id) == [str(48 * MIB)]
        if layout.pids:
            assert control(machine, layout.pids, bundle.id) == ["25"]
            assert control(machine, layout.quota, bundle.id) == ["25000"]
        statistics = json.loads(machine.call("events", "--stats", bundle.id).succeeded().text)
        assert statistics["data"]["memory"]["usage"]["limit"] == 48 * MIB and statistics["data"]["memory"]["usage"]["usage"] > 0

        machine.call("kill", bundle.id, "KILL").succeeded()
        for _ in range(100):
            if state(bundle) == "stopped":
                break
        assert state(bundle) == "stopped"
        machine.call("delete", bundle.id).succeeded()
    finally:
        machine.call("delete", "--force", bundle.id)
