"""Podman and containerd on the emulated device, with cgroup v2: what people do every day. The engines' whole range is tested on this machine."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from engine import eventually
from machines import Emulated, binary
from on_a_device import IMAGE, Containerd, Podman, containerfile
from terminals import on_a_terminal_of

from harness import Device, Options

pytestmark = pytest.mark.device

#: Ends with status 3 when it is asked to, and says when it is ready.
POLITE = 'trap "echo asked; exit 3" TERM; echo ready; while :; do sleep 0.1; done'


@pytest.fixture(scope="module")
def machine_with_engines() -> Iterator[Emulated]:
    """A device with engines, which want more memory than phones' servers."""
    binary("aarch64")
    with Device.boot(Options(memory=768 << 20, engines=True)) as device:
        yield Emulated(device, "v2")


@pytest.fixture(scope="module")
def podman_on_the_device(machine_with_engines: Emulated) -> Podman:
    """Podman."""
    return Podman(machine_with_engines)


@pytest.fixture
def podman(podman_on_the_device: Podman) -> Iterator[Podman]:
    """Podman; a test may leave nothing of its containers."""
    yield podman_on_the_device
    assert podman_on_the_device.leftovers() == []


@pytest.fixture(scope="module")
def containerd_on_the_device(machine_with_engines: Emulated) -> Iterator[Containerd]:
    """containerd, with its daemon."""
    machine = machine_with_engines
    with machine.start(["sh", "-c", "exec containerd >/run/containerd.log 2>&1"]):
        yield Containerd(machine)


@pytest.fixture
def containerd(containerd_on_the_device: Containerd) -> Iterator[Containerd]:
    """containerd; a test may leave nothing of its containers."""
    yield containerd_on_the_device
    assert containerd_on_the_device.leftovers() == ""


def await_logs(podman: Podman, name: str, text: str) -> None:
    """Waits until a container has said something."""
    eventually(lambda: text in podman.call("logs", name).text, True)


def test_podman_runs_on_apus(podman: Podman) -> None:
    host = json.loads(podman.call("info", "--format", "json").succeeded().text)["host"]
    assert (host["ociRuntime"]["path"], host["cgroupVersion"], host["cgroupManager"]) == ("/usr/bin/apus", "v2", "cgroupfs")


def test_run_gives_status_and_streams(podman: Podman) -> None:
    result = podman.run_container("sh", "-c", "cat; echo error >&2; exit 7", options=["--interactive"], data=b"input\n")
    assert (result.status, result.text, result.error) == (7, "input\n", "error\n")
    result = podman.run_container("no-such-command")
    assert result.status == 127 and "no-such-command" in result.error


def test_limits_update_and_statistics(podman: Podman) -> None:
    options = ["--memory", "64m", "--memory-swap", "64m", "--pids-limit", "50", "--cpus", "0.5"]
    with podman.container("sh", "-c", "sleep 1000 & echo ready; wait", options=options) as name:
        await_logs(podman, name, "ready")
        files = ["memory.max", "memory.swap.max", "pids.max", "cpu.max"]
        assert podman.control(name, *files) == [str(64 << 20), "0", "50", "50000 100000"]
        podman.call("update", "--memory", "96m", "--memory-swap", "128m", "--cpus", "0.25", "--cpu-shares", "512", name).succeeded()
        files = ["memory.max", "memory.swap.max", "pids.max", "cpu.max", "cpu.weight"]
        assert podman.control(name, *files) == [str(96 << 20), str(32 << 20), "50", "25000 100000", "59"]
        (found,) = json.loads(podman.call("stats", "--no-stream", "--format", "json", name).succeeded().text)
        assert found["name"] == name and str(found["pids"]) == "2"
        assert 0 < float(found["mem_usage"].split(" ")[0].rstrip("kMB"))


def test_logs_have_both_streams(podman: Podman) -> None:
    with podman.container("sh", "-c", "echo out; echo error >&2; sleep 0.2; echo last") as name:
        assert podman.call("wait", name).succeeded().text == "0\n"
        result = podman.call("logs", name).succeeded()
        assert (result.text, result.error) == ("out\nlast\n", "error\n")


def test_exec(podman: Podman) -> None:
    with podman.container("sleep", "1000", options=["--env", "FROM=container"]) as name:
        script = "cat; id -u; id -g; pwd; echo $FROM; echo $ADDED; echo error >&2; exit 9"
        options = ["--interactive", "--user", "1000:1001", "--workdir", "/tmp", "--env", "ADDED=by exec"]
        result = podman.call("exec", *options, name, "sh", "-c", script, data=b"input\n")
        assert (result.status, result.error) == (9, "error\n")
        assert result.lines == ["input", "1000", "1001", "/tmp", "container", "by exec"]
        look = "readlink /proc/{0}/ns/pid /proc/{0}/ns/net /proc/{0}/ns/mnt /proc/{0}/ns/cgroup; cat /proc/{0}/cgroup"
        first, own = (podman.call("exec", name, "sh", "-c", look.format(process)).succeeded().text for process in ("1", "self"))
        assert first == own


def test_pause_stops_every_process(podman: Podman) -> None:
    with podman.container("sleep", "1000") as name:
        podman.call("pause", name).succeeded()
        assert podman.state(name)["Status"] == "paused"
        assert podman.control(name, "cgroup.freeze") == ["1"]
        assert podman.call("exec", name, "true").status != 0
        podman.call("unpause", name).succeeded()
        assert podman.state(name)["Status"] == "running"
        assert podman.call("exec", name, "echo", "awake").succeeded().text == "awake\n"
        # One that is paused can be removed.
        podman.call("pause", name).succeeded()


def test_stop_asks_first_and_kill_does_not(podman: Podman) -> None:
    with podman.container("sh", "-c", POLITE) as name:
        await_logs(podman, name, "ready")
        podman.call("stop", "--time", "60", name).succeeded()
        eventually(lambda: podman.state(name)["ExitCode"], 3)
        podman.call("start", name).succeeded()
        podman.call("kill", name).succeeded()
        eventually(lambda: podman.state(name)["ExitCode"], 137)


def test_a_container_that_takes_too_much_memory(podman: Podman) -> None:
    with podman.container("tail", "/dev/zero", options=["--memory", "16m", "--memory-swap", "16m"]) as name:
        # Podman 4.3 does not tell why: its conmon misses it on v2, under runc as well.
        assert podman.call("wait", name).succeeded().text == "137\n"


def test_attach_with_a_terminal(podman: Podman) -> None:
    with podman.container("sh", options=["--interactive", "--tty"]) as name:
        with on_a_terminal_of(podman.machine, ["podman", "attach", name], rows=41, columns=117) as terminal:
            terminal.type(b"tty\n")
            terminal.read_until(b"/dev/pts/0\r\n")
            terminal.type(b"until [ \"$(stty size)\" = '41 117' ]; do sleep 0.1; done; echo size=o''k\n")
            terminal.read_until(b"size=ok\r\n")
            terminal.type(b"exit 9\n")
            terminal.wait()
        assert podman.call("wait", name).succeeded().text == "9\n"


def test_health_check(podman: Podman) -> None:
    # Without systemd nobody calls it but the user.
    with podman.container("sleep", "1000", options=["--health-cmd", "test -e /tmp/healthy", "--health-interval", "disable"]) as name:
        assert podman.call("healthcheck", "run", name).status == 1
        podman.call("exec", name, "touch", "/tmp/healthy").succeeded()
        podman.call("healthcheck", "run", name).succeeded()


def test_a_pod_with_shared_namespaces(podman: Podman) -> None:
    pod = podman.machine.new_name()
    podman.call("pod", "create", "--name", pod, "--network", "none", "--share", "net,ipc,uts", "--hostname", "together").succeeded()
    try:
        script = "for name in net ipc uts; do readlink /proc/self/ns/$name; done; hostname"
        first, second = (podman.call("run", "--rm", "--pod", pod, IMAGE, "sh", "-c", script).succeeded().lines for _ in range(2))
        assert first == second and first[3] == "together"
    finally:
        podman.call("pod", "rm", "--force", "--time", "0", pod).succeeded()


def test_a_user_namespace(podman: Podman) -> None:
    options = ["--uidmap", "0:100000:65536", "--gidmap", "0:200000:65536"]
    with podman.container("sleep", "1000", options=options) as name:
        status = podman.machine.sh(f"cat /proc/{podman.state(name)['Pid']}/status")
        assert "Uid:\t100000\t100000\t100000\t100000\nGid:\t200000\t200000\t200000\t200000\n" in status
        assert podman.call("exec", name, "sh", "-c", "id -u; touch /file && stat -c %u:%g /file").succeeded().text == "0\n0:0\n"


def test_a_build_with_commands(podman: Podman) -> None:
    folder = containerfile(podman.machine, f"FROM {IMAGE}\nRUN echo built >/file && id -u >>/file\nCMD [\"cat\", \"/file\"]\n")
    podman.call("build", "--network", "none", "--pull-never", "--isolation", "oci", "--tag", "localhost/built", folder).succeeded()
    try:
        assert podman.call("run", "--rm", "--network", "none", "localhost/built").succeeded().text == "built\n0\n"
    finally:
        podman.call("rmi", "--force", "localhost/built").succeeded()


def test_containerd_runs_on_apus(containerd: Containerd) -> None:
    name = containerd.machine.new_name()
    script = "echo out; echo error >&2; exit 7"
    result = containerd.call(*containerd.words(name, "sh", "-c", script, options=["--rm", "--memory-limit", str(48 << 20)]))
    assert (result.status, result.text, result.error) == (7, "out\n", "error\n")


def test_the_life_of_a_task_of_containerd(containerd: Containerd) -> None:
    with containerd.container("sh", "-c", "trap 'exit 4' TERM; while :; do sleep 0.1; done", options=["--memory-limit", str(64 << 20)]) as name:
        assert containerd.status(name) == "RUNNING"
        assert containerd.machine.sh(f"cat /sys/fs/cgroup/default/{name}/memory.max").strip() == str(64 << 20)
        result = containerd.exec(name, "sh", "-c", "id -u; pwd; exit 9", options=["--user", "1000", "--cwd", "/tmp"])
        assert (result.status, result.text) == (9, "1000\n/tmp\n")
        containerd.call("task", "pause", name).succeeded()
        assert containerd.status(name) == "PAUSED"
        containerd.call("task", "resume", name).succeeded()
        assert containerd.status(name) == "RUNNING"
        found = dict(line.split(None, 1) for line in containerd.call("task", "metrics", name).succeeded().lines if len(line.split(None, 1)) == 2)
        assert found["memory.usage_limit"].strip() == str(64 << 20) and int(found["pids.current"]) >= 1
        containerd.call("task", "kill", "--signal", "SIGTERM", name).succeeded()
        eventually(lambda: containerd.status(name), "STOPPED")


def test_containerd_on_a_terminal(containerd: Containerd) -> None:
    name = containerd.machine.new_name()
    script = "until [ \"$(stty size)\" = '31 92' ]; do sleep 0.1; done; tty; exit 8"
    command = ["ctr", *containerd.words(name, "sh", "-c", script, options=["--rm", "--tty"])]
    with on_a_terminal_of(containerd.machine, command, rows=31, columns=92) as terminal:
        terminal.read_until(b"/dev/pts/0")
        assert terminal.wait() == 8
