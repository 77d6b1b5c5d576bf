"""Signals that Apus gets go to the container, which decides what they mean."""

from __future__ import annotations

import random
import signal
import time

import pytest
from machines import Machine
from specs import shell, spec

#: Says each signal that it gets, and ends with 7 at SIGUSR2.
TRAPS = """
    for name in TERM INT HUP USR1 QUIT ALRM WINCH CONT; do trap "echo got $name" $name; done
    trap 'exit 7' USR2
    echo ready
    sleep 1000 &
    while :; do wait; done
"""


@pytest.mark.parametrize("name", ["TERM", "INT", "HUP", "USR1", "QUIT", "ALRM", "WINCH", "CONT"])
def test_a_signal_reaches_the_container(machine: Machine, name: str) -> None:
    with machine.start(machine.bundle(shell(TRAPS)).command) as running:
        assert running.line() == "ready"
        machine.sh(f"kill -{name} {running.number}")
        assert running.line() == f"got {name}"
        machine.sh(f"kill -USR2 {running.number}")
        assert running.wait() == 7


def test_a_signal_reaches_the_container_of_an_image(machine: Machine) -> None:
    machine.image("busybox")
    with machine.start(machine.words("image", "run", "--name", machine.new_name(), "busybox", "--", "sh", "-c", TRAPS)) as running:
        assert running.line() == "ready"
        machine.sh(f"kill -TERM {running.number}")
        assert running.line() == "got TERM"
        machine.sh(f"kill -USR2 {running.number}")
        assert running.wait() == 7


def test_many_signals_at_once_are_all_passed_on(machine: Machine) -> None:
    names = ["TERM", "INT", "HUP", "USR1", "QUIT", "ALRM"]
    with machine.start(machine.bundle(shell(TRAPS)).command) as running:
        assert running.line() == "ready"
        machine.sh("\n".join(f"kill -{name} {running.number}" for name in names))
        assert {running.line() for _ in names} == {f"got {name}" for name in names}
        machine.sh(f"kill -USR2 {running.number}")
        assert running.wait() == 7


def test_the_container_starts_with_no_signal_blocked_or_ignored(machine: Machine) -> None:
    # The shell that starts apus ignores some, as nohup does; what apus blocks for itself is not the container's either.
    bundle = machine.bundle(spec("/bin/grep", "-E", "^Sig(Blk|Ign)", "/proc/self/status"))
    lines = machine.run(["sh", "-c", 'trap "" HUP QUIT USR1; exec "$@"', "sh", *bundle.command]).succeeded().lines
    assert [int(line.split()[1], 16) for line in lines] == [0, 0]


def test_the_exit_status_after_a_signal_that_ends_the_container(machine: Machine) -> None:
    # Without a handler the first process of a PID namespace ignores signals, so a container with the host's is needed.
    document = shell("echo ready; exec sleep 1000")
    document["linux"]["namespaces"] = [entry for entry in document["linux"]["namespaces"] if entry["type"] != "pid"]
    with machine.start(machine.bundle(document).command) as running:
        assert running.line() == "ready"
        machine.sh(f"kill -TERM {running.number}")
        assert running.wait() == 128 + signal.SIGTERM


@pytest.mark.parametrize(
    ("point", "name"),
    [(point, "TERM") for point in ("prestart", "createRuntime", "createContainer", "startContainer", "poststart")]
    + [("createContainer", name) for name in ("INT", "HUP", "QUIT")],
)
def test_a_signal_to_end_ends_the_set_up(machine: Machine, point: str, name: str) -> None:
    document = shell("sleep 1000")
    # As root in the container too, for the hook that runs there; the others run on the host.
    seconds = f"1000.{machine.new_name().split('-')[2]}"
    document["hooks"] = {point: [{"path": "/bin/sh", "args": ["sh", "-c", f"exec sleep {seconds}"], "env": ["PATH=/bin:/usr/bin"]}]}
    with machine.start(machine.bundle(document).command) as running:
        # What a hook says is not to be seen. The pattern does not match itself; the device has no pgrep.
        pattern = seconds.replace(".", "[.]")
        machine.sh(f"until cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' '\\n' | grep -qx '{pattern}'; do sleep 0.05; done")
        start = time.monotonic()
        machine.sh(f"kill -{name} {running.number}")
        number = getattr(signal, f"SIG{name}").value
        assert running.wait() == 128 + number
        assert time.monotonic() - start < 5
        assert running.rest() == f"apus: warning: signal {number} ended the container before it ran\n"


def test_a_signal_to_end_is_never_lost(machine: Machine) -> None:
    # Without a PID namespace, in which the first process would ignore it until it has a handler.
    document = shell("exec sleep 1000")
    document["linux"]["namespaces"] = [entry for entry in document["linux"]["namespaces"] if entry["type"] != "pid"]
    bundle = machine.bundle(document)
    chance = random.Random(20260104)
    for _ in range(30):
        with machine.start(bundle.command) as running:
            time.sleep(chance.random() * 0.1)
            machine.sh(f"kill -TERM {running.number}")
            assert running.wait() == 128 + signal.SIGTERM
    machine.bundle(shell("exit 0")).run().succeeded()


@pytest.mark.native
def test_the_end_is_told_to_a_caller_that_ignores_the_end_of_children(native: Machine) -> None:
    # What is ignored stays so across exec, and the kernel tells nobody of a child whose end is ignored.
    ignore = "import os, signal, sys; signal.signal(signal.SIGCHLD, signal.SIG_IGN); os.execv(sys.argv[1], sys.argv[1:])"
    bundle = native.bundle(shell("exit 9"))
    assert native.run(["/usr/bin/python3", "-c", ignore, *bundle.command]).status == 9
