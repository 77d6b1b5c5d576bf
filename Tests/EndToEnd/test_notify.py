"""What a container's program tells a service manager, sd_notify(3), reaches it; sockets that the manager has opened reach the program, sd_listen_fds(3)."""

from __future__ import annotations

import os
import socket
import subprocess
import threading
import time
from pathlib import Path

import pytest
from machines import Machine
from specs import shell

pytestmark = pytest.mark.native

LIMIT = 20.0


class Manager:
    """A service manager's end: collects what is told."""

    def __init__(self, folder: str) -> None:
        self.path = f"{folder}/manager.sock"
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(self.path)
        self._socket.settimeout(LIMIT)

    def told(self) -> dict[str, str]:
        """The next message, taken apart."""
        return dict(line.split("=", 1) for line in self._socket.recv(4096).decode().splitlines())

    def close(self) -> None:
        self._socket.close()


def program_says(machine: Machine, identity: str, text: str) -> None:
    """Sends as the container's program would: its socket, seen from the host."""
    path = Path(machine.state) / identity / "notify" / "notify.sock"
    end = time.monotonic() + LIMIT
    while not path.exists():
        assert time.monotonic() < end, "the container has no notify socket"
        time.sleep(0.02)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
        sender.sendto(text.encode(), str(path))


WAITS = shell("echo $NOTIFY_SOCKET; ls -l /run/notify/notify.sock | cut -c1-10; sleep 60")


@pytest.mark.parametrize("way", ["start", "detached", "foreground"])
def test_readiness_is_passed_on_with_the_hosts_process_id(native: Machine, way: str) -> None:
    folder = native.new_folder()
    manager = Manager(folder)
    bundle = native.bundle(WAITS, native.new_root())
    name = native.new_name()
    environment = {**os.environ, "NOTIFY_SOCKET": manager.path}
    output = Path(folder) / "output"
    try:
        with output.open("wb") as out:
            options = {"env": environment, "stdin": subprocess.DEVNULL, "stdout": out, "stderr": out}
            words = {"start": ["create"], "detached": ["run", "-d"], "foreground": ["run"]}[way]
            command = native.words(*words, "--bundle", bundle.path, name)
            if way == "start":
                subprocess.run(command, check=True, timeout=LIMIT, **options)
                command = native.words("start", name)
            waiting = subprocess.Popen(command, **options)
            program_says(native, name, "STATUS=warming up\n")
            time.sleep(0.1)
            # It is not ready yet, and start waits for that.
            assert waiting.poll() is None, output.read_text()
            program_says(native, name, "READY=1\nSTATUS=at work")
            told = manager.told()
            state = native.call("state", name).succeeded().text
            assert told == {"READY": "1", "MAINPID": state.split('"pid": ')[1].split(",")[0]}
            if way != "foreground":
                assert waiting.wait(LIMIT) == 0
        assert output.read_text().split() == ["/run/notify/notify.sock", "srwxrwxrwx"]
    finally:
        native.call("kill", name, "KILL")
        if way == "foreground":
            waiting.wait(LIMIT)
        native.call("delete", "-f", name)
        manager.close()


def test_a_program_that_ends_without_being_ready_keeps_nobody_waiting(native: Machine) -> None:
    folder = native.new_folder()
    manager = Manager(folder)
    bundle = native.bundle(shell("exit 3"), native.new_root())
    name = native.new_name()
    try:
        command = native.words("run", "-d", "--bundle", bundle.path, name)
        done = subprocess.run(command, env={**os.environ, "NOTIFY_SOCKET": manager.path}, stdin=subprocess.DEVNULL, capture_output=True, timeout=LIMIT)
        assert (done.returncode, done.stderr) == (0, b"")
    finally:
        native.call("delete", "-f", name)
        manager.close()


def test_kill_does_not_wait_for_readiness(native: Machine) -> None:
    folder = native.new_folder()
    manager = Manager(folder)
    bundle = native.bundle(WAITS, native.new_root())
    name = native.new_name()
    command = native.words("run", "-d", "--bundle", bundle.path, name)
    done = []

    def run() -> None:
        done.append(
            subprocess.run(
                command, env={**os.environ, "NOTIFY_SOCKET": manager.path}, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, timeout=LIMIT
            ).returncode
        )

    thread = threading.Thread(target=run)
    thread.start()
    try:
        program_says(native, name, "STATUS=warming up\n")
        native.call("kill", name, "KILL").succeeded()
        thread.join(LIMIT)
        assert done == [0]
    finally:
        thread.join(LIMIT)
        native.call("delete", "-f", name)
        manager.close()


def test_activation_sockets_come_first_and_then_those_that_are_preserved(native: Machine) -> None:
    folder = native.new_folder()
    for number in (3, 4, 5):
        Path(folder, f"file{number}").write_text(f"file {number}\n")
    script = "for n in 3 4 5; do cat <&$n; done 2>/dev/null; echo $LISTEN_FDS $LISTEN_PID $LISTEN_FDNAMES; ls /proc/self/fd | wc -l"
    bundle = native.bundle(shell(script), native.new_root())
    files = " ".join(f"{number}<{folder}/file{number}" for number in (3, 4, 5))
    command = " ".join(native.words("run", "--preserve-fds", "1", "--bundle", bundle.path, native.new_name()))
    output = native.sh(f"exec {files}; LISTEN_FDS=1 LISTEN_FDNAMES=web exec {command}")
    # 0, 1, 2, the two, and that of ls itself.
    assert output.splitlines() == ["file 3", "file 4", "1 1 web", "6"]


def test_of_the_descriptors_to_be_preserved_those_that_are_open_are(native: Machine) -> None:
    folder = native.new_folder()
    Path(folder, "file").write_text("content\n")
    bundle = native.bundle(shell("cat <&7; ls /proc/self/fd | wc -l"), native.new_root())
    command = " ".join(native.words("--log", f"{folder}/log", "run", "--preserve-fds", "100", "--bundle", bundle.path, native.new_name()))
    # 0, 1, 2, the one, and that of ls itself; nothing that apus has open.
    assert native.sh(f"exec 7<{folder}/file; exec {command}").splitlines() == ["content", "5"]
