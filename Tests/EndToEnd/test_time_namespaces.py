"""A container whose clocks have an offset; and the namespaces that only children come into, which the launching process must leave again."""

from __future__ import annotations

import pytest
from machines import Machine
from specs import shell
from user_namespaces import WAIT, Document, mapped, mapped_root, namespace, pid_of, running

OFFSETS = {"monotonic": {"secs": 7881, "nanosecs": 2718281}, "boottime": {"secs": 86400 * 300, "nanosecs": 3141519}}
SHOWN = [["monotonic", "7881", "2718281"], ["boottime", "25920000", "3141519"]]
SHOW = "cat /proc/self/timens_offsets; cut -d. -f1 /proc/uptime"


def timed(document: Document, offsets: Document | None = None) -> Document:
    """The config.json with a new time namespace."""
    namespace(document, "time")
    document["linux"]["timeOffsets"] = OFFSETS if offsets is None else offsets
    return document


def uptime(machine: Machine) -> int:
    """Seconds since the machine was booted, as it says itself."""
    return int(machine.sh("cut -d. -f1 /proc/uptime"))


@pytest.mark.parametrize("own_user", [False, True])
def test_the_clocks_have_their_offsets(machine: Machine, own_user: bool) -> None:
    document, root = timed(shell(SHOW)), ""
    if own_user:
        document, root = mapped(document), mapped_root(machine)
    before = uptime(machine)
    first, second, shown = machine.run_bundle(document, root).succeeded().lines
    assert [first.split(), second.split()] == SHOWN
    assert before <= int(shown) - 86400 * 300 <= uptime(machine) + 1
    # The machine's own are as they were.
    assert before <= uptime(machine) < before + 3600


def test_offsets_may_be_missing_or_negative(machine: Machine) -> None:
    assert machine.run_bundle(timed(shell(SHOW), {})).succeeded().lines[:2] == ["monotonic           0         0", "boottime            0         0"]
    back = uptime(machine) // 2
    shown = int(machine.run_bundle(timed(shell(SHOW), {"boottime": {"secs": -back}})).succeeded().lines[2])
    assert shown <= uptime(machine) - back


@pytest.mark.parametrize(
    ("offsets", "path"),
    [
        ({"monotonic": {"secs": -(10**9)}}, "linux.timeOffsets.monotonic"),
        ({"boottime": {"secs": 2**62}}, "linux.timeOffsets.boottime"),
        ({"boottime": {"nanosecs": 10**9}}, "linux.timeOffsets.boottime.nanosecs"),
        ({"realtime": {"secs": 1}}, "linux.timeOffsets.realtime"),
    ],
)  # fmt: skip
def test_offsets_that_cannot_be_are_refused(machine: Machine, offsets: Document, path: str) -> None:
    machine.run_bundle(timed(shell("exit 0"), offsets)).failed(path)


def test_offsets_need_a_new_namespace(machine: Machine) -> None:
    document = shell("exit 0")
    document["linux"]["timeOffsets"] = OFFSETS
    machine.run_bundle(document).failed("linux.timeOffsets", "needs a time namespace")
    namespace(document, "time")["path"] = "/proc/self/ns/time"
    machine.run_bundle(document).failed("linux.timeOffsets", "joined")


def test_others_come_into_it(machine: Machine) -> None:
    bundle = machine.bundle(timed(shell(WAIT)))
    with running(bundle):
        assert [line.split() for line in machine.call("exec", bundle.id, "cat", "/proc/self/timens_offsets").succeeded().lines] == SHOWN
        first = pid_of(machine, bundle.id)
        document = shell(SHOW)
        namespace(document, "time")["path"] = f"/proc/{first}/ns/time"
        assert [line.split() for line in machine.run_bundle(document).succeeded().lines[:2]] == SHOWN
        # A container that has it kept is found by when its process was started, by whatever clock that is told.
        assert machine.call("state", bundle.id).succeeded().text.find('"running"') > 0


def test_hooks_of_the_host_run_in_the_hosts_namespaces(machine: Machine) -> None:
    bundle = machine.bundle(timed(shell(WAIT)))
    folder = machine.new_folder()
    machine.write(f"{folder}/hook", b"#!/bin/sh\nexec >>\"$0.said\"; readlink /proc/self/ns/pid; readlink /proc/self/ns/time\n")
    machine.sh(f"chmod 755 {folder}/hook")
    with running(bundle):
        first = pid_of(machine, bundle.id)
        document = timed(shell("exit 0"))
        namespace(document, "pid")["path"] = f"/proc/{first}/ns/pid"
        document["hooks"] = {point: [{"path": f"{folder}/hook"}] for point in ("createRuntime", "poststart", "poststop")}
        machine.run_bundle(document).succeeded()
    own = machine.sh("readlink /proc/self/ns/pid; readlink /proc/self/ns/time")
    assert machine.sh(f"cat {folder}/hook.said") == own * 3
