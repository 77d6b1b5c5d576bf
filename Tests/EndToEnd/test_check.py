"""`apus check` tells what the kernel has."""

from __future__ import annotations

import json
from typing import Any

import deny_calls
import pytest
from machines import Machine

NAMESPACES = {
    "mount namespaces": "mnt", "UTS namespaces": "uts", "IPC namespaces": "ipc", "PID namespaces": "pid", "network namespaces": "net",
    "user namespaces": "user", "cgroup namespaces": "cgroup", "time namespaces": "time",
}  # fmt: skip


def findings(machine: Machine, prefix: list[str] | None = None) -> dict[str, Any]:
    """What check finds, behind the command of `prefix`."""
    found: dict[str, Any] = json.loads(machine.run([*(prefix or []), *machine.words("check", "--format", "json")]).succeeded().text)
    return found


def test_it_tells_what_proc_tells(machine: Machine) -> None:
    present = {row["name"]: row["present"] for row in findings(machine)["features"]}
    files = machine.sh("ls /proc/self/ns").split()
    assert {name: present[name] for name in NAMESPACES} == {name: file in files for name, file in NAMESPACES.items()}
    types = [line.split()[-1] for line in machine.sh("cat /proc/filesystems").splitlines()]
    assert present["overlay file system"] == ("overlay" in types)
    assert present["AppArmor"] == (machine.sh("cat /sys/module/apparmor/parameters/enabled 2>/dev/null || echo N") == "Y\n")


def test_it_tells_where_the_controllers_are(machine: Machine) -> None:
    mounts = [line.split() for line in machine.sh("cat /proc/self/mountinfo").splitlines()]
    for row in findings(machine)["controllers"]:
        if not row["present"]:
            assert list(row) == ["name", "option", "present"]
            continue
        [mount] = [fields for fields in mounts if fields[4] == row["mountPoint"]][-1:]
        assert mount[mount.index("-") + 1] in (("cgroup", "cpuset") if row["version"] == 1 else ("cgroup2",))


def test_the_table_says_the_same(machine: Machine) -> None:
    lines = [line.split("  ") for line in machine.call("check").succeeded().lines]
    cells = {fields[0]: [field.strip() for field in fields[1:] if field] for fields in lines if len(fields) > 1}
    found = findings(machine)
    for row in found["features"]:
        assert cells[row["name"]] == [row["option"], "yes" if row["present"] else "no", row["otherwise"]]
    for row in found["systemCalls"]:
        assert cells[f"{row['name']}(2)"] == [row["since"], "yes" if row["present"] else "no", row["otherwise"]]


@pytest.mark.native
@pytest.mark.parametrize("call", ["pidfd_open", "clone3", "close_range", "openat2", "mount_setattr"])
def test_a_call_that_is_denied_is_absent(native: Machine, call: str) -> None:
    prefix = deny_calls.without(native, call, [])
    assert {row["name"] for row in findings(native, prefix)["systemCalls"] if not row["present"]} == {call}


def test_other_formats_are_refused(machine: Machine) -> None:
    machine.call("check", "--format", "yaml").failed("--format: yaml", status=2)
