"""The cgroup layouts that devices have all pass the same tests: v1, v2, both side by side, Android's, the last one with a phone's kernel too."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from machines import Bundle, Emulated, binary
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
    processors: str
    #: A control file of the device filter, where that is not a program.
    devices: str = ""

    def quota_of(self, microseconds: int) -> str:
        """The contents of the file for a period of 100,000."""
        return f"{microseconds} 100000" if self.quota.endswith(".max") else str(microseconds)


V1 = Layout(
    "debian", "v1", "/sys/fs/cgroup/memory/apus/{}/memory.limit_in_bytes", "/sys/fs/cgroup/cpu/apus/{}/cpu.cfs_quota_us",
    "/sys/fs/cgroup/pids/apus/{}/pids.max", "/sys/fs/cgroup/cpuset/apus/{}/cpuset.cpus", "/sys/fs/cgroup/devices/apus/{}/devices.list",
)
V2 = "/sys/fs/cgroup/apus/{}"
LAYOUTS = {
    "v1": V1,
    "v2": Layout("debian", "v2", f"{V2}/memory.max", f"{V2}/cpu.max", f"{V2}/pids.max", f"{V2}/cpuset.cpus"),
    "hybrid": Layout("debian", "hybrid", V1.memory, V1.quota, V1.pids, V1.processors),
    "android": Layout(
        "debian", "android", "/dev/memcg/apus/{}/memory.limit_in_bytes", "/dev/cpuctl/apus/{}/cpu.cfs_quota_us", f"{V2}/pids.max", "/dev/cpuset/apus/{}/cpus",
    ),
    "phone": Layout("phone", "android", "/dev/memcg/apus/{}/memory.limit_in_bytes", "", "", "/dev/cpuset/apus/{}/cpus"),
}

#: In every hierarchy a group of somebody else, with a process and with limits where it has them.
FOREIGN = """
    (exec sleep 100000 </dev/null >/dev/null 2>&1) & process=$!
    awk '$0 ~ / - cgroup2? / || $0 ~ / - cpuset / { print $5 }' /proc/self/mountinfo | while read -r top; do
      group=$top/foreign; mkdir $group
      for file in cpuset.cpus cpuset.mems cpus mems; do
        if [ -e $top/$file ] && [ -e $group/$file ]; then cat $top/$file >$group/$file; fi
      done
      [ ! -e $group/memory.limit_in_bytes ] || echo 100M >$group/memory.limit_in_bytes
      [ ! -e $group/cpu.shares ] || echo 512 >$group/cpu.shares
      [ ! -e $group/pids.max ] || echo 77 >$group/pids.max
      echo $process >$group/cgroup.procs
    done
    echo $process
"""
#: What there is of them: the process that runs, its groups, and what these say. Only the kernel changes the others of their files.
LOOK = """
    grep State /proc/{0}/status; cat /proc/{0}/cgroup
    for group in $(awk '$0 ~ / - cgroup2? / || $0 ~ / - cpuset / {{ print $5 }}' /proc/self/mountinfo); do
      cd $group/foreign
      for file in *.limit_in_bytes cpu.shares pids.max cpus mems cpuset.cpus cpuset.mems freezer.state cgroup.freeze cgroup.procs devices.list; do
        if [ -e $file ]; then echo $group/foreign/$file: $(cat $file 2>&1); fi
      done
    done
"""


@dataclass(frozen=True)
class Booted:
    """A device, its layout, and what is somebody else's there."""

    machine: Emulated
    layout: Layout
    process: str
    foreign: tuple[str, ...]

    def look(self) -> list[str]:
        """What there is of somebody else's."""
        return self.machine.sh(LOOK.format(self.process)).splitlines()


@pytest.fixture(scope="module", params=LAYOUTS)
def booted(request: pytest.FixtureRequest) -> Iterator[Booted]:
    """A device with each layout."""
    binary("aarch64")
    layout = LAYOUTS[request.param]
    with Device.boot(Options(kernel=layout.kernel, cgroups=layout.cgroups)) as device:
        machine = Emulated(device, request.param)
        process = machine.sh(FOREIGN).strip()
        yield Booted(machine, layout, process, tuple(machine.sh(LOOK.format(process)).splitlines()))


@pytest.fixture
def place(booted: Booted) -> Iterator[Booted]:
    """The device and its layout; a test may leave nothing of its containers, and what is somebody else's as it was."""
    yield booted
    booted.machine.require_nothing_left()
    # What controllers are enabled on v2 gives the group more files; none goes, and none changes.
    assert set(booted.foreign) <= set(booted.look())


def control(machine: Emulated, file: str, name: str) -> list[str]:
    """The lines of a container's control file."""
    return machine.sh(f"cat {file.format(name)}").splitlines()


def document(layout: Layout, script: str) -> dict[str, Any]:
    """A config.json that asks for no more than the kernel has."""
    made = shell(script)
    resources: dict[str, Any] = {"memory": {"limit": 32 * MIB}, "cpu": {"cpus": "1"}}
    if layout.kernel == "phone":
        made["linux"]["namespaces"] = [{"type": name} for name in ("mount", "uts", "network")]
        made["linux"]["resources"] = resources
    else:
        made["linux"]["resources"] |= resources | {"pids": {"limit": 20}, "cpu": {"quota": 50000, "period": 100000, "cpus": "1"}}
    return made


@contextmanager
def left_running(place: Booted, made: dict[str, Any]) -> Iterator[Bundle]:
    """A container that nobody waits for, deleted in the end."""
    bundle = place.machine.bundle(made)
    try:
        left_alone(bundle, "run", "--detach", "--bundle", bundle.path, bundle.id)
        yield bundle
    finally:
        place.machine.call("delete", "--force", bundle.id).succeeded()


def test_limits_are_where_the_layout_has_them(place: Booted) -> None:
    machine, layout = place.machine, place.layout
    bundle = machine.bundle(document(layout, "echo ready; read wait; exit 9"))
    with machine.start(bundle.command) as running:
        assert running.line() == "ready"
        assert control(machine, layout.memory, bundle.id) == [str(32 * MIB)]
        assert control(machine, layout.processors, bundle.id) == ["1"]
        if layout.quota:
            assert control(machine, layout.quota, bundle.id) == [layout.quota_of(50000)]
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
                # Behind the quota, cpu.max of version 2 has the period.
                assert row["applied"] == control(machine, file, bundle.id)[0].split()[0]
        running.stdin.close()
        assert running.wait() == 9


@pytest.mark.parametrize(("limit", "option"), [({"pids": {"limit": 20}}, "CONFIG_CGROUP_PIDS"), ({"cpu": {"quota": 50000}}, "CONFIG_CFS_BANDWIDTH")])
def test_a_limit_that_the_kernel_has_not_is_refused_with_its_option(place: Booted, limit: dict[str, Any], option: str) -> None:
    made = document(place.layout, "exit 8")
    made["linux"]["resources"] |= limit
    result = place.machine.run_bundle(made)
    if place.layout.kernel == "phone":
        result.failed("linux.resources", option, status=1)
    else:
        assert result.status == 8, result.error


def test_too_much_memory_ends_the_container(place: Booted) -> None:
    made = document(place.layout, "exec tail /dev/zero")
    made["linux"]["resources"]["memory"] = {"limit": 16 * MIB}
    assert place.machine.run_bundle(made).status == 137


def test_want_of_memory_is_told(place: Booted) -> None:
    made = document(place.layout, "until [ -e /tmp/go ]; do sleep 0.1; done; tail /dev/zero; while :; do sleep 1; done")
    made["linux"]["resources"]["memory"] = {"limit": 16 * MIB, "swap": 16 * MIB}
    with left_running(place, made) as bundle, place.machine.start(place.machine.words("events", "--interval", "1h", bundle.id)) as watching:
        # It watches before it tells anything: a process of another command shows that it has come to its end meanwhile.
        place.machine.sh("sleep 0.5")
        place.machine.call("exec", bundle.id, "touch", "/tmp/go").succeeded()
        assert json.loads(watching.line()) == {"type": "oom", "id": bundle.id}
        assert state(bundle) == "running"


def test_devices_that_were_not_allowed_are_kept_away(place: Booted) -> None:
    made = document(place.layout, "mknod /tmp/disk b 254 0 && { head -c 1 /tmp/disk >/dev/null && echo read || echo refused; }; head -c 1 /dev/zero | wc -c")
    for kind in made["process"]["capabilities"].values():
        kind.append("CAP_MKNOD")
    made["linux"]["resources"]["devices"] = [{"allow": False, "access": "rwm"}, {"allow": True, "type": "b", "access": "m"}]
    made["mounts"][-1]["options"] = ["nosuid"]
    assert place.machine.run_bundle(made).succeeded().lines == ["refused", "1"]


def test_images_are_run(place: Booted) -> None:
    machine = place.machine
    options = ["--memory", "32m", "--cpus", "0.5", "--pids", "20"]
    assert machine.run_image("echo", "runs", options=options).succeeded().text == "runs\n"
    assert machine.run_image("tail", "/dev/zero", options=["--memory", "16m"]).status == 137


def test_everything_ends_with_the_container_also_what_has_left_its_session(place: Booted) -> None:
    script = "i=0; while [ $i -lt 8 ]; do (setsid sh -c 'trap \"\" TERM HUP; while :; do sleep 0.05; done' >/dev/null 2>&1 </dev/null &); i=$((i+1)); done; exit 3"
    assert place.machine.run_bundle(document(place.layout, script)).status == 3


def test_what_forks_without_end_is_killed(place: Booted) -> None:
    # Each process makes the next one and ends: whoever kills them one by one comes too late. The first process lets the kernel reap those that it is left with.
    script = "runner() { (runner &); exit; }; (runner &); (runner &); (runner &); trap '' CHLD; exec sleep 1000"
    with left_running(place, document(place.layout, script)) as bundle:
        seen = set[int]()
        for _ in range(3):
            seen |= set(json.loads(place.machine.call("ps", "--format", "json", bundle.id).succeeded().text))
        assert len(seen) > 4, "they do not fork"


def test_a_hierarchy_that_is_mounted_read_only_is_done_without(place: Booted) -> None:
    machine, layout = place.machine, place.layout
    top = layout.memory.split("/apus/")[0]
    made = document(layout, "exit 4")
    machine.wrapper = ["unshare", "-m", "sh", "-c", f'mount -o remount,bind,ro {top} && exec "$@"', "sh"]
    try:
        machine.run_bundle(made).failed("linux.resources.", top, "read-only", status=1)
        for limit in ("memory", "pids", "cpu"):
            made["linux"]["resources"].pop(limit, None)
        result = machine.run_bundle(made)
        if layout.cgroups == "v2":
            result.failed(top, "read-only", "--cgroup-manager disabled", status=1)
        else:
            assert result.status == 4, result.error
    finally:
        machine.wrapper = []


def test_the_life_of_a_container(place: Booted) -> None:
    machine, layout = place.machine, place.layout
    bundle = machine.bundle(document(layout, "while :; do echo tick >>/tmp/ticks; sleep 0.05; done"))
    left_alone(bundle, "create", "--bundle", bundle.path, bundle.id)
    try:
        assert state(bundle) == "created"
        machine.call("start", bundle.id).succeeded()
        found = json.loads(machine.call("state", bundle.id).succeeded().text)
        assert found["status"] == "running"
        result = machine.call("exec", bundle.id, "sh", "-c", "hostname; exit 7")
        assert (result.status, result.text) == (7, "inside\n"), result.error
        # In all the groups that the first process is in.
        groups = machine.sh(f"cat /proc/{found['pid']}/cgroup")
        assert f"/apus/{bundle.id}\n" in groups
        with machine.start(machine.words("exec", bundle.id, "sh", "-c", "echo ready; read wait")) as joined:
            assert joined.line() == "ready"
            processes = json.loads(machine.call("ps", "--format", "json", bundle.id).succeeded().text)
            assert found["pid"] in processes
            others = [groups] + [machine.sh(f"cat /proc/{process}/cgroup 2>/dev/null || :") for process in processes]
            assert set(others) <= {groups, ""}
            joined.stdin.close()
            joined.wait()

        machine.call("pause", bundle.id).succeeded()
        assert state(bundle) == "paused"
        machine.call("exec", bundle.id, "true").failed("paused")
        ticks = machine.sh(f"wc -c </proc/{found['pid']}/root/tmp/ticks; sleep 0.3; wc -c </proc/{found['pid']}/root/tmp/ticks").split()
        assert ticks[0] == ticks[1]
        machine.call("resume", bundle.id).succeeded()
        assert state(bundle) == "running"

        words = ["--memory", "48m", "--cpuset-cpus", "0", *(["--pids-limit", "25", "--cpu-quota", "25000"] if layout.pids else [])]
        machine.call("update", *words, bundle.id).succeeded()
        assert control(machine, layout.memory, bundle.id) == [str(48 * MIB)]
        assert control(machine, layout.processors, bundle.id) == ["0"]
        if layout.pids:
            assert control(machine, layout.pids, bundle.id) == ["25"]
            assert control(machine, layout.quota, bundle.id) == [layout.quota_of(25000)]
        statistics = json.loads(machine.call("events", "--stats", bundle.id).succeeded().text)["data"]
        assert statistics["memory"]["usage"]["limit"] == 48 * MIB and statistics["memory"]["usage"]["usage"] > 0
        if layout.pids:
            assert statistics["pids"]["current"] >= 1 and statistics["pids"]["limit"] == 25

        machine.call("kill", bundle.id, "KILL").succeeded()
        for _ in range(100):
            if state(bundle) == "stopped":
                break
        assert state(bundle) == "stopped"
        machine.call("delete", bundle.id).succeeded()
    finally:
        machine.call("delete", "--force", bundle.id)
