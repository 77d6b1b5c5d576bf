"""What is done to a container that runs: pause and resume, update, events, ps, and life without control groups."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from machines import Bundle, Emulated, Machine
from specs import shell

MIB = 1 << 20


def left_alone(bundle: Bundle, *words: str) -> None:
    """Runs a command of apus that leaves a container behind, whose output goes to a file: the test would wait for the end of a pipe."""
    command = shlex.join(bundle.machine.words(*words))
    bundle.machine.sh(f"{command} >{bundle.path}/output 2>&1 </dev/null || {{ cat {bundle.path}/output >&2; exit 1; }}")


@contextmanager
def running(machine: Machine, script: str = "while :; do sleep 1; done", *options: str, named: bool = False, **resources: Any) -> Iterator[Bundle]:
    """A container that runs a script without anybody in front of it, and is deleted in the end."""
    document = shell(script)
    document["linux"]["resources"] |= resources
    bundle = machine.bundle(document)
    if named:
        document["linux"]["cgroupsPath"] = f"/{bundle.id}/inner"
        machine.write(f"{bundle.path}/config.json", json.dumps(document).encode())
    try:
        left_alone(bundle, *options, "run", "--detach", "--bundle", bundle.path, bundle.id)
        yield bundle
    finally:
        machine.call("delete", "--force", bundle.id).succeeded()
        # Groups of others may go meanwhile; one of ours that stays is found by who looks for leftovers.
        machine.sh(f"find /sys/fs/cgroup -depth -type d -name {bundle.id} -exec rmdir {{}} \\; 2>/dev/null || :")


def state(bundle: Bundle) -> str:
    return json.loads(bundle.machine.call("state", bundle.id).succeeded().text)["status"]


def setting(bundle: Bundle, legacy: str, unified: str) -> str:
    """What the kernel has in a control file of the container's group: `CONTROLLER/FILE` of v1, or the file of v2."""
    return bundle.machine.sh(f"""
        if [ -e /sys/fs/cgroup/cgroup.controllers ]; then file=/sys/fs/cgroup/apus/{bundle.id}/{unified}
        else file=/sys/fs/cgroup/{legacy.split("/")[0]}/apus/{bundle.id}/{legacy.split("/")[1]}; fi
        cat $file
    """).strip()


def first(bundle: Bundle) -> int:
    return json.loads(bundle.machine.call("state", bundle.id).succeeded().text)["pid"]


def test_a_container_whose_program_speaks_is_running(machine: Machine) -> None:
    # There is a short time between the program's start and the end of what apus does for it.
    for _ in range(4 if isinstance(machine, Emulated) else 40):
        bundle = machine.bundle(shell("echo ready; exec sleep 1000"))
        with machine.start(bundle.command) as process:
            assert process.line() == "ready"
            found = json.loads(machine.call("state", bundle.id).succeeded().text)
            assert (found["status"], found["pid"] > 0) == ("running", True)
            machine.call("kill", bundle.id, "KILL").succeeded()
            assert process.wait() == 137


def test_a_paused_container_stands_still(machine: Machine) -> None:
    with running(machine, "while :; do echo tick >>/tmp/ticks; sleep 0.01; done") as bundle:
        ticks = f"wc -c </proc/{first(bundle)}/root/tmp/ticks"
        machine.sh(f"until [ -s /proc/{first(bundle)}/root/tmp/ticks ]; do sleep 0.1; done")
        machine.call("pause", bundle.id).succeeded()
        assert state(bundle) == "paused"
        before = machine.sh(ticks)
        machine.sh("sleep 0.2")
        assert machine.sh(ticks) == before
        machine.call("pause", bundle.id).failed("container not running")
        machine.call("exec", bundle.id, "true").failed("paused")
        machine.call("resume", bundle.id).succeeded()
        assert state(bundle) == "running"
        machine.sh("sleep 0.2")
        assert machine.sh(ticks) != before
        machine.call("resume", bundle.id).failed("container not paused")


def test_a_container_can_be_paused_before_its_start(machine: Machine) -> None:
    bundle = machine.bundle(shell("exit 0"))
    left_alone(bundle, "create", "--bundle", bundle.path, bundle.id)
    machine.call("pause", bundle.id).succeeded()
    assert state(bundle) == "paused"
    machine.call("resume", bundle.id).succeeded()
    assert state(bundle) == "created"
    machine.call("delete", bundle.id).succeeded()


def test_a_paused_container_can_be_killed_and_deleted(machine: Machine) -> None:
    with running(machine) as bundle:
        machine.call("pause", bundle.id).succeeded()
        machine.call("kill", bundle.id, "KILL").succeeded()
        machine.sh("sleep 0.2")
        assert state(bundle) == "stopped"
    with running(machine) as bundle:
        machine.call("pause", bundle.id).succeeded()
        machine.call("delete", bundle.id).failed("paused")


def test_what_has_stopped_cannot_be_paused_updated_or_watched(machine: Machine) -> None:
    with running(machine) as bundle:
        machine.call("kill", bundle.id, "KILL").succeeded()
        machine.sh("sleep 0.2")
        for verb in ("pause", "update"):
            machine.call(verb, bundle.id).failed("container not running")
        machine.call("resume", bundle.id).failed("container not paused")
        machine.call("events", bundle.id).failed(f"container with id {bundle.id} is not running")
        assert machine.call("ps", "--format", "json", bundle.id).succeeded().text == "[]\n"


@pytest.mark.parametrize("words", [["pause"], ["resume"], ["update"], ["events"], ["events", "--stats"], ["ps"]])
def test_a_container_that_is_not_there(machine: Machine, words: list[str]) -> None:
    machine.call(*words, "no-such-container").failed("container no-such-container does not exist")


def test_update_by_options(machine: Machine) -> None:
    with running(machine, pids={"limit": 30}) as bundle:
        machine.call(
            "update", "--memory", "64m", "--memory-swap", "64m", "--cpu-quota", "50000", "--cpu-period", "100000", "--cpuset-cpus", "0", "--pids-limit", "20",
            bundle.id,
        ).succeeded()
        assert setting(bundle, "memory/memory.limit_in_bytes", "memory.max") == str(64 * MIB)
        assert setting(bundle, "cpu/cpu.cfs_quota_us", "cpu.max") in ("50000", "50000 100000")
        assert setting(bundle, "cpuset/cpuset.cpus", "cpuset.cpus") == "0"
        assert setting(bundle, "pids/pids.max", "pids.max") == "20"
        # The first process is in every group that has a limit.
        assert str(first(bundle)) in setting(bundle, "cpuset/cgroup.procs", "cgroup.procs").split()
        machine.call("update", "--cpu-period", "200000", bundle.id).succeeded()
        assert setting(bundle, "cpu/cpu.cfs_quota_us", "cpu.max") in ("50000", "50000 200000")


def test_update_by_a_document(machine: Machine) -> None:
    with running(machine, memory={"limit": 32 * MIB, "swap": 32 * MIB}) as bundle:
        for limit in (64, 16, 128):
            document = {"memory": {"limit": limit * MIB, "swap": limit * MIB, "reservation": 0}, "cpu": {"shares": 0, "quota": 0}, "blockIO": {"weight": 0}}
            machine.call("update", "--resources", "-", bundle.id, data=json.dumps(document).encode()).succeeded()
            assert setting(bundle, "memory/memory.limit_in_bytes", "memory.max") == str(limit * MIB)
        machine.write(f"{bundle.path}/limits.json", b'{"memory": {"limit": -1}}')
        machine.call("update", "-r", f"{bundle.path}/limits.json", bundle.id).succeeded()
        assert setting(bundle, "memory/memory.limit_in_bytes", "memory.max") in ("max", "9223372036854771712")
        machine.call("update", "-r", "-", bundle.id, data=b'{"memory": {"limit": "1"}}').failed("memory.limit", "expected an integer")
        machine.call("update", "-r", "-", bundle.id, data=b"{").failed("line 1")


def test_an_update_changes_all_or_nothing(machine: Machine) -> None:
    with running(machine, pids={"limit": 30}) as bundle:
        machine.call("update", "--pids-limit", "20", "--cpuset-cpus", "1000", bundle.id).failed("cpus")
        assert setting(bundle, "pids/pids.max", "pids.max") == "30"


def test_a_limit_below_what_is_in_use(machine: Machine) -> None:
    script = "x=$(head -c 4000000 /dev/zero | tr '\\000' x); echo $x | wc -c >/tmp/ready; while :; do sleep 1; done"
    with running(machine, script, memory={"limit": 64 * MIB}) as bundle:
        machine.sh(f"until [ -s /proc/{first(bundle)}/root/tmp/ready ]; do sleep 0.1; done")
        document = {"memory": {"limit": MIB, "checkBeforeUpdate": True}}
        machine.call("update", "-r", "-", bundle.id, data=json.dumps(document).encode()).failed("linux.resources.memory.limit")
        assert setting(bundle, "memory/memory.limit_in_bytes", "memory.max") == str(64 * MIB)
        assert state(bundle) == "running"


def test_events_tell_what_is_used(machine: Machine) -> None:
    with running(machine, named=True) as bundle:
        event = json.loads(machine.call("events", "--stats", bundle.id).succeeded().text)
        assert (event["type"], event["id"]) == ("stats", bundle.id)
        data = event["data"]
        assert data["pids"]["current"] >= 1
        assert data["memory"]["usage"]["usage"] > 0
        assert data["memory"]["raw"]
        assert data["cpu"]["usage"]["total"] > 0
        assert set(data) == {"cpu", "cpuset", "memory", "pids", "blkio", "hugetlb", "intel_rdt", "network_interfaces"}


def test_events_come_by_the_clock_and_end_with_the_container(machine: Machine) -> None:
    with running(machine) as bundle, machine.start(machine.words("events", "--interval", "200ms", bundle.id)) as watching:
        for _ in range(3):
            assert json.loads(watching.line())["type"] == "stats"
        machine.call("kill", bundle.id, "KILL").succeeded()
        for line in watching.rest().splitlines():
            assert json.loads(line)["type"] == "stats"
        assert watching.wait() == 0


@pytest.mark.parametrize("interval", ["0s", "-1s"])
def test_an_interval_is_above_nothing(machine: Machine, interval: str) -> None:
    machine.call("events", f"--interval={interval}", "no-such-container").failed("duration interval must be greater than 0")


def test_events_tell_of_want_of_memory(machine: Machine) -> None:
    script = "until [ -e /tmp/go ]; do sleep 0.1; done; tail /dev/zero; while :; do sleep 1; done"
    with running(machine, script, memory={"limit": 16 * MIB, "swap": 16 * MIB}) as bundle:
        with machine.start(machine.words("events", "--interval", "1h", bundle.id)) as watching:
            machine.sh("sleep 0.5")
            machine.call("exec", bundle.id, "touch", "/tmp/go").succeeded()
            assert json.loads(watching.line()) == {"type": "oom", "id": bundle.id}
        assert state(bundle) == "running"


def test_ps_shows_the_processes_of_the_container_alone(machine: Machine) -> None:
    with running(machine, "sleep 1000 & exec sleep 2000") as bundle:
        machine.sh("sleep 0.2")
        ids = json.loads(machine.call("ps", "--format", "json", bundle.id).succeeded().text)
        assert len(ids) == 2 and first(bundle) in ids
        title, *lines = machine.call("ps", bundle.id).succeeded().lines
        assert title.split() == ["UID", "PID", "PPID", "C", "STIME", "TTY", "TIME", "CMD"]
        assert [line.split()[0] for line in lines] == ["root", "root"]
        assert sorted(int(line.split()[1]) for line in lines) == ids
        assert {line.split(maxsplit=7)[7] for line in lines} == {"sleep 1000", "sleep 2000"}
        title, *lines = machine.call("ps", bundle.id, "-e", "-x").succeeded().lines
        assert title.split() == ["PID", "TTY", "STAT", "TIME", "COMMAND"] and len(lines) == 2
        machine.call("ps", "--format", "yaml", bundle.id).failed("invalid format option")


def test_without_control_groups(machine: Machine) -> None:
    with running(machine, "while :; do sleep 1; done", "--cgroup-manager", "disabled") as bundle:
        assert machine.sh(f"find /sys/fs/cgroup -type d -name {bundle.id}") == ""
        assert machine.sh(f"cat /proc/{first(bundle)}/cgroup") == machine.sh("cat /proc/self/cgroup")
        machine.call("exec", bundle.id, "true").succeeded()
        machine.call("pause", bundle.id).succeeded()
        assert state(bundle) == "paused"
        machine.call("resume", bundle.id).succeeded()
        machine.call("exec", "--cgroup", "x", bundle.id, "true").failed("no control groups")
        machine.call("kill", bundle.id, "KILL").succeeded()
        machine.sh("sleep 0.2")
        assert state(bundle) == "stopped"


def test_without_control_groups_there_are_no_limits(machine: Machine) -> None:
    document = shell("exit 0")
    document["linux"]["resources"]["pids"] = {"limit": 5}
    bundle = machine.bundle(document)
    machine.call("--cgroup-manager", "disabled", "run", "--bundle", bundle.path, bundle.id).failed("linux.resources.pids.limit", "disabled")


def test_exec_joins_a_group_below_the_containers(machine: Machine) -> None:
    with running(machine, named=True) as bundle:
        # A new group of cpuset on v1 has no processors, so that nothing can enter it.
        machine.sh(f"""
            find /sys/fs/cgroup -type d -path '*/{bundle.id}/inner' | while read -r group; do
              mkdir $group/below
              case $group in */cpuset/*) for file in cpuset.cpus cpuset.mems; do cat $group/$file >$group/below/$file; done ;; esac
            done
        """)
        lines = machine.call("exec", "--cgroup", "below", bundle.id, "cat", "/proc/self/cgroup").succeeded().lines
        assert lines and all(line.endswith("/below") for line in lines)
        machine.call("exec", "--cgroup", "nowhere", bundle.id, "true").failed("nowhere", "no such file or directory", status=255)
        machine.call("exec", "--cgroup", "../..", bundle.id, "true").failed("bad sub cgroup path", status=255)


@pytest.mark.device
def test_exec_joins_the_first_process_where_the_group_may_have_none(v2: Machine) -> None:
    with running(v2, memory={"limit": 64 * MIB}) as bundle:
        group = f"/sys/fs/cgroup/apus/{bundle.id}"
        v2.sh(f"""
            mkdir {group}/init.scope
            while read -r process; do echo $process >{group}/init.scope/cgroup.procs; done <{group}/cgroup.procs
            while read -r process; do echo $process >{group}/init.scope/cgroup.procs; done <{group}/cgroup.procs
            echo +memory >{group}/cgroup.subtree_control
        """)
        assert v2.call("exec", bundle.id, "cat", "/proc/self/cgroup").succeeded().text == "0::/init.scope\n"


@pytest.mark.device
def test_the_group_belongs_to_the_containers_user(v2: Machine) -> None:
    document = shell("while :; do sleep 1; done", user={"uid": 1000, "gid": 1000})
    document["mounts"].append({"destination": "/sys/fs/cgroup", "type": "cgroup", "source": "cgroup", "options": ["rw"]})
    bundle = v2.bundle(document)
    left_alone(bundle, "run", "--detach", "--bundle", bundle.path, bundle.id)
    try:
        v2.call("exec", "--user", "1000", bundle.id, "mkdir", "/sys/fs/cgroup/own").succeeded()
        assert v2.sh(f"stat -c %u /sys/fs/cgroup/apus/{bundle.id}/cgroup.freeze").strip() == "0"
    finally:
        v2.call("delete", "--force", bundle.id).succeeded()
