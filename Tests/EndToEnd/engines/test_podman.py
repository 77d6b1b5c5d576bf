"""What only Podman has: pods, containers that are told what they are, and its own ways to start one."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
import traces
from commands import Podman
from engine import IMAGE, eventually

pytestmark = pytest.mark.native


@pytest.fixture
def pod(podman: Podman) -> Iterator[str]:
    """A pod whose containers share network, IPC, host name and processes."""
    name = podman.new_name()
    podman.call(
        "pod", "create", "--name", name, "--network", "none", "--share", "net,ipc,uts,pid", "--hostname", "together", "--cgroup-parent", podman.place.cgroup,
    ).succeeded()
    number = podman.call("pod", "inspect", "--format", "{{.ID}}", name).succeeded().text.strip()
    yield name
    podman.call("pod", "rm", "--force", "--time", "0", name).succeeded()
    # Podman removes the pod's group in the hierarchies that it knows itself.
    traces.remove_cgroups(f"{podman.place.cgroup}/{number}")


def in_pod(podman: Podman, pod: str, *words: str) -> str:
    """The output of a container in a pod."""
    return podman.call("run", "--rm", "--pod", pod, IMAGE, *words).succeeded().text


def test_containers_of_a_pod_share_its_namespaces(podman: Podman, pod: str) -> None:
    script = "for name in net ipc uts pid; do readlink /proc/self/ns/$name; done; hostname"
    podman.call("run", "--detach", "--pod", pod, IMAGE, "sleep", "1234").succeeded()
    first, second = (in_pod(podman, pod, "sh", "-c", script).splitlines() for _ in range(2))
    assert first[:4] == second[:4]
    assert first[4] == second[4] == "together"
    assert "sleep 1234" in in_pod(podman, pod, "ps")


def test_the_life_of_a_pod(podman: Podman, pod: str) -> None:
    def state() -> str:
        return str(json.loads(podman.call("pod", "inspect", pod).succeeded().text)["State"])

    podman.call("run", "--detach", "--pod", pod, "--name", f"{pod}-one", IMAGE, "sleep", "1000").succeeded()
    assert state() == "Running"
    podman.call("pod", "pause", pod).succeeded()
    assert podman.state(f"{pod}-one")["Status"] == "paused"
    podman.call("pod", "unpause", pod).succeeded()
    podman.call("pod", "stop", "--time", "0", pod).succeeded()
    # Podman says "stopped" until its cleanup has come after.
    eventually(lambda: podman.state(f"{pod}-one")["Status"], "exited")
    podman.call("pod", "start", pod).succeeded()
    assert podman.state(f"{pod}-one")["Status"] == "running"
    podman.call("pod", "kill", pod).succeeded()
    eventually(lambda: podman.state(f"{pod}-one")["Status"], "exited")


def test_a_pod_from_kubernetes_yaml(podman: Podman) -> None:
    text = json.dumps({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "from-yaml"},
        "spec": {"hostNetwork": True, "containers": [{
            "name": "one", "image": IMAGE, "imagePullPolicy": "Never", "command": ["sleep", "1000"], "env": [{"name": "NAME", "value": "a value"}],
            "resources": {"limits": {"memory": "64Mi"}}, "securityContext": {"readOnlyRootFilesystem": True, "runAsUser": 1000},
        }]},
    })
    (podman.place.folder / "pod.yaml").write_text(text)
    podman.call("play", "kube", "pod.yaml").succeeded()
    number = podman.call("pod", "inspect", "--format", "{{.ID}}", "from-yaml").succeeded().text.strip()
    try:
        assert podman.call("exec", "from-yaml-one", "sh", "-c", "id -u; echo $NAME; touch /file || echo refused").text == "1000\na value\nrefused\n"
        assert podman.control("from-yaml-one", "memory", "memory.limit_in_bytes") == str(64 << 20)
    finally:
        podman.call("pod", "rm", "--force", "--time", "0", "from-yaml").succeeded()
        traces.remove_cgroups(f"/libpod_parent/{number}")


def test_a_user_namespace(podman: Podman) -> None:
    options = ["--uidmap", "0:100000:65536", "--gidmap", "0:200000:65536"]
    with podman.container("sleep", "1000", options=options) as name:
        status = Path(f"/proc/{podman.state(name)['Pid']}/status").read_text()
        assert "Uid:\t100000\t100000\t100000\t100000\nGid:\t200000\t200000\t200000\t200000\n" in status
        text = podman.call("exec", name, "sh", "-c", "id -u; cat /proc/self/uid_map; touch /file && stat -c %u:%g /file").succeeded().text
        assert text.split() == ["0", "0", "100000", "65536", "0:0"]


def test_descriptors_are_passed_on(podman: Podman) -> None:
    ours, theirs = os.pipe()
    try:
        script = "echo through 3 >&3; ls /proc/self/fd | tr '\\n' ' '"
        command = podman.words("run", "--rm", "--preserve-fds", "1", *podman.options, IMAGE, "sh", "-c", script)
        become = "import os, sys; os.dup2(int(sys.argv[1]), 3); os.execv(sys.argv[2], sys.argv[2:])"
        result = podman.run(["python3", "-c", become, str(theirs), *command], keep=[theirs])
        os.close(theirs)
        theirs = -1
        assert result.succeeded().text == "0 1 2 3 4 "
        assert os.read(ours, 100) == b"through 3\n"
    finally:
        os.close(ours)
        if theirs >= 0:
            os.close(theirs)


def test_a_container_that_says_that_it_is_ready(podman: Podman) -> None:
    """`--sdnotify=container`: the container gets a socket, and what it writes there reaches the service manager."""
    path = podman.place.folder / "notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(path))
        manager.settimeout(30)
        options = ["--rm", "--detach", "--name", "ready", "--sdnotify", "container", *podman.options]
        command = podman.words("run", *options, IMAGE, "sh", "-c", "test -S $NOTIFY_SOCKET && sleep 1000")
        podman.run(["env", f"NOTIFY_SOCKET={path}", *command]).succeeded()
        try:
            # What conmon says by itself.
            assert b"MAINPID=" in manager.recv(1000)
            assert podman.state("ready")["Running"] is True
        finally:
            podman.call("rm", "--force", "--time", "0", "ready").succeeded()
    path.unlink()


def test_a_root_file_system_without_an_image(podman: Podman) -> None:
    root = podman.place.folder / "root"
    name = podman.call("create", *podman.options, IMAGE).succeeded().text.strip()
    archive = podman.call("export", name).succeeded().stdout
    podman.call("rm", name).succeeded()
    root.mkdir()
    podman.run(["tar", "-x", "-C", str(root)], data=archive).succeeded()
    result = podman.call("run", "--rm", *podman.options, "--rootfs", str(root), "echo", "runs").succeeded()
    assert result.text == "runs\n"
    podman.run(["rm", "-rf", str(root)]).succeeded()


def test_hooks_of_the_engine(podman: Podman) -> None:
    folder = podman.place.folder / "hooks"
    folder.mkdir()
    program = folder / "program"
    program.write_text(f"#!/bin/sh\ncat >{folder}/$1\n")
    program.chmod(0o755)
    stages = ["prestart", "createRuntime", "poststart", "poststop"]
    for stage in stages:
        hook = {"version": "1.0.0", "hook": {"path": str(program), "args": ["program", stage]}, "when": {"always": True}, "stages": [stage]}
        (folder / f"{stage}.json").write_text(json.dumps(hook))
    podman.call("--hooks-dir", str(folder), "run", "--rm", *podman.options, IMAGE, "sleep", "0.2").succeeded()
    states = [json.loads((folder / stage).read_text()) for stage in stages]
    assert len({state["id"] for state in states}) == 1
    assert states[0]["pid"] > 0 and states[-1]["status"] == "stopped"
    podman.run(["rm", "-rf", str(folder)]).succeeded()


def test_wait_for_a_container_that_ends_while_podman_is_away(podman: Podman) -> None:
    with podman.container("sh", "-c", "sleep 0.5; exit 12") as name:
        assert podman.call("wait", name).succeeded().text == "12\n"
        assert podman.state(name)["ExitCode"] == 12


def test_events_tell_what_happened(podman: Podman) -> None:
    with podman.container("sh", "-c", "exit 3") as name:
        podman.call("wait", name).succeeded()
    lines = podman.call("events", "--stream=false", "--filter", f"container={name}", "--format", "{{.Status}}").succeeded().lines
    assert [word for word in ("create", "start", "died", "remove") if word in lines] == ["create", "start", "died", "remove"]


def test_podman_knows_the_runtime(podman: Podman) -> None:
    found = json.loads(podman.call("info", "--format", "json").succeeded().text)["host"]["ociRuntime"]
    assert found["path"] == str(podman.place.runtime)
