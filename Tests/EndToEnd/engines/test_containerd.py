"""containerd with `ctr`, which names Apus as the shim's runtime for each container."""

from __future__ import annotations

import signal
import time

import pytest
import traces
from containerd import Containerd, metrics
from engine import eventually

pytestmark = pytest.mark.native


def test_run_gives_status_and_streams(containerd: Containerd) -> None:
    result = containerd.run_container("sh", "-c", "echo out; echo error >&2; exit 7")
    assert (result.status, result.text, result.error) == (7, "out\n", "error\n")


def test_a_command_that_is_not_there(containerd: Containerd) -> None:
    result = containerd.run_container("no-such-command")
    assert result.status != 0
    assert "no-such-command" in result.error and "not found" in result.error


def test_options_around_a_container(containerd: Containerd) -> None:
    options = ["--read-only", "--cwd", "/usr", "--env", "NAME=value", "--seccomp", "--cap-drop", "CAP_CHOWN", "--memory-limit", str(48 << 20)]
    script = "pwd; echo $NAME; touch /file 2>/dev/null || echo refused; grep Seccomp: /proc/self/status; chown 1 /dev/shm 2>/dev/null || echo refused"
    assert containerd.run_container("sh", "-c", script, options=options).succeeded().text == "/usr\nvalue\nrefused\nSeccomp:\t2\nrefused\n"


def test_a_folder_of_the_host(containerd: Containerd) -> None:
    folder = containerd.place.folder / "bound"
    folder.mkdir()
    (folder / "file").write_text("from the host\n")
    mount = f"type=bind,src={folder},dst=/new/place,options=rbind:ro"
    assert containerd.run_container("cat", "/new/place/file", options=["--mount", mount]).succeeded().text == "from the host\n"
    (folder / "file").unlink()
    folder.rmdir()


def test_a_user_namespace(containerd: Containerd) -> None:
    options = ["--uidmap", "0:100000:65536", "--gidmap", "0:200000:65536"]
    with containerd.container("sleep", "1000", options=options) as name:
        status = open(f"/proc/{containerd.process(name)}/status").read()
        assert "Uid:\t100000\t100000\t100000\t100000\nGid:\t200000\t200000\t200000\t200000\n" in status
        assert containerd.call("task", "exec", "--exec-id", "look", name, "id", "-u").succeeded().text == "0\n"


def test_namespaces_of_another_container(containerd: Containerd) -> None:
    script = "readlink /proc/self/ns/net; readlink /proc/self/ns/ipc"
    with containerd.container("sleep", "1000") as name:
        first = containerd.call("task", "exec", "--exec-id", "look", name, "sh", "-c", script).succeeded().text
        place = f"/proc/{containerd.process(name)}/ns"
        options = ["--with-ns", f"network:{place}/net", "--with-ns", f"ipc:{place}/ipc"]
        assert containerd.run_container("sh", "-c", script, options=options).succeeded().text == first


def test_the_life_of_a_task(containerd: Containerd) -> None:
    with containerd.container("sh", "-c", "trap 'exit 4' TERM; while :; do sleep 0.05; done") as name:
        assert containerd.status(name) == "RUNNING"
        containerd.call("task", "pause", name).succeeded()
        assert containerd.status(name) == "PAUSED"
        containerd.call("task", "resume", name).succeeded()
        assert containerd.status(name) == "RUNNING"
        time.sleep(0.2)
        containerd.call("task", "kill", "--signal", "SIGTERM", name).succeeded()
        eventually(lambda: containerd.status(name), "STOPPED")
        assert "exit code 4" in containerd.call("task", "delete", name).error


def test_exec(containerd: Containerd) -> None:
    with containerd.container("sleep", "1000") as name:
        result = containerd.call("task", "exec", "--exec-id", "one", "--user", "1000:1001", "--cwd", "/tmp", name, "sh", "-c", "id -u; id -g; pwd; exit 9")
        assert (result.status, result.text) == (9, "1000\n1001\n/tmp\n")
        result = containerd.call("task", "exec", "--exec-id", "two", name, "no-such-command")
        assert result.status != 0 and "no-such-command" in result.error
        # A failed start leaves the name free and the container alive.
        assert containerd.call("task", "exec", "--exec-id", "two", name, "echo", "alive").succeeded().text == "alive\n"


def test_exec_in_the_background_and_its_end(containerd: Containerd) -> None:
    with containerd.container("sleep", "1000") as name:
        containerd.call("task", "exec", "--detach", "--exec-id", "one", name, "sleep", "1000").succeeded()
        eventually(lambda: len(containerd.call("task", "ps", name).succeeded().lines), 3)
        containerd.call("task", "kill", "--exec-id", "one", "--signal", "SIGKILL", name).succeeded()
        eventually(lambda: len(containerd.call("task", "ps", name).succeeded().lines), 2)
        assert containerd.status(name) == "RUNNING"


def test_kill_of_all_processes(containerd: Containerd) -> None:
    with containerd.container("sh", "-c", "sleep 1000 & sleep 1000 & wait") as name:
        containerd.call("task", "kill", "--all", "--signal", "SIGKILL", name).succeeded()
        eventually(lambda: containerd.status(name), "STOPPED")


def test_run_on_a_terminal(containerd: Containerd) -> None:
    name = containerd.new_name()
    command = ["run", "--rm", "--tty", *containerd.options(name), "localhost/busybox:latest", name, "sh", "-c"]
    with containerd.on_a_terminal(*command, "until [ \"$(stty size)\" = '31 92' ]; do sleep 0.05; done; tty; exit 8", rows=31, columns=92) as terminal:
        terminal.read_until(b"/dev/pts/0")
        assert terminal.wait() == 8


def test_attach(containerd: Containerd) -> None:
    name = containerd.new_name()
    # ctr has no other way to keep the streams for a client that comes later.
    command = ["run", *containerd.options(name), "localhost/busybox:latest", name, "sh", "-c", "sleep 1; echo said; sleep 1000"]
    with containerd.start(*command) as client:
        eventually(lambda: containerd.status(name), "RUNNING")
        client.read_until("said\n")
        client.signal(signal.SIGKILL)
        client.wait()
    containerd.remove_everything()


def test_metrics(containerd: Containerd) -> None:
    with containerd.container("sh", "-c", "sleep 1000 & wait", options=["--memory-limit", str(64 << 20)]) as name:
        eventually(lambda: metrics(containerd, name)["pids.current"], "2")
        found = metrics(containerd, name)
        assert found["memory.limit_in_bytes"] == str(64 << 20)
        assert 0 < int(found["memory.usage_in_bytes"]) < 64 << 20
        assert int(found["cpuacct.usage"]) > 0
        assert traces.control(f"{containerd.place.cgroup}/{name}", "memory", "memory.limit_in_bytes") == str(64 << 20)


def test_a_shim_that_is_killed(containerd: Containerd) -> None:
    """containerd finds the shim gone, and has the runtime kill and remove the container."""
    with containerd.container("sleep", "1000") as name:
        process = containerd.process(name)
        shim = int(open(f"/proc/{process}/status").read().partition("PPid:\t")[2].split()[0])
        assert "containerd-shim" in open(f"/proc/{shim}/cmdline").read()
        containerd.run(["kill", "-KILL", str(shim)]).succeeded()
        eventually(lambda: containerd.status(name), "")
        eventually(lambda: containerd.run(["kill", "-0", str(process)]).status, 1)
