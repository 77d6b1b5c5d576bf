"""Small things that the suites of runc, crun and youki ask of a runtime, and users of those expect."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from machines import Bundle, Machine
from specs import shell, spec
from test_running import left_alone, running, state
from user_namespaces import mapped, mapped_root


def test_a_capability_that_does_not_exist_is_told_and_left_out(machine: Machine) -> None:
    document = shell("grep CapBnd /proc/self/status")
    document["process"]["capabilities"] = {"bounding": ["CAP_KILL", "CAP_SUDO"], "effective": ["CAP_SUDO"], "permitted": ["CAP_NONE"]}
    result = machine.run_bundle(document).succeeded()
    assert result.text.split() == ["CapBnd:", "0000000000000020"]
    # The words of runc.
    assert result.error.count("\n") == 1 and "ignoring unknown or unavailable capabilities: [CAP_SUDO CAP_NONE]" in result.error


def test_exec_adds_an_ambient_capability_where_it_is_inheritable(machine: Machine) -> None:
    document = shell("while :; do sleep 1; done")
    document["process"]["capabilities"] = {
        "bounding": ["CAP_KILL", "CAP_CHOWN", "CAP_SYSLOG"], "inheritable": ["CAP_CHOWN", "CAP_SYSLOG"], "permitted": ["CAP_KILL", "CAP_CHOWN"],
        "effective": ["CAP_KILL"], "ambient": ["CAP_CHOWN"],
    }
    bundle = machine.bundle(document)
    left_alone(bundle, "run", "--detach", "--bundle", bundle.path, bundle.id)
    try:
        sets = "grep -E Cap(Inh|Prm|Amb) /proc/self/status"
        lines = machine.call("exec", "--cap", "CAP_SYSLOG", bundle.id, *sets.split()).succeeded().text.split()
        assert lines[1::2] == ["0000000400000001", "0000000400000021", "0000000400000001"]
        lines = machine.call("exec", "--cap", "CAP_MKNOD", bundle.id, *sets.split()).succeeded().text.split()
        assert lines[1::2] == ["0000000400000001", "0000000008000021", "0000000000000001"]
    finally:
        machine.call("delete", "--force", bundle.id).succeeded()


def test_a_link_in_the_place_of_dev_is_refused(machine: Machine) -> None:
    root, outside = machine.new_root(), machine.new_folder()
    machine.sh(f"rmdir {root}/dev && ln -s {outside} {root}/dev")
    document = shell("exit 0")
    document["mounts"] = [mount for mount in document["mounts"] if not mount["destination"].startswith("/dev")]
    machine.run_bundle(document, root).failed("/dev of the container is a symbolic link")
    assert machine.sh(f"ls -A {outside}") == ""


def test_nothing_can_be_run_from_a_device_that_is_bound(machine: Machine) -> None:
    document = mapped(shell("grep -E ' /dev/(null|zero|tty) ' /proc/self/mountinfo"))
    lines = machine.run_bundle(document, mapped_root(machine)).succeeded().lines
    assert len(lines) == 3 and all({"nosuid", "noexec"} <= set(line.split()[5].split(",")) for line in lines)


def test_a_path_that_is_masked_twice_is_masked_once(machine: Machine) -> None:
    root = machine.new_root()
    machine.sh(f"mkdir {root}/secret {root}/other && echo x >{root}/secret/file && echo x >{root}/file")
    document = shell("grep -cE ' /(secret|other|file) ' /proc/self/mountinfo; stat -c %d /secret /other | uniq | wc -l; ls /secret; cat /file")
    document["linux"]["maskedPaths"] = ["/secret", "/file", "/secret", "/other", "/file", "/other"]
    assert machine.run_bundle(document, root).succeeded().lines == ["3", "1"]


def test_a_file_is_bound_at_the_end_of_a_link_into_directories_that_are_not_there(machine: Machine) -> None:
    root, folder = machine.new_root(), machine.new_folder()
    machine.sh(f"echo content >{folder}/file; ln -s /made/deep {root}/jump; ln -s /jump/er/hosts {root}/hosts; ln -s ../../../../../made/up {root}/up")
    document = shell("cat /made/deep/er/hosts /hosts /made/up/x/y")
    for place in ("/hosts", "/up/x/y"):
        document["mounts"].append({"destination": place, "type": "bind", "source": f"{folder}/file", "options": ["bind"]})
    assert machine.run_bundle(document, root).succeeded().lines == ["content"] * 3
    assert machine.sh(f"ls -d /made {folder}/made 2>/dev/null || echo none") == "none\n"


def test_signal_0_asks_whether_a_container_runs(machine: Machine) -> None:
    with running(machine) as bundle:
        machine.call("kill", bundle.id, "0").succeeded()
        assert state(bundle) == "running"
        machine.call("kill", bundle.id, "KILL").succeeded()
        machine.sh("sleep 0.2")
        machine.call("kill", bundle.id, "0").failed("container not running")


@contextmanager
def with_the_hosts_processes(machine: Machine, script: str) -> Iterator[Bundle]:
    document = shell(script)
    document["linux"]["namespaces"] = [entry for entry in document["linux"]["namespaces"] if entry["type"] != "pid"]
    bundle = machine.bundle(document)
    left_alone(bundle, "run", "--detach", "--bundle", bundle.path, bundle.id)
    try:
        yield bundle
    finally:
        machine.call("delete", "--force", bundle.id).succeeded()


def test_killing_a_container_without_processes_of_its_own_ends_those_that_outlive_the_first(machine: Machine) -> None:
    with with_the_hosts_processes(machine, "sleep 1000 & sleep 1000 & wait") as bundle:
        machine.sh("sleep 0.3")
        first = json.loads(machine.call("state", bundle.id).succeeded().text)["pid"]
        machine.sh(f"kill -9 {first}; sleep 0.3")
        assert state(bundle) == "stopped"
        assert len(json.loads(machine.call("ps", "--format", "json", bundle.id).succeeded().text)) == 2
        machine.call("kill", bundle.id, "KILL").succeeded()
        machine.sh("sleep 0.3")
        assert json.loads(machine.call("ps", "--format", "json", bundle.id).succeeded().text) == []
        machine.call("kill", bundle.id, "KILL").failed("container not running")


def test_a_state_directory_that_is_named_must_be_there_to_be_listed(machine: Machine) -> None:
    machine.run([machine.apus, "--root", f"{machine.volatile}/nowhere", "list"]).failed("nowhere", "no such file or directory")
    assert machine.sh(f"ls -d {machine.volatile}/nowhere 2>/dev/null || echo none") == "none\n"


def test_a_container_that_is_kept_keeps_its_groups_until_it_is_deleted(machine: Machine) -> None:
    bundle = machine.bundle(shell("exit 3"))
    assert machine.call("run", "--keep", "--bundle", bundle.path, bundle.id).status == 3
    assert machine.sh(f"find /sys/fs/cgroup -type d -name {bundle.id} | wc -l") != "0\n"
    machine.call("delete", bundle.id).succeeded()
    assert machine.sh(f"find /sys/fs/cgroup -type d -name {bundle.id} | wc -l") == "0\n"


def test_a_group_that_is_frozen_or_in_use_is_no_containers(machine: Machine) -> None:
    document = shell("exit 0")
    name = machine.new_name()
    document["linux"]["cgroupsPath"] = f"/{name}"
    bundle = machine.bundle(document)
    freeze = f"""
        if [ -e /sys/fs/cgroup/cgroup.controllers ]; then group=/sys/fs/cgroup/{name} file=cgroup.freeze frozen=1
        else group=/sys/fs/cgroup/freezer/{name} file=freezer.state frozen=FROZEN; fi
    """
    machine.sh(f"{freeze} mkdir $group; echo $frozen >$group/$file")
    try:
        bundle.run().failed("container's cgroup unexpectedly frozen")
    finally:
        machine.sh(f"{freeze} rmdir $group")
    script = f"{freeze} mkdir $group; sleep 1000 & echo $! >$group/cgroup.procs; {shlex.join(bundle.command)} || echo status $?; kill -9 $!; wait; rmdir $group"
    result = machine.run(["sh", "-c", script])
    assert "container's cgroup is not empty" in result.error and "status 1" in result.text


@pytest.mark.native
def test_the_devices_controller_has_the_rules_beside_the_program(native: Machine) -> None:
    document = shell("exit 0")
    name = native.new_name()
    document["linux"]["cgroupsPath"] = f"/{name}"
    document["linux"]["resources"]["devices"] += [
        {"allow": True, "type": "c", "major": 10, "minor": 229, "access": "rwm"}, {"allow": True, "type": "b", "major": 8, "minor": 20, "access": "rw"},
    ]
    bundle = native.bundle(document)
    left_alone(bundle, "create", "--bundle", bundle.path, bundle.id)
    try:
        assert native.sh(f"head -2 /sys/fs/cgroup/devices/{name}/devices.list") == "c 10:229 rwm\nb 8:20 rw\n"
    finally:
        native.call("delete", "--force", bundle.id).succeeded()


def test_what_a_container_says_to_its_terminal_has_carriage_returns_only_for_terminals(machine: Machine) -> None:
    document = spec("/bin/echo", "line", terminal=True)
    assert machine.run_bundle(document).succeeded().stdout == b"line\n"
