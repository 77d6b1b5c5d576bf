"""A client of the kubelet's interface (Container Runtime Interface), small enough to be read: a few calls, and the members that the tests use.

Kubernetes' api.proto, runtime.v1, has the numbers. Debian 12 has no client of its own.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import grpc
import wire

NODE, POD, CONTAINER = 2, 0, 1
"""Whose a namespace is: NamespaceMode."""

CREATED, RUNNING, EXITED = 0, 1, 2
"""ContainerState."""

_PAIR = {"key": (1, str), "value": (2, str)}
_ID = {"container_id": (1, str)}
_POD_ID = {"pod_sandbox_id": (1, str)}

SCHEMA: wire.Schema = {
    "Empty": {},
    "Pair": _PAIR,
    "Integer": {"value": (1, int)},
    "NamespaceOption": {"network": (1, int), "pid": (2, int), "ipc": (3, int)},
    "PodSecurity": {"namespace_options": (1, "NamespaceOption"), "readonly_rootfs": (4, bool)},
    "LinuxPod": {"cgroup_parent": (1, str), "security_context": (2, "PodSecurity"), "sysctls": (3, ["Pair"])},
    "PodMetadata": {"name": (1, str), "uid": (2, str), "namespace": (3, str), "attempt": (4, int)},
    "PodConfig": {"metadata": (1, "PodMetadata"), "hostname": (2, str), "log_directory": (3, str), "linux": (8, "LinuxPod")},
    "RunPodSandboxRequest": {"config": (1, "PodConfig")},
    "RunPodSandboxResponse": _POD_ID,
    "StopPodSandboxRequest": _POD_ID,
    "RemovePodSandboxRequest": _POD_ID,
    "PodSandboxStatusRequest": _POD_ID,
    "PodStatus": {"id": (1, str), "state": (3, int)},
    "PodSandboxStatusResponse": {"status": (1, "PodStatus")},
    "Image": {"image": (1, str)},
    "ContainerMetadata": {"name": (1, str), "attempt": (2, int)},
    "Mount": {"container_path": (1, str), "host_path": (2, str), "readonly": (3, bool)},
    "Device": {"container_path": (1, str), "host_path": (2, str), "permissions": (3, str)},
    "Resources": {"cpu_period": (1, int), "cpu_quota": (2, int), "cpu_shares": (3, int), "memory_limit_in_bytes": (4, int), "cpuset_cpus": (6, str)},
    "Capabilities": {"add_capabilities": (1, [str]), "drop_capabilities": (2, [str])},
    "Security": {
        "capabilities": (1, "Capabilities"), "privileged": (2, bool), "namespace_options": (3, "NamespaceOption"), "run_as_user": (5, "Integer"),
        "readonly_rootfs": (7, bool), "supplemental_groups": (8, [int]), "no_new_privs": (11, bool), "run_as_group": (12, "Integer"),
        "masked_paths": (13, [str]), "readonly_paths": (14, [str]), "seccomp": (15, "Profile"),
    },
    "Profile": {"profile_type": (1, int), "localhost_ref": (2, str)},
    "LinuxContainer": {"resources": (1, "Resources"), "security_context": (2, "Security")},
    "ContainerConfig": {
        "metadata": (1, "ContainerMetadata"), "image": (2, "Image"), "command": (3, [str]), "working_dir": (5, str), "envs": (6, ["Pair"]),
        "mounts": (7, ["Mount"]), "devices": (8, ["Device"]), "log_path": (11, str), "tty": (14, bool), "linux": (15, "LinuxContainer"),
    },
    "CreateContainerRequest": {"pod_sandbox_id": (1, str), "config": (2, "ContainerConfig"), "sandbox_config": (3, "PodConfig")},
    "CreateContainerResponse": _ID,
    "StartContainerRequest": _ID,
    "StopContainerRequest": {"container_id": (1, str), "timeout": (2, int)},
    "RemoveContainerRequest": _ID,
    "ContainerStatusRequest": _ID,
    "ContainerStatus": {"id": (1, str), "state": (3, int), "exit_code": (7, int), "reason": (10, str), "message": (11, str)},
    "ContainerStatusResponse": {"status": (1, "ContainerStatus")},
    "ExecSyncRequest": {"container_id": (1, str), "cmd": (2, [str]), "timeout": (3, int)},
    "ExecSyncResponse": {"stdout": (1, bytes), "stderr": (2, bytes), "exit_code": (3, int)},
    "UpdateContainerResourcesRequest": {"container_id": (1, str), "linux": (2, "Resources")},
    "ContainerStatsRequest": _ID,
    "CPUUsage": {"usage_core_nano_seconds": (2, "Integer")},
    "MemoryUsage": {"working_set_bytes": (2, "Integer")},
    "ContainerStats": {"cpu": (2, "CPUUsage"), "memory": (3, "MemoryUsage")},
    "ContainerStatsResponse": {"stats": (1, "ContainerStats")},
    "VersionRequest": {"version": (1, str)},
    "VersionResponse": {"runtime_name": (2, str)},
}


class Kubelet:
    """Pods and containers by that interface. Pods use the network of the host, because no plugin for another one is there."""

    _numbers = itertools.count()

    def __init__(self, socket: Path, image: str, cgroup: str, logs: Path) -> None:
        """`logs`: a folder for the containers' output. All containers' groups are made below the cgroup."""
        self._channel = grpc.insecure_channel(f"unix://{socket}")
        self._image = image
        self._cgroup = cgroup
        self._logs = logs
        self._pods: dict[str, dict[str, Any]] = {}

    def call(self, method: str, _answer: str | None = None, **members: Any) -> dict[str, Any]:
        """Makes a call; its members are those of the request, the answer's come back. A refusal is a grpc.RpcError."""
        answer = f"{method}Response"
        call = self._channel.unary_unary(f"/runtime.v1.RuntimeService/{method}")
        data = call(wire.encode(SCHEMA, f"{method}Request", members), timeout=60)
        return wire.decode(SCHEMA, answer if answer in SCHEMA else "Empty", data)

    def run_pod(self, hostname: str = "", pid: int = CONTAINER, ipc: int = POD, sysctls: Sequence[tuple[str, str]] = ()) -> str:
        """Starts a pod; gives its id."""
        name = f"pod-{next(self._numbers)}"
        (self._logs / name).mkdir(parents=True)
        linux = {
            "cgroup_parent": self._cgroup,
            "security_context": {"namespace_options": {"network": NODE, "pid": pid, "ipc": ipc}},
            "sysctls": [{"key": key, "value": value} for key, value in sysctls],
        }
        config = {
            "metadata": {"name": name, "uid": name, "namespace": "tests"}, "log_directory": str(self._logs / name), "linux": linux,
            **({"hostname": hostname} if hostname else {}),
        }
        pod = str(self.call("RunPodSandbox", config=config)["pod_sandbox_id"])
        self._pods[pod] = config
        return pod

    def create(self, pod: str, *command: str, security: dict[str, Any] | None = None, resources: dict[str, Any] | None = None, **members: Any) -> str:
        """Makes a container in a pod; gives its id. Its output goes to `output` of it."""
        options = self._pods[pod]["linux"]["security_context"]["namespace_options"]
        config = {
            "metadata": {"name": f"container-{next(self._numbers)}"}, "image": {"image": self._image}, "command": command,
            "log_path": "log", "linux": {"security_context": {"namespace_options": options, **(security or {})}, "resources": resources or {}}, **members,
        }
        return str(self.call("CreateContainer", pod_sandbox_id=pod, config=config, sandbox_config=self._pods[pod])["container_id"])

    def run(self, pod: str, *command: str, **more: Any) -> str:
        """Makes and starts a container; gives its id."""
        container = self.create(pod, *command, **more)
        self.call("StartContainer", container_id=container)
        return container

    def output(self, pod: str) -> list[tuple[str, str]]:
        """What the last container of a pod has said: stream and line."""
        path = Path(self._pods[pod]["log_directory"]) / "log"
        lines = [line.split(" ", 3) for line in path.read_text().splitlines()] if path.exists() else []
        return [(line[1], line[3]) for line in lines]

    def status(self, container: str) -> dict[str, Any]:
        """The status of a container."""
        status: dict[str, Any] = self.call("ContainerStatus", container_id=container)["status"]
        return status

    def execute(self, container: str, *command: str, timeout: int = 30) -> tuple[int, str, str]:
        """Runs a command in a container; gives its status, output and error output."""
        answer = self.call("ExecSync", container_id=container, cmd=command, timeout=timeout)
        return answer["exit_code"], answer["stdout"].decode(), answer["stderr"].decode()

    def remove_pod(self, pod: str) -> None:
        """Stops a pod with its containers, and removes it."""
        self.call("StopPodSandbox", pod_sandbox_id=pod)
        self.call("RemovePodSandbox", pod_sandbox_id=pod)
        del self._pods[pod]

    def remove_pods(self) -> None:
        """Removes all pods."""
        for pod in list(self._pods):
            self.remove_pod(pod)

    def close(self) -> None:
        """Ends the connection."""
        self._channel.close()
