"""What `state` tells of isolations and limits is what the kernel has, and nothing that was asked for is missing."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from machines import Bundle, Machine
from specs import CAPABILITIES, MASKED, NAMESPACES, READ_ONLY, shell
from test_running import MIB, left_alone

LIMITS: dict[str, Any] = {
    "memory": {"limit": 64 * MIB, "reservation": 16 * MIB}, "pids": {"limit": 64}, "cpu": {"shares": 512, "quota": 50000, "period": 100000, "cpus": "0", "idle": 0},
}


def limited() -> dict[str, Any]:
    """A config.json with limits of several kinds."""
    document = shell("while :; do sleep 1; done", oomScoreAdj=100)
    document["linux"]["resources"] |= LIMITS
    return document


@contextmanager
def container(machine: Machine, document: dict[str, Any], *options: str) -> Iterator[Bundle]:
    """A container that runs, and is deleted in the end."""
    bundle = machine.bundle(document)
    try:
        left_alone(bundle, *options, "run", "--detach", "--bundle", bundle.path, bundle.id)
        yield bundle
    finally:
        machine.call("delete", "--force", bundle.id).succeeded()


def report(bundle: Bundle) -> dict[str, dict[str, str]]:
    """The rows by their place in config.json."""
    rows = json.loads(bundle.machine.call("state", bundle.id).succeeded().text)["enforcement"]
    found = {row["what"]: row for row in rows}
    assert len(found) == len(rows) and all(set(row) == {"what", "asked", "applied", "by"} and all(row.values()) for row in rows)
    return found


def in_kernel(bundle: Bundle, row: dict[str, str]) -> str:
    """What the kernel has in the control file that a row names."""
    found = re.fullmatch(r"(\S+) \(cgroup v[12], (\S+)\)", row["by"])
    assert found, row
    return bundle.machine.sh(f"cat {found[2]}/apus/{bundle.id}/{found[1]}").strip()


def first(bundle: Bundle) -> int:
    return int(json.loads(bundle.machine.call("state", bundle.id).succeeded().text)["pid"])


def test_the_numbers_of_limits_are_those_of_the_control_files(machine: Machine) -> None:
    with container(machine, limited()) as bundle:
        rows = report(bundle)
        asked = {f"linux.resources.{kind}.{name}": str(value) for kind, members in LIMITS.items() for name, value in members.items()}
        for what, value in asked.items():
            assert rows[what]["asked"] == value
            kernel = in_kernel(bundle, rows[what])
            if rows[what]["by"].startswith("cpu.max "):
                kernel = kernel.split()[what.endswith("period")]
            assert rows[what]["applied"] == kernel, rows[what]
        assert rows["linux.resources.memory.limit"]["applied"] == str(64 * MIB)
        assert rows["linux.resources.cpu.shares"]["applied"] in ("512", "59")


def test_the_rights_of_the_program_are_those_of_proc(machine: Machine) -> None:
    document = limited()
    document["process"]["capabilities"]["bounding"].append("CAP_NO_SUCH")
    document["process"]["scheduler"] = {"policy": "SCHED_BATCH", "nice": 5}
    document["linux"]["seccomp"] = {"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["kexec_load"], "action": "SCMP_ACT_ERRNO"}]}
    with container(machine, document) as bundle:
        rows = report(bundle)
        assert rows["process.capabilities.bounding"]["asked"] == " ".join([*CAPABILITIES, "CAP_NO_SUCH"])
        for kind in ("bounding", "effective", "permitted"):
            assert rows[f"process.capabilities.{kind}"]["applied"] == " ".join(CAPABILITIES)
        status = dict(line.split(":\t", 1) for line in machine.sh(f"cat /proc/{first(bundle)}/status").splitlines())
        assert int(status["CapBnd"], 16) == int(status["CapEff"], 16) == 1 << 29 | 1 << 5 | 1 << 10
        assert (status["NoNewPrivs"], rows["process.noNewPrivileges"]["applied"]) == ("1", "true")
        assert status["Seccomp"] == "2" and re.fullmatch(r"[1-9]\d* instructions", rows["linux.seccomp"]["applied"])
        assert rows["process.rlimits[0]"]["applied"] == "hard 1024, soft 1024"
        assert rows["process.oomScoreAdj"]["applied"] == machine.sh(f"cat /proc/{first(bundle)}/oom_score_adj").strip() == "100"
        assert rows["process.scheduler"]["applied"] == "policy SCHED_BATCH, nice 5"
        assert rows["process.user"]["applied"] == "uid 0, gid 0"


def test_namespaces_are_those_of_the_program(machine: Machine) -> None:
    document = limited()
    # The host's own: joined, and so no isolation.
    document["linux"]["namespaces"][1]["path"] = "/proc/self/ns/net"
    with container(machine, document) as bundle:
        rows = report(bundle)
        for number, kind in enumerate(NAMESPACES):
            row = rows[f"linux.namespaces[{number}]"]
            if kind == "network":
                assert row | {"asked": ""} == {"what": "linux.namespaces[1]", "asked": "", "applied": "none", "by": "setns(2)"}
                continue
            name = {"mount": "mnt"}.get(kind, kind)
            assert row["applied"] == machine.sh(f"readlink /proc/{first(bundle)}/ns/{name}").strip()
            assert row["by"] == f"CLONE_NEW{'NS' if kind == 'mount' else kind.upper()}"


def test_paths_that_somebody_uncovers_are_told(machine: Machine) -> None:
    document = limited()
    document["linux"]["readonlyPaths"] += ["/bin", "/no-such-path"]
    with container(machine, document) as bundle:
        rows = report(bundle)
        assert rows["linux.maskedPaths"]["applied"] == rows["linux.maskedPaths"]["asked"] == " ".join(MASKED)
        assert rows["linux.readonlyPaths"]["applied"] == rows["linux.readonlyPaths"]["asked"] == " ".join([*READ_ONLY, "/bin", "/no-such-path"])
        assert rows["root.readonly"]["applied"] == "true"
        machine.sh(f"nsenter -t {first(bundle)} -m umount /proc/keys; nsenter -t {first(bundle)} -m umount /proc/sys")
        rows = report(bundle)
        assert rows["linux.maskedPaths"]["applied"].split() == [path for path in MASKED if path != "/proc/keys"]
        assert "/proc/sys" not in rows["linux.readonlyPaths"]["applied"].split()


def test_after_an_update_the_new_limits_are_told(machine: Machine) -> None:
    with container(machine, limited()) as bundle:
        machine.call("update", "--pids-limit", "20", "--memory", "32m", bundle.id).succeeded()
        resources = {"cpu": {"quota": -1, "shares": 0}, "memory": {"limit": 0}, "pids": {"limit": 21}}
        machine.call("update", "--resources", "-", bundle.id, data=json.dumps(resources).encode()).succeeded()
        rows = report(bundle)
        for what, asked in [("pids.limit", "21"), ("memory.limit", str(32 * MIB)), ("cpu.quota", "-1"), ("cpu.period", "100000"), ("cpu.shares", "512")]:
            row = rows[f"linux.resources.{what}"]
            assert row["asked"] == asked
            assert row["applied"] in in_kernel(bundle, row).split()
        machine.call("update", "--cpuset-cpus", "4000", bundle.id).failed("linux.resources.cpu.cpus")
        assert report(bundle)["linux.resources.cpu.cpus"]["asked"] == "0"
        # What joins the container later is not kept from it.
        assert machine.call("exec", bundle.id, "echo", "joined").succeeded().text == "joined\n"


def test_a_container_that_has_stopped_tells_what_it_had(machine: Machine) -> None:
    with container(machine, limited()) as bundle:
        before = report(bundle)
        machine.call("kill", bundle.id, "KILL").succeeded()
        machine.sh(f"until {shlex.join(machine.words('state', bundle.id))} | grep -q '\"stopped\"'; do sleep 0.05; done")
        after = report(bundle)
        assert list(after) == list(before)
        for what, row in after.items():
            assert row["asked"] == before[what]["asked"] and row["by"] == before[what]["by"]
            if what.startswith("linux.resources."):
                assert row == before[what]


def test_before_the_start_what_is_planned_is_told(machine: Machine) -> None:
    bundle = machine.bundle(limited())
    try:
        left_alone(bundle, "create", "--bundle", bundle.path, bundle.id)
        rows = report(bundle)
        assert rows["linux.resources.pids.limit"]["applied"] == in_kernel(bundle, rows["linux.resources.pids.limit"]) == "64"
        assert rows["process.capabilities.bounding"]["applied"] == " ".join(CAPABILITIES)
    finally:
        machine.call("delete", "--force", bundle.id).succeeded()


def test_without_control_groups_nothing_filters_devices(machine: Machine) -> None:
    document = shell("while :; do sleep 1; done")
    with container(machine, document, "--cgroup-manager", "disabled") as bundle:
        rows = report(bundle)
        assert rows["linux.resources.devices"] == {
            "what": "linux.resources.devices", "asked": "rules: 1", "applied": "none", "by": "nothing: control groups are disabled",
        }
        assert [what for what in rows if what.startswith("linux.resources.")] == ["linux.resources.devices"]
        assert rows["process.noNewPrivileges"]["applied"] == "true"


def test_devices_are_filtered_by_what_the_record_says(machine: Machine) -> None:
    with container(machine, limited()) as bundle:
        row = report(bundle)["linux.resources.devices"]
        assert row["applied"] == "rules: 1" and row["by"].startswith(("an eBPF program (cgroup v2, /", "devices.list (cgroup v1, /"))


def test_a_container_of_an_image_tells_as_much(machine: Machine) -> None:
    machine.image("busybox")
    name = machine.new_name()
    options = ["--name", name, "--memory", "32m", "--pids", "30", "--cpus", "0.5", "--read-only"]
    with machine.start(machine.words("image", "run", *options, "busybox", "--", "sh", "-c", "echo ready; read wait")) as running:
        assert running.line() == "ready"
        rows = report(Bundle(machine, "", name, ""))
        running.stdin.close()
        running.wait()
    applied = {what: row["applied"] for what, row in rows.items()}
    assert applied["linux.resources.memory.limit"] == str(32 * MIB)
    assert (applied["linux.resources.pids.limit"], applied["linux.resources.cpu.quota"]) == ("30", "50000")
    assert rows["linux.seccomp"]["asked"] == "the default filter" and applied["linux.seccomp"].endswith(" instructions")
    assert rows["process.user"]["asked"] == "0" and applied["process.user"] == "uid 0, gid 0"
    assert applied["root.readonly"] == "true" and "/proc/kcore" in applied["linux.maskedPaths"]
    assert "CAP_CHOWN" in applied["process.capabilities.bounding"]


def test_hooks_get_the_state_of_the_specification(machine: Machine) -> None:
    document = limited()
    folder = machine.new_folder()
    document["hooks"] = {name: [{"path": "/bin/sh", "args": ["sh", "-c", f"cat >{folder}/{name}"]}] for name in ("createRuntime", "poststart", "poststop")}
    with container(machine, document):
        pass
    for name in document["hooks"]:
        state = json.loads(machine.sh(f"cat {folder}/{name}"))
        assert "status" in state and "enforcement" not in state


def test_the_table_has_a_line_for_each(machine: Machine) -> None:
    with container(machine, limited()) as bundle:
        rows = report(bundle)
        lines = machine.call("state", "--format", "table", bundle.id).succeeded().lines
        assert lines == [f"{row['what']}: {row['asked']} -> {row['applied']} by {row['by']}" for row in rows.values()]
        assert machine.call("state", "-f", "json", bundle.id).text == machine.call("state", bundle.id).text
        machine.call("state", "--format", "yaml", bundle.id).failed("neither table nor json", status=2)


@pytest.mark.native
def test_a_configuration_that_is_gone_does_not_keep_the_state_from_engines(native: Machine) -> None:
    with container(native, limited()) as bundle:
        native.sh(f"mv {native.state}/{bundle.id}/config.json {bundle.path}/kept")
        result = native.call("state", bundle.id).succeeded()
        assert json.loads(result.text)["status"] == "running" and "enforcement" not in json.loads(result.text)
        assert "what isolates and limits it is not known" in result.error
        native.sh(f"mv {bundle.path}/kept {native.state}/{bundle.id}/config.json")
