"""Limits are written where the kernel keeps them, and they hold."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from machines import Machine
from specs import shell, spec

#: The files of a limit, in cgroup v1 and in v2.
FILES = {
    "memory": ("memory/memory.limit_in_bytes", "memory.max"),
    "pids": ("pids/pids.max", "pids.max"),
    "cpu": ("cpu/cpu.cfs_quota_us cpu/cpu.cfs_period_us", "cpu.max"),
    "weight": ("cpu/cpu.shares", "cpu.weight"),
}
MIB = 1 << 20


def value(machine: Machine, path: str, limit: str) -> str:
    """What the kernel has for a limit of the group `path`."""
    first, second = FILES[limit]
    return machine.sh(f"""
        if [ -e /sys/fs/cgroup/cgroup.controllers ]; then
          cat /sys/fs/cgroup/{path}/{second}
        else
          for file in {first}; do cat /sys/fs/cgroup/${{file%%/*}}/{path}/${{file##*/}}; done | tr '\\n' ' '
        fi
    """).strip()


def values(machine: Machine, command: Sequence[str], path: str, *limits: str) -> list[str]:
    """The limits of a container that says `ready` and waits for the end of its input."""
    with machine.start(command) as running:
        assert running.line() == "ready"
        found = [value(machine, path, limit) for limit in limits]
        running.stdin.close()
        running.wait()
        return found


WAITS = ["sh", "-c", "echo ready; read wait"]


def test_the_options_of_image_run_reach_the_kernel(machine: Machine) -> None:
    machine.image("busybox")
    name = machine.new_name()
    command = machine.words("image", "run", "--name", name, "--memory", "20m", "--pids", "30", "--cpus", "0.5", "busybox", "--", *WAITS)
    assert values(machine, command, f"apus/{name}", "memory", "pids", "cpu") == [str(20 * MIB), "30", "50000 100000"]


@pytest.mark.parametrize(("text", "expected"), [("20971520", 20 * MIB), ("20480k", 20 * MIB), ("20m", 20 * MIB), ("1g", 1024 * MIB)])
def test_units_of_memory(machine: Machine, text: str, expected: int) -> None:
    machine.image("busybox")
    name = machine.new_name()
    command = machine.words("image", "run", "--name", name, "--memory", text, "busybox", "--", *WAITS)
    assert values(machine, command, f"apus/{name}", "memory") == [str(expected)]


def test_more_than_one_processor(machine: Machine) -> None:
    machine.image("busybox")
    name = machine.new_name()
    command = machine.words("image", "run", "--name", name, "--cpus", "1.75", "busybox", "--", *WAITS)
    assert values(machine, command, f"apus/{name}", "cpu") == ["175000 100000"]


def test_the_limits_of_config_json_reach_the_kernel(machine: Machine) -> None:
    document = shell("echo ready; read wait")
    document["linux"]["resources"] |= {
        "memory": {"limit": 32 * MIB}, "pids": {"limit": 17}, "cpu": {"quota": 20000, "period": 50000, "shares": 1024},
    }
    bundle = machine.bundle(document)
    memory, pids, cpu, weight = values(machine, bundle.command, f"apus/{bundle.id}", "memory", "pids", "cpu", "weight")
    assert (memory, pids, cpu) == (str(32 * MIB), "17", "20000 50000")
    # Shares of 1024 are the default of v1, and the default of v2 is a weight of 100 (runtime-spec's conversion rounds differently from one runtime to another).
    assert weight in ("1024", "100", "39")


def test_the_cgroup_path_of_config_json_is_used(machine: Machine) -> None:
    document = shell("echo ready; read wait")
    name = machine.new_name()
    document["linux"]["cgroupsPath"] = f"/{name}/inner"
    document["linux"]["resources"]["pids"] = {"limit": 18}
    bundle = machine.bundle(document)
    assert values(machine, bundle.command, f"{name}/inner", "pids") == ["18"]
    machine.sh(f"find /sys/fs/cgroup -depth -type d -name {name} -exec rmdir {{}} \\;")


def test_a_container_that_takes_more_memory_than_it_may_is_killed(machine: Machine) -> None:
    assert machine.run_image("tail", "/dev/zero", options=["--memory", "16m"]).status == 137


def test_a_container_that_keeps_to_its_memory_is_not(machine: Machine) -> None:
    script = "head -c 4000000 /dev/zero | tail -c 3000000 | wc -c"
    assert machine.run_image("sh", "-c", script, options=["--memory", "16m"]).succeeded().text == "3000000\n"


def test_a_fork_bomb_stays_below_the_limit_of_processes(machine: Machine) -> None:
    script = "(i=0; while [ $i -lt 60 ]; do sleep 1000 & i=$((i+1)); done) 2>/dev/null; set -- /proc/[0-9]*; echo $#"
    count = int(machine.run_image("sh", "-c", script, options=["--pids", "12"]).text.split()[-1])
    assert 2 < count <= 12


def test_a_bomb_of_forks_that_fork_ends_with_its_container(machine: Machine) -> None:
    script = "bomb() { bomb | bomb & }; bomb 2>/dev/null; read wait; exit 5"
    document = shell(script)
    document["linux"]["resources"]["pids"] = {"limit": 40}
    assert machine.run_bundle(document).status == 5


def test_the_group_is_gone_with_the_container_even_if_it_made_groups_of_its_own(machine: Machine) -> None:
    document = shell("for d in /sys/fs/cgroup /sys/fs/cgroup/*; do mkdir $d/inner 2>/dev/null && mkdir $d/inner/most; done; exit 0")
    document["mounts"].append({"destination": "/sys/fs/cgroup", "type": "cgroup", "source": "cgroup", "options": ["rw"]})
    machine.run_bundle(document).succeeded()


def test_groups_that_a_container_has_nested_deep_and_frozen_go_with_it(machine: Machine) -> None:
    script = """
        cd /sys/fs/cgroup; [ -e cgroup.procs ] || cd unified
        (for i in $(seq 100); do mkdir d && cd d || exit; done)
        mkdir ice; (echo 0 >ice/cgroup.procs; exec sleep 1000) &
        until grep -q . ice/cgroup.procs; do sleep 0.01; done
        echo 1 >ice/cgroup.freeze; echo frozen; exit 4
    """
    document = shell(script)
    document["mounts"].append({"destination": "/sys/fs/cgroup", "type": "cgroup", "source": "cgroup", "options": ["rw"]})
    result = machine.run_bundle(document)
    assert (result.status, result.text, result.error) == (4, "frozen\n", "")


@pytest.mark.parametrize(
    ("resources", "path"),
    [
        ({"memory": {"limit": 1 << 20, "swap": 1 << 19}}, "linux.resources.memory.swap"),
        ({"cpu": {"cpus": "1000-1001"}}, "cpus"),
        ({"unified": {"../escape": "1"}}, "linux.resources.unified"),
        ({"unified": {"memory.no-such-file": "1"}}, "memory.no-such-file"),
    ],
)
def test_a_limit_that_has_no_meaning_is_refused(machine: Machine, resources: dict[str, object], path: str) -> None:
    document = spec("/bin/true")
    document["linux"]["resources"] |= resources
    machine.run_bundle(document).failed(path)
