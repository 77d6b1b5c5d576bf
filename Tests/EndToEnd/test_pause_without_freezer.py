"""Pause and resume where nothing freezes groups: SIGSTOP to every process, until all of them stand."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from machines import Bundle, Machine
from specs import shell
from test_running import first, left_alone, running, state

#: Has a command see no hierarchy that freezes.
BLIND = """
    awk '$0 ~ / - cgroup2 / || $NF ~ /(^|,)freezer(,|$)/ { print $5 }' /proc/self/mountinfo | while read -r place; do umount "$place"; done
    exec "$@"
"""
TICKS = "while :; do echo tick >>/tmp/ticks; sleep 0.01; done"


@pytest.fixture
def unfrozen(native: Machine) -> Iterator[Machine]:
    """This machine as if nothing on it froze groups."""
    native.wrapper = ["unshare", "-m", "sh", "-c", BLIND, "sh"]
    try:
        yield native
    finally:
        native.wrapper = []


def ticks(bundle: Bundle) -> int:
    """How much the script has written by now."""
    return int(bundle.machine.sh(f"wc -c </proc/{first(bundle)}/root/tmp/ticks"))


def require_still(bundle: Bundle) -> None:
    """Fails if the script goes on."""
    before = ticks(bundle)
    bundle.machine.sh("sleep 0.2")
    assert ticks(bundle) == before


def require_going(bundle: Bundle) -> None:
    """Comes back when the script has gone on."""
    before = ticks(bundle)
    bundle.machine.sh(f"until [ $(wc -c </proc/{first(bundle)}/root/tmp/ticks) -gt {before} ]; do sleep 0.05; done")


def states(machine: Machine, processes: list[int]) -> set[str]:
    """The letters of their states."""
    return {machine.sh(f"sed 's/.*) //' /proc/{process}/stat")[0] for process in processes}


def members(bundle: Bundle) -> list[int]:
    """The processes of the container."""
    return json.loads(bundle.machine.call("ps", "--format", "json", bundle.id).succeeded().text)


def paused(bundle: Bundle) -> str:
    """Pauses it; what was said about that."""
    result = bundle.machine.call("pause", bundle.id).succeeded()
    assert state(bundle) == "paused"
    return result.error


@pytest.mark.native
def test_every_process_stands_and_goes_on(unfrozen: Machine) -> None:
    with running(unfrozen, f"(setsid sh -c 'trap : TERM; while :; do sleep 0.01; done' &); (sleep 1000 &); {TICKS}") as bundle:
        unfrozen.sh(f"until [ -s /proc/{first(bundle)}/root/tmp/ticks ]; do sleep 0.05; done")
        assert "no freezer" in (said := paused(bundle)) and "SIGSTOP" in said and said.count("\n") == 1
        assert states(unfrozen, members(bundle)) == {"T"}
        require_still(bundle)
        unfrozen.call("pause", bundle.id).failed("container not running")
        unfrozen.call("exec", bundle.id, "true").failed("paused")
        unfrozen.call("delete", bundle.id).failed("paused")
        assert unfrozen.call("resume", bundle.id).succeeded().error == ""
        assert state(bundle) == "running"
        require_going(bundle)
        assert "T" not in states(unfrozen, [first(bundle)])
        unfrozen.call("resume", bundle.id).failed("container not paused")


@pytest.mark.native
def test_what_forks_without_end_stands_or_all_goes_on(unfrozen: Machine) -> None:
    script = "runner() { (runner &); exit; }; (runner &); (runner &); (runner &); trap '' CHLD; exec sleep 1000"
    with running(unfrozen, script) as bundle:
        for _ in range(3):
            result = unfrozen.call("pause", bundle.id)
            if result.status != 0:
                # It is a race, which a machine with much to do may lose.
                result.failed("do not stop", status=1)
                assert state(bundle) == "running" and states(unfrozen, [first(bundle)]) == {"S"}
                continue
            held = members(bundle)
            assert states(unfrozen, held) == {"T"}
            unfrozen.sh("sleep 0.1")
            assert members(bundle) == held and state(bundle) == "paused"
            unfrozen.call("resume", bundle.id).succeeded()
            assert states(unfrozen, [first(bundle)]) == {"S"}


@pytest.mark.native
def test_the_parent_of_a_vfork_stands_while_its_child_does(unfrozen: Machine) -> None:
    # The shell starts its commands by fork(2); xargs of busybox starts its own by vfork(2), and waits in state D until they have executed something.
    script = "while :; do xargs -n 1 -P 4 true </etc/passwd; done"
    with running(unfrozen, script) as bundle:
        for _ in range(5):
            paused(bundle)
            assert states(unfrozen, members(bundle)) <= {"T", "D"}
            unfrozen.call("resume", bundle.id).succeeded()


@pytest.mark.native
def test_signals_wait_for_the_end_of_the_pause(unfrozen: Machine) -> None:
    with running(unfrozen, "trap 'echo term >/tmp/term; exit 3' TERM; while :; do sleep 0.01; done") as bundle:
        unfrozen.sh("sleep 0.2")
        held = first(bundle)
        paused(bundle)
        unfrozen.call("kill", bundle.id, "TERM").succeeded()
        # To go on is what only `resume` has it do.
        unfrozen.call("kill", bundle.id, "CONT").succeeded()
        unfrozen.call("kill", "--all", bundle.id, "CONT").succeeded()
        unfrozen.sh("sleep 0.2")
        assert state(bundle) == "paused" and states(unfrozen, [held]) == {"T"}
        unfrozen.call("resume", bundle.id).succeeded()
        unfrozen.sh(f"until [ ! -d /proc/{held} ] || grep -q '^State:.Z' /proc/{held}/status; do sleep 0.05; done")
        assert state(bundle) == "stopped"


@pytest.mark.native
@pytest.mark.parametrize("words", [[], ["--all"]])
def test_a_paused_container_can_be_killed(unfrozen: Machine, words: list[str]) -> None:
    with running(unfrozen) as bundle:
        held = members(bundle)
        paused(bundle)
        unfrozen.call("kill", *words, bundle.id, "KILL").succeeded()
        unfrozen.sh(f"while [ -d /proc/{held[0]} ] && ! grep -q '^State:.Z' /proc/{held[0]}/status; do sleep 0.05; done")
        assert state(bundle) == "stopped"
        unfrozen.call("delete", bundle.id).succeeded()


@pytest.mark.native
def test_a_process_that_joins_waits_for_the_end_of_the_pause(unfrozen: Machine) -> None:
    with running(unfrozen, TICKS) as bundle:
        paused(bundle)
        with unfrozen.start(unfrozen.words("exec", "--ignore-paused", bundle.id, "sh", "-c", "echo joined; exit 7")) as joined:
            unfrozen.sh("sleep 0.3")
            assert states(unfrozen, members(bundle)) == {"T"} and len(members(bundle)) > 1
            unfrozen.call("resume", bundle.id).succeeded()
            assert joined.line() == "joined"
            assert joined.wait() == 7


@pytest.mark.native
def test_a_container_in_the_foreground_stays_there(unfrozen: Machine) -> None:
    bundle = unfrozen.bundle(shell("echo ready; read wait; echo on; exit 9"))
    with unfrozen.start(bundle.command) as process:
        assert process.line() == "ready"
        paused(bundle)
        process.stdin.write(b"\n")
        process.stdin.flush()
        unfrozen.sh("sleep 0.2")
        assert state(bundle) == "paused"
        unfrozen.call("resume", bundle.id).succeeded()
        assert process.line() == "on"
        assert process.wait() == 9


@pytest.mark.native
def test_a_container_can_be_paused_before_its_start(unfrozen: Machine) -> None:
    bundle = unfrozen.bundle(shell("exit 0"))
    left_alone(bundle, "create", "--bundle", bundle.path, bundle.id)
    paused(bundle)
    unfrozen.call("start", bundle.id).failed("started")
    unfrozen.call("resume", bundle.id).succeeded()
    assert state(bundle) == "created"
    paused(bundle)
    unfrozen.call("delete", "--force", bundle.id).succeeded()


@pytest.mark.native
def test_the_container_of_another_is_not_touched(unfrozen: Machine) -> None:
    with running(unfrozen, TICKS) as other, running(unfrozen, TICKS) as bundle:
        unfrozen.sh(f"until [ -s /proc/{first(other)}/root/tmp/ticks ]; do sleep 0.05; done")
        paused(bundle)
        require_going(other)
        assert state(other) == "running"


# Without control groups.


def test_without_control_groups_the_pid_namespace_tells_who_is_to_stand(machine: Machine) -> None:
    # A PID namespace below, whose processes are the container's as well.
    word = machine.new_name()
    nested = f"unshare -p -f sh -c 'while :; do sleep 0.01; : {word}; done' &"
    document = shell(f"{nested} {TICKS}")
    for kind in document["process"]["capabilities"].values():
        kind.append("CAP_SYS_ADMIN")
    bundle = machine.bundle(document)
    left_alone(bundle, "--cgroup-manager", "disabled", "run", "--detach", "--bundle", bundle.path, bundle.id)
    try:
        machine.sh(f"until [ -s /proc/{first(bundle)}/root/tmp/ticks ]; do sleep 0.05; done")
        look = f"grep -l {word} /proc/[0-9]*/cmdline 2>/dev/null | while read -r file; do grep -h '^NSpid:.*\t.*\t' ${{file%/cmdline}}/status || :; done"
        machine.sh(f"until {look} | grep -q .; do sleep 0.05; done")
        assert "no control groups" in paused(bundle)
        inner = [int(line.split()[1]) for line in machine.sh(look).splitlines()]
        assert inner and states(machine, inner) == {"T"}
        require_still(bundle)
        machine.call("exec", "--ignore-paused", bundle.id, "true").failed("without control groups")
        machine.call("resume", bundle.id).succeeded()
        require_going(bundle)
        assert machine.call("exec", bundle.id, "true").status == 0
    finally:
        machine.call("delete", "--force", bundle.id).succeeded()


def test_without_groups_and_pid_namespace_nobody_knows_who_is_to_stand(machine: Machine) -> None:
    document = shell("while :; do sleep 1; done")
    document["linux"]["namespaces"] = [entry for entry in document["linux"]["namespaces"] if entry["type"] != "pid"]
    bundle = machine.bundle(document)
    left_alone(bundle, "--cgroup-manager", "disabled", "run", "--detach", "--bundle", bundle.path, bundle.id)
    try:
        machine.call("pause", bundle.id).failed("no control groups", "PID namespace", status=1)
        assert state(bundle) == "running"
    finally:
        machine.sh(f"kill -9 {first(bundle)}")
        machine.call("delete", "--force", bundle.id).succeeded()
