"""Podman and Docker: how a container is started, talked to, watched and ended."""

from __future__ import annotations

import json
import re
import signal
import time

import pytest
from commands import CommandLine
from engine import IMAGE, eventually
from terminals import Terminal

pytestmark = pytest.mark.native

#: Ends with status 3 when it is asked to, and says when it is ready.
POLITE = 'trap "echo asked; exit 3" TERM; trap "echo first" USR1; echo ready; while :; do sleep 0.05; done'
#: Does not end when it is asked to.
DEAF = 'trap "" TERM; echo ready; while :; do sleep 0.05; done'


def await_logs(engine: CommandLine, name: str, text: str) -> None:
    """Waits until a container has said something."""
    eventually(lambda: text in engine.call("logs", name).text, True)


@pytest.mark.parametrize("status", [0, 1, 7, 255])
def test_the_exit_status_is_the_containers(engine: CommandLine, status: int) -> None:
    assert engine.run_container("sh", "-c", f"exit {status}").status == status


def test_a_container_that_a_signal_ends(engine: CommandLine) -> None:
    assert engine.run_container("sh", "-c", "sh -c 'kill -SEGV $$'; exit $?").status == 128 + signal.SIGSEGV


def test_output_and_error_output_stay_apart(engine: CommandLine) -> None:
    result = engine.run_container("sh", "-c", "echo out; echo error >&2").succeeded()
    assert (result.text, result.error) == ("out\n", "error\n")


def test_the_input_reaches_the_container(engine: CommandLine) -> None:
    data = bytes(range(256)) * 1000
    assert engine.run_container("cat", options=["--interactive"], data=data).succeeded().stdout == data


def test_large_output_is_whole(engine: CommandLine) -> None:
    assert len(engine.run_container("sh", "-c", "head -c 5000000 /dev/zero").succeeded().stdout) == 5000000


def test_a_command_that_is_not_there(engine: CommandLine) -> None:
    result = engine.run_container("no-such-command")
    assert result.status == 127
    assert "no-such-command" in result.error


def test_a_path_that_is_not_there(engine: CommandLine) -> None:
    result = engine.run_container("/no/such/command")
    assert result.status == 127
    assert "/no/such/command" in result.error


def test_a_file_that_is_no_program(engine: CommandLine) -> None:
    result = engine.run_container("/etc/passwd")
    assert result.status == 126
    assert re.search("permission denied", result.error, re.IGNORECASE)


def test_logs_have_both_streams(engine: CommandLine) -> None:
    with engine.container("sh", "-c", "echo out; echo error >&2; sleep 0.2; echo last") as name:
        assert engine.call("wait", name).succeeded().text == "0\n"
        result = engine.call("logs", name).succeeded()
        assert (result.text, result.error) == ("out\nlast\n", "error\n")


def test_logs_can_be_followed_to_the_end(engine: CommandLine) -> None:
    with engine.container("sh", "-c", "for i in 1 2 3 4 5; do echo $i; sleep 0.1; done") as name:
        assert engine.call("logs", "--follow", name).succeeded().text == "1\n2\n3\n4\n5\n"


def test_create_and_start_with_the_streams_attached(engine: CommandLine) -> None:
    name = engine.new_name()
    engine.call("create", "--interactive", "--name", name, *engine.options, IMAGE, "sh", "-c", "cat; exit 4").succeeded()
    assert engine.state(name)["Status"] == "created"
    result = engine.call("start", "--attach", "--interactive", name, data=b"through\n")
    assert (result.status, result.text) == (4, "through\n")
    # A container can be started again.
    assert engine.call("start", "--attach", "--interactive", name, data=b"again\n").text == "again\n"
    engine.call("rm", name).succeeded()


def test_attach_without_a_terminal(engine: CommandLine) -> None:
    with engine.container("sh", "-c", "read line; echo got $line; exit 6", options=["--interactive"]) as name:
        with engine.start("attach", name) as client:
            client.stdin.write(b"a line\n")
            client.stdin.flush()
            client.read_until("got a line\n")
            client.wait()
        assert engine.call("wait", name).succeeded().text == "6\n"


def test_attach_with_a_terminal_and_detach(engine: CommandLine) -> None:
    with engine.container("sh", options=["--interactive", "--tty"]) as name:
        with engine.on_a_terminal("attach", name, rows=41, columns=117) as terminal:
            terminal.type(b"tty\n")
            terminal.read_until(b"/dev/pts/0\r\n")
            await_size(terminal, 41, 117)
            terminal.resize(20, 61)
            await_size(terminal, 20, 61)
            # Podman looks for the keys that detach only in reads of one byte.
            terminal.type(b"\x10")
            time.sleep(0.2)
            terminal.type(b"\x11")
            terminal.wait()
        assert engine.state(name)["Running"] is True
        with engine.on_a_terminal("attach", name) as terminal:
            terminal.type(b"exit 9\n")
            terminal.wait()
        assert engine.call("wait", name).succeeded().text == "9\n"


def await_size(terminal: Terminal, rows: int, columns: int) -> None:
    """Has the shell on a terminal wait until the terminal has this size: engines pass it on after the start."""
    terminal.type(f"until [ \"$(stty size)\" = '{rows} {columns}' ]; do sleep 0.05; done; echo size=o''k\n".encode())
    terminal.read_until(b"size=ok\r\n")


def test_run_on_a_terminal(engine: CommandLine) -> None:
    with engine.on_a_terminal("run", "--rm", "--interactive", "--tty", *engine.options, IMAGE, "sh", rows=30, columns=90) as terminal:
        await_size(terminal, 30, 90)
        terminal.type(b"[ -t 0 ] && [ -t 1 ] && [ -t 2 ] && echo through the controlling one >/dev/tty && exit 8\n")
        terminal.read_until(b"through the controlling one\r\n")
        assert terminal.wait() == 8


def test_a_key_ends_what_runs_on_a_terminal(engine: CommandLine) -> None:
    script = 'trap "exit 6" INT; echo ready; while :; do sleep 0.05; done'
    with engine.on_a_terminal("run", "--rm", "--interactive", "--tty", *engine.options, IMAGE, "sh", "-c", script) as terminal:
        terminal.read_until(b"ready\r\n")
        terminal.type(b"\x03")
        assert terminal.wait() == 6


def test_signals_to_the_client_reach_the_container(engine: CommandLine) -> None:
    with engine.start("run", "--rm", *engine.options, IMAGE, "sh", "-c", POLITE) as client:
        client.read_until("ready\n")
        client.signal(signal.SIGTERM)
        assert client.wait() == (3, "asked\n")


def test_exec_gives_status_and_streams(engine: CommandLine) -> None:
    with engine.container("sleep", "1000") as name:
        result = engine.call("exec", "--interactive", name, "sh", "-c", "cat; echo error >&2; exit 9", data=b"input")
        assert (result.status, result.text, result.error) == (9, "input", "error\n")


def test_exec_with_user_folder_and_environment(engine: CommandLine) -> None:
    with engine.container("sleep", "1000", options=["--env", "FROM=container"]) as name:
        options = ["--user", "1000:1001", "--workdir", "/tmp", "--env", "ADDED=by exec"]
        lines = engine.call("exec", *options, name, "sh", "-c", "id -u; id -g; pwd; echo $FROM; echo $ADDED").succeeded().lines
        assert lines == ["1000", "1001", "/tmp", "container", "by exec"]


def test_exec_on_a_terminal(engine: CommandLine) -> None:
    with engine.container("sleep", "1000") as name:
        with engine.on_a_terminal("exec", "--interactive", "--tty", name, "sh", rows=25, columns=101) as terminal:
            terminal.type(b"tty\n")
            terminal.read_until(b"/dev/pts/0\r\n")
            await_size(terminal, 25, 101)
            terminal.type(b"exit 5\n")
            assert terminal.wait() == 5


def test_exec_in_the_background(engine: CommandLine) -> None:
    with engine.container("sleep", "1000") as name:
        engine.call("exec", "--detach", name, "sh", "-c", "echo done >/tmp/mark; sleep 1000").succeeded()
        eventually(lambda: engine.call("exec", name, "cat", "/tmp/mark").text, "done\n")


def test_exec_of_a_command_that_is_not_there(engine: CommandLine) -> None:
    with engine.container("sleep", "1000") as name:
        result = engine.call("exec", name, "no-such-command")
        # Docker's daemon of this version has 126 for whatever could not be started.
        assert result.status == {"podman": 127, "docker": 126}[engine.name]
        assert "no-such-command" in result.text + result.error


def test_exec_is_in_all_namespaces_and_groups_of_the_container(engine: CommandLine) -> None:
    with engine.container("sleep", "1000") as name:
        script = "readlink /proc/{}/ns/pid /proc/{}/ns/net /proc/{}/ns/ipc /proc/{}/ns/uts /proc/{}/ns/mnt /proc/{}/ns/cgroup; cat /proc/{}/cgroup"
        first = engine.call("exec", name, "sh", "-c", script.replace("{}", "1")).succeeded().text
        assert engine.call("exec", name, "sh", "-c", script.replace("{}", "self")).succeeded().text == first


def test_stop_asks_first(engine: CommandLine) -> None:
    with engine.container("sh", "-c", POLITE) as name:
        await_logs(engine, name, "ready")
        start = time.monotonic()
        engine.call("stop", "--time", "20", name).succeeded()
        assert time.monotonic() - start < 10
        assert engine.state(name)["ExitCode"] == 3
        assert engine.call("logs", name).text == "ready\nasked\n"


def test_stop_kills_what_does_not_listen(engine: CommandLine) -> None:
    with engine.container("sh", "-c", DEAF) as name:
        await_logs(engine, name, "ready")
        start = time.monotonic()
        engine.call("stop", "--time", "1", name).succeeded()
        assert 1 <= time.monotonic() - start < 10
        assert engine.state(name)["ExitCode"] == 137


def test_stop_with_the_signal_of_the_container(engine: CommandLine) -> None:
    with engine.container("sh", "-c", 'trap "exit 5" INT; echo ready; while :; do sleep 0.05; done', options=["--stop-signal", "SIGINT"]) as name:
        await_logs(engine, name, "ready")
        engine.call("stop", "--time", "20", name).succeeded()
        assert engine.state(name)["ExitCode"] == 5


def test_kill_sends_any_signal(engine: CommandLine) -> None:
    with engine.container("sh", "-c", POLITE) as name:
        await_logs(engine, name, "ready")
        engine.call("kill", "--signal", "USR1", name).succeeded()
        await_logs(engine, name, "first")
        assert engine.state(name)["Running"] is True
        engine.call("kill", name).succeeded()
        eventually(lambda: engine.state(name)["Running"], False)
        assert engine.state(name)["ExitCode"] == 137
        assert engine.call("kill", name).status != 0


def test_removal_by_force_takes_all_processes(engine: CommandLine) -> None:
    name = engine.new_name()
    engine.call("run", "--detach", "--name", name, *engine.options, IMAGE, "sh", "-c", f"({DEAF}) & ({DEAF}) & {DEAF}").succeeded()
    await_logs(engine, name, "ready")
    engine.call("exec", "--detach", name, "sleep", "1000").succeeded()
    assert engine.call("rm", name).status != 0
    engine.call("rm", "--force", *engine.at_once, name).succeeded()
    assert engine.call("inspect", name).status != 0


def test_pause_stops_every_process(engine: CommandLine) -> None:
    with engine.container("sh", "-c", "while :; do echo >>/tmp/count; sleep 0.02; done") as name:
        eventually(lambda: engine.call("exec", name, "test", "-s", "/tmp/count").status, 0)
        count = f"/proc/{engine.state(name)['Pid']}/root/tmp/count"
        engine.call("pause", name).succeeded()
        assert engine.state(name)["Status"] == "paused"
        with open(count, "rb") as file:
            before = len(file.read())
            time.sleep(0.3)
            file.seek(0)
            assert len(file.read()) == before
        assert engine.call("exec", name, "true").status != 0
        engine.call("unpause", name).succeeded()
        assert engine.state(name)["Status"] == "running"
        eventually(lambda: engine.call("exec", name, "true").status, 0)


def test_a_paused_container_can_be_removed(engine: CommandLine) -> None:
    with engine.container("sleep", "1000") as name:
        engine.call("pause", name).succeeded()


def test_restart(engine: CommandLine) -> None:
    with engine.container("sh", "-c", POLITE) as name:
        await_logs(engine, name, "ready")
        before = engine.state(name)["Pid"]
        engine.call("restart", "--time", "5", name).succeeded()
        assert engine.state(name)["Pid"] != before
        await_logs(engine, name, "asked\nready")


def test_restart_policy(engine: CommandLine) -> None:
    with engine.container("sh", "-c", "echo once; exit 1", options=["--restart", "on-failure:2"]) as name:
        eventually(lambda: engine.call("logs", name).text.count("once"), 3)
        eventually(lambda: engine.state(name)["Status"], "exited")
        assert engine.inspect(name)["RestartCount"] == 2


def test_update_changes_limits_at_once(engine: CommandLine) -> None:
    with engine.container("sleep", "1000", options=["--memory", "64m", "--pids-limit", "50"]) as name:
        assert engine.control(name, "memory", "memory.limit_in_bytes") == str(64 << 20)
        assert engine.control(name, "pids", "pids.max") == "50"
        engine.call("update", "--memory", "96m", "--memory-swap", "192m", "--cpus", "0.5", "--cpu-shares", "512", name).succeeded()
        assert engine.control(name, "memory", "memory.limit_in_bytes") == str(96 << 20)
        assert engine.control(name, "memory", "memory.memsw.limit_in_bytes") == str(192 << 20)
        quota, period = (int(engine.control(name, "cpu", f"cpu.cfs_{what}_us")) for what in ("quota", "period"))
        assert quota / period == 0.5
        assert engine.control(name, "cpu", "cpu.shares") == "512"


def test_statistics(engine: CommandLine) -> None:
    with engine.container("sh", "-c", "sleep 1000 & sleep 1000 & echo ready; wait", options=["--memory", "64m"]) as name:
        await_logs(engine, name, "ready")
        form = "{{json .}}" if engine.name == "docker" else "json"
        text = engine.call("stats", "--no-stream", "--format", form, name).succeeded().text
        found = json.loads(text)
        line = found[0] if isinstance(found, list) else found
        usage = line.get("MemUsage") or line.get("mem_usage")
        assert re.search(r"/ (64MiB|67\.11MB)", usage), line
        assert str(line.get("PIDs") or line.get("pids")) == "3"


def test_processes_are_listed(engine: CommandLine) -> None:
    with engine.container("sh", "-c", "sleep 1234 & wait") as name:
        eventually(lambda: "sleep 1234" in engine.call("top", name).text, True)


def test_health_check(engine: CommandLine) -> None:
    # Podman has systemd call it; without, it is called by hand.
    interval = "disable" if engine.name == "podman" else "200ms"
    options = ["--health-cmd", "test -e /tmp/healthy", "--health-interval", interval, "--health-retries", "1"]

    def health(name: str) -> str:
        if engine.name == "podman":
            engine.call("healthcheck", "run", name)
        return engine.state(name)["Health"]["Status"]

    with engine.container("sleep", "1000", options=options) as name:
        eventually(lambda: health(name), "unhealthy")
        engine.call("exec", name, "touch", "/tmp/healthy").succeeded()
        eventually(lambda: health(name), "healthy")


def test_files_can_be_copied_both_ways(engine: CommandLine) -> None:
    with engine.container("sh", "-c", "echo inside >/tmp/file; sleep 1000") as name:
        eventually(lambda: engine.call("exec", name, "cat", "/tmp/file").text, "inside\n")
        target = engine.place.folder / "copied"
        engine.call("cp", f"{name}:/tmp/file", str(target)).succeeded()
        assert target.read_text() == "inside\n"
        target.write_text("outside\n")
        engine.call("cp", str(target), f"{name}:/tmp/back").succeeded()
        assert engine.call("exec", name, "cat", "/tmp/back").text == "outside\n"
        target.unlink()


def test_ten_containers_at_once(engine: CommandLine) -> None:
    names = [engine.new_name() for _ in range(10)]
    for name in names:
        engine.call("create", "--name", name, *engine.options, IMAGE, "sleep", "1000").succeeded()
    engine.call("start", *names).succeeded()
    containers = json.loads(engine.call("inspect", *names).succeeded().text)
    assert len({container["State"]["Pid"] for container in containers} - {0}) == 10
    engine.call("kill", *names).succeeded()
    engine.call("wait", *names).succeeded()
    engine.call("rm", *names).succeeded()
