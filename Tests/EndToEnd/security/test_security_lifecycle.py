"""Behaviours 26, 27 and 29 of shared/reference/oci-runtimes.md, 3b: ids, control groups and state are not a way out, nor to somebody else's processes."""

from __future__ import annotations

import json
import re

import pytest
from left_alone import all_refused, left_alone, running, state
from machines import Bundle, Machine
from specs import shell, spec

GOOD_IDS = ["a", "A-b_c.d+e", "0", "-", "_x", "lock", "+.-", "x" * 255]
BAD_IDS = ["", ".", "..", "a/b", "/a", "a b", "a\nb", "ä", "a\x7f", "../../etc", "../x", ".hidden", "a\\b", "x" * 256]
FOREVER = "while :; do sleep 1; done"


@pytest.mark.parametrize("verb", ["run", "create", "state", "start", "kill", "delete", "exec", "ps", "pause", "resume", "update", "events"])
def test_security_26_what_is_no_id_is_refused_by_every_verb(machine: Machine, verb: str) -> None:
    before = machine.sh(f"find {machine.state} -mindepth 1 2>/dev/null | sort")
    words = {"run": ["--bundle", "/"], "create": ["--bundle", "/"], "delete": ["--force"]}.get(verb, [])
    more = ["true"] if verb == "exec" else []
    all_refused(machine, [[verb, *words, "--", name, *more] for name in BAD_IDS], "id")
    assert machine.sh(f"find {machine.state} -mindepth 1 2>/dev/null | sort") == before


@pytest.mark.parametrize("name", GOOD_IDS)
def test_security_26_what_is_one_is_taken(machine: Machine, name: str) -> None:
    bundle = machine.bundle(spec("/bin/true"))
    machine.call("run", "--bundle", bundle.path, "--", name).succeeded()


def test_security_26_annotations_mean_nothing_to_the_runtime(machine: Machine) -> None:
    # Those of crun would run or write what they name.
    folder = machine.new_folder()
    document = shell("echo runs")
    document["annotations"] = {
        "run.oci.hooks.stdout": f"{folder}/out", "run.oci.hooks.stderr": f"{folder}/error", "run.oci.pidfd_receiver": f"{folder}/socket",
        "run.oci.handler": "krun", "run.oci.seccomp_bpf_file": f"{folder}/bpf", "run.oci.systemd.subgroup": "../../..", "run.oci.delegate-cgroup": "../..",
    }
    document["hooks"] = {"poststart": [{"path": "/bin/sh", "args": ["sh", "-c", "echo said"]}]}
    assert machine.run_bundle(document).succeeded().text == "runs\n"
    assert machine.sh(f"ls -A {folder}") == ""


@pytest.mark.parametrize("path", ["..", "/../x", "/a/../../x", "../../x", "/apus/../../../x"])
def test_security_27_a_path_of_control_groups_does_not_climb(machine: Machine, path: str) -> None:
    document = spec("/bin/true")
    document["linux"]["cgroupsPath"] = path
    machine.run_bundle(document).failed("linux.cgroupsPath")


def test_security_27_nor_does_that_of_exec(machine: Machine) -> None:
    paths = ["..", "../..", "a/../../..", "cpu:../..", "memory:x/../.."]
    with running(machine, shell(FOREVER)) as bundle:
        all_refused(machine, [["exec", "--cgroup", path, bundle.id, "true"] for path in paths], "bad sub cgroup path")


def group_folders(machine: Machine, path: str) -> list[str]:
    """The folders of a control group in every hierarchy."""
    return machine.sh(f"""
        awk '$0 ~ / - cgroup2? / {{ print $5 }}' /proc/self/mountinfo | while read -r top; do [ ! -d $top/{path} ] || echo $top/{path}; done
    """).split()


@pytest.fixture
def somebodys_group(machine: Machine) -> object:
    """A control group with a process of somebody else in it, in every hierarchy that lets a process in."""
    name = machine.new_name()
    script = f"""
        awk '$0 ~ / - cgroup2? / {{ print $5 }}' /proc/self/mountinfo | while read -r top; do
          mkdir $top/{name} 2>/dev/null || continue
          for file in cpuset.cpus cpuset.mems; do [ ! -e $top/$file ] || cat $top/$file >$top/{name}/$file; done 2>/dev/null || :
          echo $$ >$top/{name}/cgroup.procs 2>/dev/null || :
        done
        echo ready
        exec sleep 1000
    """
    with machine.start(["sh", "-c", script]) as process:
        assert process.line() == "ready"
        yield name, process.number
        machine.sh(f"kill {process.number}")
        process.wait()
    machine.sh("sleep 0.2; " + "; ".join(f"rmdir {folder}" for folder in group_folders(machine, name)) + "; :")


def is_alive(machine: Machine, number: int) -> bool:
    return machine.sh(f"[ -d /proc/{number} ] && echo yes || echo no") == "yes\n"


def test_security_27_a_group_of_somebody_elses_processes_is_not_taken_killed_or_removed(machine: Machine, somebodys_group: tuple[str, int]) -> None:
    name, number = somebodys_group
    before = group_folders(machine, name)
    for path in (f"/{name}", name):
        document = shell(FOREVER)
        document["linux"]["cgroupsPath"] = path
        bundle = machine.bundle(document)
        machine.call("create", "--bundle", bundle.path, bundle.id).failed("container's cgroup is not empty")
        machine.call("delete", bundle.id).failed("does not exist")
        machine.call("delete", "--force", bundle.id)
        machine.run_bundle(document).failed("container's cgroup is not empty")
        assert is_alive(machine, number) and group_folders(machine, name) == before


def test_security_27_a_group_above_that_was_there_stays(machine: Machine, somebodys_group: tuple[str, int]) -> None:
    name, number = somebodys_group
    document = shell("exit 0")
    document["linux"]["cgroupsPath"] = f"/{name}/inner"
    result = machine.run_bundle(document)
    # On v2 a group with processes cannot hand controllers down; either way nothing of it changes.
    assert result.status == 0 or "cgroup" in result.error or name in result.error
    assert is_alive(machine, number)
    assert group_folders(machine, f"{name}/inner") == []


def test_security_27_the_hosts_groups_cannot_be_written_without_a_cgroup_namespace(machine: Machine) -> None:
    # CVE-2023-25809, CVE-2022-0492: release_agent in the root of a hierarchy is a program that the kernel runs on the host.
    script = """
        cd /sys/fs/cgroup
        for file in release_agent */release_agent; do [ ! -e $file ] || ! (exec 3>>$file) 2>/dev/null || echo $file can be written; done
        for folder in apus unified/apus; do [ ! -e $folder ] || echo $folder is there; done
        ls cgroup.procs unified/cgroup.procs 2>/dev/null | wc -l
    """
    for own in (True, False):
        document = shell(script)
        document["mounts"].append({"destination": "/sys/fs/cgroup", "type": "cgroup", "source": "cgroup", "options": ["nosuid", "noexec", "nodev"]})
        if not own:
            document["linux"]["namespaces"] = [entry for entry in document["linux"]["namespaces"] if entry["type"] != "cgroup"]
        assert machine.run_bundle(document).succeeded().lines == ["1"]


def created(machine: Machine, script: str) -> Bundle:
    """A container that waits for its start."""
    bundle = machine.bundle(shell(script))
    left_alone(bundle, "create", "--bundle", bundle.path, bundle.id)
    return bundle


def test_security_29_state_is_for_its_owner_alone(machine: Machine) -> None:
    bundle = created(machine, FOREVER)
    try:
        modes = machine.sh(f"cd {machine.state}; stat -c '%a %u %F' . {bundle.id} {bundle.id}/*").splitlines()
        assert modes[:2] == ["700 0 directory"] * 2
        assert {mode for mode in modes[2:] if not mode.endswith("socket")} <= {"600 0 regular file", "600 0 regular empty file"}
        assert len(modes) > 4
    finally:
        machine.call("delete", "--force", bundle.id).succeeded()


@pytest.mark.parametrize("mode", ["770", "702", "777"])
def test_security_29_a_state_directory_that_others_can_write_to_is_refused(machine: Machine, mode: str) -> None:
    folder = machine.new_folder()
    machine.sh(f"chmod {mode} {folder}")
    for words in (["list"], ["state", "x"], ["run", "--bundle", machine.bundle(spec("/bin/true")).path, "x"]):
        machine.run([machine.apus, "--root", folder, *words]).failed("state directory", "can be written by others")


def test_security_29_nor_one_that_is_a_link(machine: Machine) -> None:
    folder = machine.new_folder()
    machine.sh(f"mkdir -m 700 {folder}/real; ln -s real {folder}/link")
    machine.run([machine.apus, "--root", f"{folder}/link", "list"]).failed(f"{folder}/link")


def test_security_29_what_changes_in_the_bundle_after_create_has_no_effect(machine: Machine) -> None:
    bundle = created(machine, "echo as created; sleep 1000")
    try:
        document = json.loads(machine.sh(f"cat {bundle.path}/config.json"))
        document["process"]["args"] = ["/bin/echo", "changed"]
        document["process"]["env"] = ["CHANGED=yes"]
        document["hooks"] = {name: [{"path": "/bin/touch", "args": ["touch", f"{bundle.path}/changed"]}] for name in ("poststart", "poststop")}
        machine.write(f"{bundle.path}/config.json", json.dumps(document).encode())
        machine.call("start", bundle.id).succeeded()
        assert "CHANGED" not in machine.call("exec", bundle.id, "env").succeeded().text
        machine.sh(f"rm {bundle.path}/config.json")
        machine.call("exec", bundle.id, "true").succeeded()
    finally:
        machine.call("delete", "--force", bundle.id).succeeded()
    assert machine.sh(f"cat {bundle.path}/output; ls {bundle.path}").split() == ["as", "created", "output"]


def test_security_29_a_process_that_has_the_number_by_now_is_not_taken_for_the_containers(machine: Machine) -> None:
    # The record of a container whose process is gone, with a number that is somebody else's now.
    with machine.start(["sleep", "1000"]) as other:
        # The kernel counts the times of processes in hundredths of a second; a number cannot come round in one.
        machine.sh("sleep 0.1")
        bundle = created(machine, FOREVER)
        machine.call("kill", bundle.id, "KILL").succeeded()
        path = f"{machine.state}/{bundle.id}/record"
        record = machine.sh(f"until [ ! -d /proc/{state(bundle).get('pid', 0)} ]; do sleep 0.1; done; cat {path}")
        number, start = other.number, json.loads(record)["startTime"]
        machine.write(path, re.sub(r'("process": *)\d+', rf"\g<1>{number}", record).encode())
        assert json.loads(machine.sh(f"cat {path}")) == json.loads(record) | {"process": number, "startTime": start}
        assert state(bundle)["status"] == "stopped"
        machine.call("kill", bundle.id, "KILL").failed("container not running")
        machine.call("exec", bundle.id, "true").failed("stopped", status=255)
        machine.call("delete", "--force", bundle.id).succeeded()
        assert is_alive(machine, number)
        machine.sh(f"kill {number}")


def test_security_29_a_record_is_replaced_as_a_whole(machine: Machine) -> None:
    # Readers that come at any moment while it is written find a whole one.
    names = [machine.new_name() for _ in range(20 if machine.label == "native" else 8)]
    bundle = machine.bundle(spec("/bin/true"))
    command = " ".join(machine.words("run", "--bundle", bundle.path))
    script = f"""
        (for name in {' '.join(names)}; do {command} $name; done; touch {bundle.path}/done) </dev/null >{bundle.path}/errors 2>&1 &
        until [ -e {bundle.path}/done ]; do
          for file in {machine.state}/*/record; do
            [ ! -e $file ] || tail -c 1 $file | grep -q '}}' || [ ! -e $file ] || {{ echo "$file is cut"; cat $file; }}
          done
        done
        wait; cat {bundle.path}/errors
    """
    assert machine.sh(script) == ""
