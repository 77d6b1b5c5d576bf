"""Many commands at once on one container, some of them killed in the middle: nothing is left behind that `delete --force` does not take away, and nobody else is hit."""

from __future__ import annotations

import random
import shlex

import pytest
from left_alone import left_alone, state
from machines import Bundle, Machine
from specs import shell

FOREVER = "while :; do sleep 1; done"


def commands(machine: Machine, bundle: Bundle, name: str) -> list[list[str]]:
    """What is done to the container: the more often, the more likely it is to work."""
    make = ["create", "--bundle", bundle.path, name], ["run", "--detach", "--bundle", bundle.path, name]
    others = [
        ["start", name], ["start", name], ["kill", name, "KILL"], ["kill", name, "TERM"], ["delete", name], ["delete", "--force", name], ["state", name],
        ["exec", name, "true"], ["exec", "--detach", name, "sleep", "1000"], ["exec", name, "no-such-program"], ["update", "--pids-limit", "50", name],
        ["pause", name], ["resume", name], ["resume", name], ["list"], ["ps", name],
    ]
    return [machine.words(*words) for words in [*make, *make, *make, *others]]


def rounds(machine: Machine, bundle: Bundle, name: str, count: int, chance: random.Random) -> str:
    """A shell script of so many rounds. In each some commands run beside one another, half of them until they are killed."""
    choice = commands(machine, bundle, name)
    delete, ask = (shlex.join(machine.words(*words)) for words in (("delete", "--force", name), ("state", name)))
    lines = ["set +e"]
    for number in range(count):
        chosen = [chance.choice(choice) for _ in range(chance.randint(2, 4))]
        lines += [f"{shlex.join(words)} </dev/null >/dev/null 2>&1 & p{index}=$!" for index, words in enumerate(chosen)]
        lines.append(f"sleep 0.{chance.randint(0, 40):03}")
        lines += [f"kill -9 $p{index} 2>/dev/null" for index in range(len(chosen)) if chance.random() < 0.5]
        # In a container that is paused, what joins it waits.
        lines.append(f"{shlex.join(machine.words('resume', name))} >/dev/null 2>&1")
        if number % 5 == 4:
            lines += [f"{delete} >{bundle.path}/told 2>&1 </dev/null || {{ echo round {number}; cat {bundle.path}/told; }}", "wait"]
            # One that was at work meanwhile may have made it again.
            lines += [f"{delete} >{bundle.path}/told 2>&1 </dev/null || {{ echo round {number} at last; cat {bundle.path}/told; }}"]
            lines += [f"{ask} >/dev/null 2>&1 && echo round {number}: it is still there"]
    return "\n".join([*lines, "exit 0"])


@pytest.mark.parametrize("seed", range(4))
def test_commands_at_once_leave_nothing_and_hit_nobody(machine: Machine, seed: int) -> None:
    chance = random.Random(20261126 + seed)
    bundle = machine.bundle(shell(FOREVER), machine.new_root())
    with machine.start(["sleep", "100000"]) as somebody, machine.start(machine.bundle(shell("echo ready; read wait")).command) as neighbour:
        assert neighbour.line() == "ready"
        told = machine.sh(rounds(machine, bundle, bundle.id, 100 if machine.label == "native" else 5, chance), limit=600)
        assert told == ""
        machine.sh(f"kill -0 {somebody.number} && kill -0 {neighbour.number}")
        neighbour.stdin.close()
        neighbour.wait()
        machine.sh(f"kill {somebody.number}")
        somebody.wait()
    assert machine.leftovers() == ""


def test_of_many_who_make_one_container_one_does(machine: Machine) -> None:
    bundle = machine.bundle(shell(FOREVER))
    command = shlex.join(machine.words("create", "--bundle", bundle.path, bundle.id))
    script = "".join(f"(set +e; {command} </dev/null >/dev/null 2>{bundle.path}/error{index}; echo $? >>{bundle.path}/statuses) & " for index in range(8))
    machine.sh(f"{script} wait")
    try:
        statuses = machine.sh(f"cat {bundle.path}/statuses").split()
        assert sorted(statuses) == ["0"] + ["1"] * 7
        assert state(bundle)["status"] == "created"
        errors = machine.sh(f"cat {bundle.path}/error*").splitlines()
        assert len(errors) == 7 and all("exists already" in line for line in errors)
    finally:
        machine.call("delete", "--force", bundle.id).succeeded()


def test_of_many_who_start_it_one_does(machine: Machine) -> None:
    bundle = machine.bundle(shell(f"echo once; {FOREVER}"))
    left_alone(bundle, "create", "--bundle", bundle.path, bundle.id)
    command = shlex.join(machine.words("start", bundle.id))
    script = "".join(f"(set +e; {command} </dev/null >/dev/null 2>&1; echo $? >>{bundle.path}/statuses) & " for _ in range(8))
    machine.sh(f"{script} wait")
    try:
        assert sorted(machine.sh(f"cat {bundle.path}/statuses").split()) == ["0"] + ["1"] * 7
        machine.sh(f"until grep -q once {bundle.path}/output; do sleep 0.1; done")
        assert machine.sh(f"cat {bundle.path}/output") == "once\n"
    finally:
        machine.call("delete", "--force", bundle.id).succeeded()


def test_a_kill_of_a_container_that_is_being_made_waits_for_nobody(machine: Machine) -> None:
    # What makes it hangs, without a process that could be killed.
    fifo = machine.new_folder()
    document = shell(FOREVER)
    document["hooks"] = {"createRuntime": [{"path": "/bin/sh", "args": ["sh", "-c", f"touch {fifo}/there; sleep 1000"]}]}
    bundle = machine.bundle(document)
    command = shlex.join(machine.words("create", "--bundle", bundle.path, bundle.id))
    with machine.start(["sh", "-c", f"{command} </dev/null >/dev/null 2>&1"]) as making:
        machine.sh(f"until [ -e {fifo}/there ]; do sleep 0.1; done")
        assert state(bundle)["status"] == "creating"
        machine.call("kill", bundle.id, "KILL").succeeded()
        assert making.wait() != 0
    machine.call("state", bundle.id).failed("does not exist")
