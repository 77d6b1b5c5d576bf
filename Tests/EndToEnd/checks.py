"""What `apus check` says, for tests, and whether it agrees with what a container then does."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

from machines import Machine, Result
from specs import shell

#: Its exit statuses.
STATUSES = {"full": 0, "degraded": 3, "cannot run": 4}


def document(result: Result) -> dict[str, Any]:
    """What it says as JSON, which its exit status has to agree with."""
    assert result.error == "" or all(line.startswith("apus: warning: ") for line in result.error.splitlines()), result.error
    said: dict[str, Any] = json.loads(result.text)
    assert result.status == STATUSES[said.get("container", said)["verdict"]], result.text
    return said


def machine_of(machine: Machine, prefix: list[str] | None = None) -> dict[str, Any]:
    """What it says of the machine, behind the command of `prefix`."""
    return document(machine.run([*(prefix or []), *machine.words("check", "--json")]))


def features(said: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The features by their keys."""
    return {row["key"]: row for row in said["features"]}


@dataclass(frozen=True)
class Agreement:
    """A container that check and run have to be of one mind about."""

    name: str
    #: Changes to the configuration of an ordinary container.
    change: Any


def _namespaces(*kinds: str) -> Any:
    def change(document: dict[str, Any]) -> None:
        document["linux"]["namespaces"] = [{"type": kind} for kind in kinds]
        if "uts" not in kinds:
            del document["hostname"]

    return change


def _resources(**resources: Any) -> Any:
    def change(document: dict[str, Any]) -> None:
        document["linux"]["namespaces"] = [{"type": kind} for kind in ("mount", "uts", "network")]
        document["linux"]["resources"] = resources

    return change


def _mount(type_: str, *options: str) -> Any:
    def change(document: dict[str, Any]) -> None:
        document["linux"]["namespaces"] = [{"type": kind} for kind in ("mount", "uts", "network")]
        document["mounts"].append({"destination": "/tmp/here", "type": type_, "source": "here", "options": list(options)})

    return change


def _member(*path: str, value: Any) -> Any:
    def change(document: dict[str, Any]) -> None:
        document["linux"]["namespaces"] = [{"type": kind} for kind in ("mount", "uts", "network")]
        here = document
        for name in path[:-1]:
            here = here[name]
        here[path[-1]] = value

    return change


def _best_effort(names: str, **resources: Any) -> Any:
    def change(document: dict[str, Any]) -> None:
        document["annotations"] = {"org.apus.best-effort": names}
        document["linux"]["resources"] = resources

    return change


#: Containers of which each kernel runs some.
AGREEMENTS = [
    Agreement("usual", lambda document: None),
    Agreement("only what phones have", _namespaces("mount", "uts", "network", "cgroup")),
    Agreement("PID namespace", _namespaces("mount", "pid")),
    Agreement("IPC namespace", _namespaces("mount", "ipc")),
    Agreement("time namespace", _namespaces("mount", "time")),
    Agreement("what may be done without", _best_effort("all", pids={"limit": 20}, cpu={"quota": 50000, "period": 100000})),
    Agreement("only some of what may be done without", _best_effort("pid-namespace", pids={"limit": 20})),
    Agreement("limits that may be done without", _best_effort("pid-namespace,ipc-namespace,pids-limit", pids={"limit": 20})),
    Agreement("memory", _resources(memory={"limit": 64 << 20})),
    Agreement("memory and swap", _resources(memory={"limit": 64 << 20, "swap": 64 << 20})),
    Agreement("pids", _resources(pids={"limit": 20})),
    Agreement("cpu quota", _resources(cpu={"quota": 50000, "period": 100000})),
    Agreement("cpu weight", _resources(cpu={"shares": 512})),
    Agreement("cpus", _resources(cpu={"cpus": "0"})),
    Agreement("cpus that are not there", _resources(cpu={"cpus": "700"})),
    Agreement("devices", _resources(devices=[{"allow": False, "access": "rwm"}])),
    Agreement("network class", _resources(network={"classID": 1048577})),
    Agreement("rdma", _resources(rdma={"mlx5_1": {"hcaHandles": 3}})),
    Agreement("a control file that is not there", _resources(unified={"apus.nothing": "1"})),
    Agreement("tmpfs", _mount("tmpfs")),
    Agreement("message queues", _mount("mqueue")),
    Agreement("a file system that nobody has", _mount("apusfs")),
    Agreement("nosymfollow", _mount("tmpfs", "nosymfollow")),
    Agreement("AppArmor", _member("process", "apparmorProfile", value="unconfined")),
    Agreement("SELinux", _member("process", "selinuxLabel", value="system_u:system_r:init_t:s0")),
    Agreement("I/O priority", _member("process", "ioPriority", value={"class": "IOPRIO_CLASS_BE", "priority": 4})),
    Agreement("memory policy", _member("linux", "memoryPolicy", value={"mode": "MPOL_BIND", "nodes": "0"})),
    Agreement("filter", _member("linux", "seccomp", value={"defaultAction": "SCMP_ACT_ALLOW", "flags": ["SECCOMP_FILTER_FLAG_LOG"]})),
    Agreement("a filter with a flag that is new", _member("linux", "seccomp", value={
        "defaultAction": "SCMP_ACT_ALLOW", "flags": ["SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"],
    })),
    Agreement("a filter that forbids to end", _member("linux", "seccomp", value={
        "defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["exit_group", "write"], "action": "SCMP_ACT_KILL_PROCESS"}],
    })),
]  # fmt: skip


def require_agreement(machine: Machine, case: Agreement, prefix: list[str] | None = None) -> bool:
    """Asks about the container, runs it, and compares; gives whether it ran."""
    configuration = shell("exit 7")
    case.change(configuration)
    bundle = machine.bundle(configuration)
    checked = machine.run([*(prefix or []), *machine.words("check", "--json", "--bundle", bundle.path)])
    said = document(checked)
    ran = machine.run([*(prefix or []), *bundle.command])
    # 1 is apus's own; a container that was started ends with 7, or as its filter has it.
    assert (said["container"]["verdict"] == "cannot run") == (ran.status == 1), f"{said['container']}\n{ran.status}: {ran.error}"
    if ran.status == 1:
        _require_reason(said, ran)
    return ran.status != 1


def _without_group(sentence: str) -> str:
    """The sentence, whatever the group is called that it is about: check's own is another one."""
    return re.sub(r"(/apus)?/(apus-check-\d+|e2e-\d+-\d+)", "/GROUP", sentence.removeprefix("apus: ").strip())


def _require_reason(said: dict[str, Any], ran: Result) -> None:
    """The sentence of the runtime is one of those of check, or names what is missing there."""
    sentence = _without_group(ran.error)
    container, rows = said["container"], features(said)
    if sentence in map(_without_group, container["refusals"]):
        return
    missing = [asked for asked in container["asks"] if asked["verdict"] != "works"]
    names = [option for asked in missing if "key" in asked for option in rows[asked["key"]]["options"]]
    names += [asked["fileSystem"] for asked in missing if "fileSystem" in asked] + [asked["path"] for asked in missing if asked["path"]]
    assert any(name in sentence for name in names), f"{sentence}\n{container}"
