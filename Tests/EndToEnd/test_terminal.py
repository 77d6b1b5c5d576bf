"""A container with a terminal: it is a real one, it follows the size of the caller's, and the caller gets its own back as it was."""

from __future__ import annotations

import hashlib
import os
import select
import signal
import socket
import subprocess
import termios
import time

import pytest
from machines import LIMIT, Machine
from specs import shell, spec
from terminals import on_a_terminal, on_a_terminal_of


def image_command(machine: Machine, *words: str) -> list[str]:
    """Runs the busybox image with a terminal."""
    return machine.words("image", "run", "-t", "--name", machine.new_name(), machine.image("busybox"), "--", *words)


def bundle_command(machine: Machine, script: str) -> list[str]:
    """Runs a bundle with a terminal."""
    return machine.bundle(shell(script, terminal=True)).command


def test_the_streams_are_a_terminal_of_the_container(machine: Machine) -> None:
    with on_a_terminal_of(machine, bundle_command(machine, "[ -t 0 ] && [ -t 1 ] && [ -t 2 ] && tty && exit 5")) as terminal:
        assert b"/dev/" in terminal.read_until(b"\n")
        assert terminal.wait() == 5


def test_it_is_the_controlling_terminal(machine: Machine) -> None:
    with on_a_terminal_of(machine, image_command(machine, "sh", "-c", "echo through the controlling one >/dev/tty; exit 6")) as terminal:
        terminal.read_until(b"through the controlling one\r\n")
        assert terminal.wait() == 6


def test_the_console_is_the_terminal(machine: Machine) -> None:
    with on_a_terminal_of(machine, image_command(machine, "sh", "-c", "echo to the console >/dev/console")) as terminal:
        terminal.read_until(b"to the console\r\n")
        assert terminal.wait() == 0


def test_a_shell_has_job_control(machine: Machine) -> None:
    with on_a_terminal_of(machine, image_command(machine, "sh", "-i")) as terminal:
        terminal.type(b"sh -c 'echo star\"\"ted; exec sleep 1000'; echo back=$?\n")
        terminal.read_until(b"started\r\n")
        terminal.type(b"\x1a")
        terminal.read_until(b"back=148\r\n")
        # The first time it warns of stopped jobs.
        terminal.type(b"kill -KILL %1\nexit 9\nexit 9\n")
        assert terminal.wait() == 9
        assert b"can't access tty" not in terminal.output


def test_what_is_typed_arrives_and_is_echoed_once(machine: Machine) -> None:
    with on_a_terminal_of(machine, image_command(machine, "sh", "-c", "echo ready; read line; echo got-$line")) as terminal:
        terminal.read_until(b"ready\r\n")
        terminal.type(b"words\n")
        assert terminal.read_until(b"got-words\r\n") == b"words\r\ngot-words\r\n"
        assert terminal.wait() == 0


def test_control_c_interrupts_what_runs_in_the_container(machine: Machine) -> None:
    with on_a_terminal_of(machine, image_command(machine, "sh", "-c", "trap 'echo interrupted; exit 4' INT; echo ready; while :; do sleep 1; done")) as terminal:
        terminal.read_until(b"ready\r\n")
        terminal.type(b"\x03")
        terminal.read_until(b"interrupted\r\n")
        assert terminal.wait() == 4


def test_the_size_is_the_callers_from_the_first_moment(machine: Machine) -> None:
    with on_a_terminal_of(machine, image_command(machine, "stty", "size"), rows=41, columns=123) as terminal:
        terminal.read_until(b"41 123\r\n")
        assert terminal.wait() == 0


def test_the_container_follows_when_the_size_changes(machine: Machine) -> None:
    script = "trap 'stty size' WINCH; trap 'exit 5' INT; echo ready; sleep 1000 & while :; do wait; done"
    with on_a_terminal_of(machine, bundle_command(machine, script)) as terminal:
        terminal.read_until(b"ready\r\n")
        for rows, columns in ((24, 80), (50, 132)):
            terminal.resize(rows, columns)
            terminal.read_until(b"%d %d\r\n" % (rows, columns))
        terminal.type(b"\x03")
        assert terminal.wait() == 5


def test_the_size_of_config_json_holds_where_the_caller_has_no_terminal(machine: Machine) -> None:
    document = spec("/bin/stty", "size", terminal=True, consoleSize={"height": 31, "width": 101})
    assert machine.run_bundle(document).succeeded().text.split() == ["31", "101"]


@pytest.mark.native
def test_the_callers_terminal_is_as_it_was(native: Machine) -> None:
    for status in (0, 3):
        with on_a_terminal(image_command(native, "sh", "-c", f"stty raw; exit {status}")) as terminal:
            assert terminal.wait() == status
            assert termios.tcgetattr(terminal.slave) == terminal.settings


@pytest.mark.native
def test_the_callers_terminal_is_as_it_was_when_the_container_cannot_start(native: Machine) -> None:
    with on_a_terminal(image_command(native, "no-such-program")) as terminal:
        assert terminal.wait() == 127
        assert termios.tcgetattr(terminal.slave) == terminal.settings


def test_large_output_is_whole(machine: Machine) -> None:
    with on_a_terminal_of(machine, image_command(machine, "sh", "-c", "seq 1 50000; echo the-end")) as terminal:
        text = terminal.read_until(b"the-end\r\n")
        assert text.split() == [b"%d" % number for number in range(1, 50001)] + [b"the-end"]
        assert terminal.wait() == 0


def test_input_that_is_no_terminal_is_passed_on_and_ends(machine: Machine) -> None:
    result = machine.run_bundle(shell("read line; echo got-$line; exit 2", terminal=True), data=b"words\n")
    assert result.status == 2
    # What goes to a terminal in the end has carriage returns, and what goes elsewhere has none, as with runc.
    assert b"got-words\n" in result.stdout


@pytest.mark.native
def test_a_container_that_closes_its_terminal_costs_no_processor_time(native: Machine) -> None:
    script = "echo ready; exec </dev/null >/dev/null 2>&1; trap 'exit 0' USR1; sleep 1000 & while :; do wait; done"
    with on_a_terminal(bundle_command(native, script)) as terminal:
        terminal.read_until(b"ready\r\n")
        before = processor_time(terminal.process.pid)
        time.sleep(1)
        # Clock ticks of 10 ms: a loop without a rest would take about a hundred.
        assert processor_time(terminal.process.pid) - before < 30
        os.kill(terminal.process.pid, signal.SIGUSR1)
        assert terminal.wait() == 0


#: Waits for SIGTERM, without reading its input.
UNTIL_TERMINATED = "trap 'exit 3' TERM; sleep 1000 & while :; do wait; done"


@pytest.mark.native
def test_input_that_is_not_read_keeps_no_signal_back(native: Machine) -> None:
    with on_a_terminal(bundle_command(native, f"echo ready; {UNTIL_TERMINATED}")) as terminal:
        terminal.read_until(b"ready\r\n")
        assert terminal.type_much(b"a line that nobody reads\n" * 40_000) < 1_000_000
        os.kill(terminal.process.pid, signal.SIGTERM)
        assert terminal.wait() == 3
        assert termios.tcgetattr(terminal.slave) == terminal.settings


@pytest.mark.native
def test_input_that_is_read_late_is_whole(native: Machine) -> None:
    text = b"".join(b"line %d\n" % number for number in range(40_000))
    script = f"trap 'head -c {len(text)} | md5sum; exit 4' USR1; stty raw -echo; echo ready; sleep 1000 & wait"
    with on_a_terminal(bundle_command(native, script)) as terminal:
        terminal.read_until(b"ready\n")
        done = terminal.type_much(text)
        assert done < len(text)
        os.kill(terminal.process.pid, signal.SIGUSR1)
        while done < len(text):
            done += terminal.type_much(text[done:])
        terminal.read_until(hashlib.md5(text).hexdigest().encode())
        assert terminal.wait() == 4


@pytest.mark.native
def test_output_that_is_not_read_keeps_no_signal_back(native: Machine) -> None:
    script = f"echo ready; (while :; do echo more and more; done) & {UNTIL_TERMINATED}"
    with on_a_terminal(bundle_command(native, script)) as terminal:
        terminal.read_until(b"ready\r\n")
        # Until all that lies between is full.
        time.sleep(1)
        os.kill(terminal.process.pid, signal.SIGTERM)
        assert terminal.process.wait(LIMIT) == 3
        assert termios.tcgetattr(terminal.slave) == terminal.settings


@pytest.mark.native
@pytest.mark.parametrize("kind", ["pipe", "socket"])
def test_output_that_goes_elsewhere_and_is_not_read_keeps_no_signal_back(native: Machine, kind: str) -> None:
    command = bundle_command(native, f"(while :; do echo more and more; done) & {UNTIL_TERMINATED}")
    ours, theirs = os.pipe() if kind == "pipe" else [end.detach() for end in socket.socketpair()]
    try:
        with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=theirs) as process:
            try:
                assert select.select([ours], [], [], LIMIT)[0]
                time.sleep(1)
                process.terminate()
                assert process.wait(LIMIT) == 3
            finally:
                process.kill()
    finally:
        os.close(ours)
        os.close(theirs)


@pytest.mark.native
def test_output_is_whole_for_a_reader_that_takes_its_time(native: Machine) -> None:
    with subprocess.Popen(bundle_command(native, "seq 1 50000"), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE) as process:
        time.sleep(3)
        output, _ = process.communicate(timeout=LIMIT)
        assert output.split() == [b"%d" % number for number in range(1, 50001)]
        assert process.returncode == 0


def processor_time(process: int) -> int:
    """Clock ticks that a process has taken (proc(5), stat)."""
    with open(f"/proc/{process}/stat", encoding="utf-8") as file:
        fields = file.read().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])
