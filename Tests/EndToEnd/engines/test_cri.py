"""containerd's interface for a kubelet, on Apus: pods, and containers in them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest
import traces
from containerd import Kubernetes
from cri import CREATED, EXITED, POD, RUNNING, Kubelet
from engine import IMAGE, eventually

pytestmark = pytest.mark.native


@pytest.fixture
def kubelet(kubernetes: Kubernetes) -> Iterator[Kubelet]:
    """A client of the daemon."""
    client = Kubelet(kubernetes.socket, IMAGE, kubernetes.place.cgroup, kubernetes.place.folder / "logs")
    yield client
    client.remove_pods()
    client.close()


def process_of(kubernetes: Kubernetes, container: str) -> int:
    """The process number of a container's first process."""
    lines = kubernetes.call("--namespace", "k8s.io", "task", "ls").succeeded().lines
    return next(int(line.split()[1]) for line in lines if line.split()[0] == container)


def namespaces(process: int, *names: str) -> list[str]:
    """What namespaces a process is in."""
    return [Path(f"/proc/{process}/ns/{name}").readlink().as_posix() for name in names]


def test_the_life_of_a_container(kubelet: Kubelet) -> None:
    pod = kubelet.run_pod()
    container = kubelet.create(pod, "sh", "-c", "echo out; echo error >&2; exit 7")
    assert kubelet.status(container)["state"] == CREATED
    kubelet.call("StartContainer", container_id=container)
    eventually(lambda: kubelet.status(container)["state"], EXITED)
    assert (kubelet.status(container)["exit_code"], kubelet.status(container)["reason"]) == (7, "Error")
    eventually(lambda: sorted(kubelet.output(pod)), [("stderr", "error"), ("stdout", "out")])
    kubelet.call("RemoveContainer", container_id=container)


def test_containers_of_a_pod_share_its_namespaces(kubernetes: Kubernetes, kubelet: Kubelet) -> None:
    pod = kubelet.run_pod(pid=POD)
    first, second = kubelet.run(pod, "sleep", "1000"), kubelet.run(pod, "sleep", "1234")
    one, other, holder = (process_of(kubernetes, name) for name in (first, second, pod))
    assert namespaces(one, "ipc", "uts", "net", "pid") == namespaces(other, "ipc", "uts", "net", "pid") == namespaces(holder, "ipc", "uts", "net", "pid")
    assert namespaces(one, "mnt") != namespaces(other, "mnt")
    assert "sleep 1234" in kubelet.execute(first, "ps")[1]


def test_a_pod_with_kernel_parameters(kubelet: Kubelet) -> None:
    pod = kubelet.run_pod(sysctls=[("kernel.shm_rmid_forced", "1")])
    container = kubelet.run(pod, "sleep", "1000")
    assert kubelet.execute(container, "cat", "/proc/sys/kernel/shm_rmid_forced") == (0, "1\n", "")


def test_exec(kubelet: Kubelet) -> None:
    container = kubelet.run(kubelet.run_pod(), "sleep", "1000")
    assert kubelet.execute(container, "sh", "-c", "echo out; echo error >&2; exit 9") == (9, "out\n", "error\n")
    with pytest.raises(grpc.RpcError, match="no-such-command"):
        kubelet.execute(container, "no-such-command")
    with pytest.raises(grpc.RpcError, match="timeout|deadline"):
        kubelet.execute(container, "sleep", "1000", timeout=1)
    # What was cut off is gone, the container goes on.
    assert kubelet.execute(container, "sh", "-c", "ps | grep -c '[s]leep 1000'") == (0, "1\n", "")


def test_stop_asks_first(kubelet: Kubelet) -> None:
    pod = kubelet.run_pod()
    container = kubelet.run(pod, "sh", "-c", "trap 'exit 3' TERM; echo ready; while :; do sleep 0.05; done")
    eventually(lambda: kubelet.output(pod), [("stdout", "ready")])
    start = time.monotonic()
    kubelet.call("StopContainer", container_id=container, timeout=20)
    assert time.monotonic() - start < 10
    assert kubelet.status(container)["exit_code"] == 3


def test_stop_kills_what_does_not_listen(kubelet: Kubelet) -> None:
    pod = kubelet.run_pod()
    container = kubelet.run(pod, "sh", "-c", "trap '' TERM; echo ready; while :; do sleep 0.05; done")
    eventually(lambda: kubelet.output(pod), [("stdout", "ready")])
    start = time.monotonic()
    kubelet.call("StopContainer", container_id=container, timeout=1)
    assert 1 <= time.monotonic() - start < 10
    assert kubelet.status(container)["exit_code"] == 137


def test_a_pod_that_is_removed_takes_its_containers_along(kubernetes: Kubernetes, kubelet: Kubelet) -> None:
    pod = kubelet.run_pod()
    container = kubelet.run(pod, "sh", "-c", "trap '' TERM; sleep 1000 & while :; do sleep 0.05; done")
    process = process_of(kubernetes, container)
    kubelet.remove_pod(pod)
    assert not Path(f"/proc/{process}").exists()


def test_resources_and_their_change(kubernetes: Kubernetes, kubelet: Kubelet) -> None:
    pod = kubelet.run_pod()
    limits = {"memory_limit_in_bytes": 64 << 20, "cpu_period": 100000, "cpu_quota": 50000, "cpu_shares": 512}
    container = kubelet.run(pod, "sleep", "1000", resources=limits)
    group = next(line.split(":", 2)[2] for line in Path(f"/proc/{process_of(kubernetes, container)}/cgroup").read_text().splitlines() if ":memory:" in line)
    assert group.startswith(f"{kubernetes.place.cgroup}/")
    assert traces.control(group, "memory", "memory.limit_in_bytes") == str(64 << 20)
    assert traces.control(group, "cpu", "cpu.cfs_quota_us") == "50000"
    kubelet.call("UpdateContainerResources", container_id=container, linux={"memory_limit_in_bytes": 96 << 20, "cpu_quota": 20000})
    assert traces.control(group, "memory", "memory.limit_in_bytes") == str(96 << 20)
    assert traces.control(group, "cpu", "cpu.cfs_quota_us") == "20000"
    assert traces.control(group, "cpu", "cpu.shares") == "512"


def test_statistics(kubelet: Kubelet) -> None:
    container = kubelet.run(kubelet.run_pod(), "sleep", "1000")
    stats = kubelet.call("ContainerStats", container_id=container)["stats"]
    assert stats["cpu"]["usage_core_nano_seconds"]["value"] > 0
    assert 0 < stats["memory"]["working_set_bytes"]["value"] < 64 << 20


def test_a_container_that_runs_out_of_memory(kubelet: Kubelet) -> None:
    pod = kubelet.run_pod()
    container = kubelet.run(pod, "sh", "-c", "sleep 0.5; exec tail -c 190m /dev/zero", resources={"memory_limit_in_bytes": 16 << 20})
    eventually(lambda: kubelet.status(container)["state"], EXITED)
    assert (kubelet.status(container)["reason"], kubelet.status(container)["exit_code"]) == ("OOMKilled", 137)


def test_the_security_context(kubelet: Kubelet) -> None:
    context = {
        "run_as_user": {"value": 1000}, "run_as_group": {"value": 1001}, "supplemental_groups": [1005], "readonly_rootfs": True, "no_new_privs": True,
        "capabilities": {"drop_capabilities": ["ALL"]}, "masked_paths": ["/proc/timer_list"], "readonly_paths": ["/proc/sys"], "seccomp": {"profile_type": 0},
    }
    container = kubelet.run(kubelet.run_pod(), "sleep", "1000", security=context)
    script = "id -u; id -g; id -G; grep -E 'CapBnd|NoNewPrivs|Seccomp:' /proc/self/status; touch /file 2>/dev/null || echo refused; cat /proc/timer_list"
    expected = ["1000", "1001", "1001 1005", "CapBnd:\t" + "0" * 16, "NoNewPrivs:\t1", "Seccomp:\t2", "refused"]
    assert kubelet.execute(container, "sh", "-c", script)[1].splitlines() == expected


def test_mounts_devices_and_environment(kubelet: Kubelet, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("from the host\n")
    container = kubelet.run(
        kubelet.run_pod(), "sleep", "1000", working_dir="/tmp", envs=[{"key": "NAME", "value": "a value"}],
        mounts=[{"container_path": "/data", "host_path": str(tmp_path), "readonly": True}],
        devices=[{"container_path": "/dev/inside", "host_path": "/dev/fuse", "permissions": "rw"}],
    )
    script = "pwd; echo $NAME; cat /data/file; touch /data/new 2>/dev/null || echo refused; stat -c '%t %T' /dev/inside"
    assert kubelet.execute(container, "sh", "-c", script)[1].splitlines() == ["/tmp", "a value", "from the host", "refused", "a e5"]


def test_a_command_that_is_not_there(kubelet: Kubelet) -> None:
    container = kubelet.create(kubelet.run_pod(), "no-such-command")
    with pytest.raises(grpc.RpcError, match="no-such-command"):
        kubelet.call("StartContainer", container_id=container)
    # In the kubelet's words: StartError, and 128 of containerd.
    assert (kubelet.status(container)["state"], kubelet.status(container)["exit_code"]) == (EXITED, 128)


def test_a_container_is_started_again_in_its_pod(kubelet: Kubelet) -> None:
    pod = kubelet.run_pod()
    for _ in range(3):
        container = kubelet.run(pod, "sh", "-c", "exit 1")
        eventually(lambda: kubelet.status(container)["state"], EXITED)
    container = kubelet.run(pod, "sleep", "1000")
    assert kubelet.status(container)["state"] == RUNNING
