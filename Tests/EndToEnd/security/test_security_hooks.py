"""Behaviour 28 of shared/reference/oci-runtimes.md, 3b, and the lifecycle of runtime-spec's runtime.md: hooks get what they should, in time, and what fails is undone."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from left_alone import left_alone, state
from machines import Bundle, Machine, Result
from specs import shell

#: In the order of a container's life.
POINTS = ["prestart", "createRuntime", "createContainer", "startContainer", "poststart", "poststop"]
BEFORE_START = POINTS[:3]
#: Those that run in the container, after its root is entered.
INSIDE = {"startContainer"}
FOREVER = "echo program; while :; do sleep 1; done"


def script(text: str, *arguments: str, **more: Any) -> dict[str, Any]:
    """A hook that is a shell script."""
    return {"path": "/bin/sh", "args": ["sh", "-c", text, *arguments], "env": ["PATH=/usr/bin:/bin"], **more}


class Life:
    """A container with hooks that write down what happens, in a folder that it shares."""

    def __init__(self, machine: Machine, program: str = FOREVER, **changes: Any) -> None:
        """Each point has a hook that notes its name and status; `changes` has what takes the place of a point's hooks."""
        self.machine = machine
        self.folder = machine.new_folder()
        self.document = shell(program)
        self.document["hooks"] = {point: [self.note(point)] for point in POINTS}
        self.document["hooks"] |= changes
        # Also under the folder's own name, so that a hook inside finds it.
        self.document["mounts"].append({"destination": self.folder, "type": "bind", "source": self.folder, "options": ["bind"]})
        self.bundle: Bundle = machine.bundle(self.document, machine.new_root())

    def note(self, point: str) -> dict[str, Any]:
        """A hook that writes down what it is told."""
        return script(f'status=$(cat); echo "{point} $(echo "$status" | tr , "\\n" | sed -n \'s/.*"status": *"\\(.*\\)".*/\\1/p\')" >>{self.folder}/notes')

    def rewritten(self, **changes: Any) -> Life:
        """Itself, with other hooks at some points."""
        self.document["hooks"] |= changes
        self.machine.write(f"{self.bundle.path}/config.json", json.dumps(self.document).encode())
        return self

    def create(self) -> Result:
        """Creates the container."""
        words = self.machine.words("create", "--bundle", self.bundle.path, self.bundle.id)
        return self.machine.run(["sh", "-c", '"$@" >$0/output 2>$0/errors </dev/null; status=$?; cat $0/errors >&2; exit $status', self.bundle.path, *words])

    def start(self) -> Result:
        """Starts it."""
        return self.machine.call("start", self.bundle.id)

    def notes(self) -> list[str]:
        """What has been written down."""
        return self.machine.sh(f"cat {self.folder}/notes 2>/dev/null || :").splitlines()

    def is_gone(self) -> None:
        """Fails if there is anything left of it."""
        self.machine.call("state", self.bundle.id).failed("does not exist")
        assert self.machine.leftovers() == ""

    def output(self) -> str:
        """What has come through the container's streams."""
        return self.machine.sh(f"cat {self.bundle.path}/output")


@pytest.fixture
def life(machine: Machine) -> Iterator[Life]:
    """A container that is deleted in the end, whatever becomes of it."""
    made = Life(machine)
    yield made
    machine.call("delete", "--force", made.bundle.id)


def test_security_28_each_point_has_its_time_and_status(machine: Machine, life: Life) -> None:
    life.create().succeeded()
    assert life.notes() == ["prestart created", "createRuntime created", "createContainer created"]
    life.start().succeeded()
    assert life.notes()[3:] == ["startContainer created", "poststart running"]
    machine.call("delete", "--force", life.bundle.id).succeeded()
    assert life.notes()[5:] == ["poststop stopped"]


@pytest.mark.parametrize("point", POINTS)
def test_security_28_a_relative_path_is_refused(machine: Machine, point: str) -> None:
    document = shell("exit 0")
    document["hooks"] = {point: [script("exit 0"), {"path": "bin/true"}]}
    machine.run_bundle(document).failed(f"hooks.{point}[1].path", "absolute")


@pytest.mark.parametrize("point", POINTS)
def test_security_28_arguments_environment_and_state_are_exactly_what_they_should_be(machine: Machine, life: Life, point: str) -> None:
    look = f'(cat; echo; for word; do echo "$word"; done; env; ls /proc/self/fd | tr "\\n" " ") >{life.folder}/seen'
    hook = script(look, "zero", "one", "t w o", "*", "$HOME", env=["PATH=/usr/bin:/bin", "A=b=c", "EMPTY="])
    life.rewritten(**{point: [hook]})
    result = machine.run(["sh", "-c", 'exec "$@" 7</ 8</ >/dev/null 2>&1 </dev/null', "sh", *machine.words("create", "--bundle", life.bundle.path, life.bundle.id)])
    assert result.status == 0
    life.start().succeeded()
    expected = {"id": life.bundle.id, "bundle": life.bundle.path}
    machine.call("delete", "--force", life.bundle.id).succeeded()
    text, _, rest = machine.sh(f"cat {life.folder}/seen").partition("\n")
    told = json.loads(text)
    assert {key: told[key] for key in expected} == expected
    assert "ociVersion" in told and ("pid" in told) == (point != "poststop")
    lines = rest.splitlines()
    assert lines[:4] == ["one", "t w o", "*", "$HOME"]
    # Beside what the shell sets itself.
    assert {line for line in lines[4:-1] if line.split("=")[0] not in ("PWD", "SHLVL", "_", "OLDPWD")} == {"PATH=/usr/bin:/bin", "A=b=c", "EMPTY="}
    # The fourth is the folder that ls itself reads.
    assert lines[-1].split() == ["0", "1", "2", "3"]


@pytest.mark.parametrize("point", POINTS)
def test_security_28_a_timeout_is_enforced(machine: Machine, life: Life, point: str) -> None:
    mark = f"{life.folder}/late"
    life.rewritten(**{point: [script(f"sleep 1000; touch {mark}", timeout=1)]})
    results = [life.create(), life.start() if point not in BEFORE_START else None, machine.call("delete", "--force", life.bundle.id)]
    told = next(result for result in results if result is not None and result.error)
    assert f"{point} hook #0: /bin/sh" in told.error and "not done after 1 second" in told.error
    assert machine.sh(f"ps -o args | grep '[s]leep 1000; touch {mark}' || :") == ""
    life.is_gone()


@pytest.mark.parametrize("point", BEFORE_START)
def test_security_28_a_failure_before_the_container_is_created_undoes_it(machine: Machine, life: Life, point: str) -> None:
    life.rewritten(**{point: [life.note(point), script("echo the reason >&2; exit 7"), script(f"touch {life.folder}/more")]})
    life.create().failed(f"{point} hook #1: /bin/sh", "exit status 7", "the reason")
    assert life.notes()[-2:] == [f"{point} created", "poststop stopped"]
    assert life.notes()[:-1] == [f"{name} created" for name in BEFORE_START[: BEFORE_START.index(point) + 1]]
    assert machine.sh(f"ls {life.folder}") == "notes\n" and "program" not in life.output()
    life.is_gone()


@pytest.mark.parametrize("point", ["startContainer", "poststart"])
def test_security_28_a_failure_while_it_is_started_destroys_the_container(machine: Machine, life: Life, point: str) -> None:
    life.rewritten(**{point: [life.note(point), script("echo the reason >&2; exit 7"), script(f"touch {life.folder}/more")]})
    life.create().succeeded()
    life.start().failed(f"{point} hook #1: /bin/sh", "exit status 7", "the reason")
    assert life.notes()[-1] == "poststop stopped"
    assert machine.sh(f"ls {life.folder}") == "notes\n"
    assert ("program" in life.output()) == (point == "poststart")
    life.is_gone()


@pytest.mark.parametrize("point", POINTS[:-1])
def test_security_28_so_does_run(machine: Machine, life: Life, point: str) -> None:
    life.rewritten(**{point: [script("exit 7")]})
    result = life.bundle.run()
    assert result.status == 1 and f"{point} hook #0: /bin/sh" in result.error
    assert life.notes()[-1] == "poststop stopped"
    life.is_gone()


def test_security_28_a_failure_after_the_end_is_a_warning(machine: Machine, life: Life) -> None:
    life.rewritten(poststop=[life.note("poststop"), script("exit 7"), life.note("last")])
    life.create().succeeded()
    result = machine.call("delete", life.bundle.id).succeeded()
    assert "poststop hook #1: /bin/sh" in result.error and "exit status 7" in result.error
    assert life.notes()[-2:] == ["poststop stopped", "last stopped"]
    life.is_gone()


def test_security_28_a_hook_that_is_not_there_is_named(machine: Machine, life: Life) -> None:
    for point in POINTS[:-1]:
        life.rewritten(**{name: [] for name in POINTS} | {point: [{"path": "/no/such/hook"}]})
        result = life.create()
        if point not in BEFORE_START:
            result.succeeded()
            result = life.start()
        result.failed(f"{point} hook #0: /no/such/hook", "no such file")
        life.is_gone()


def test_security_28_what_hooks_say_does_not_come_through_the_containers_streams(machine: Machine, life: Life) -> None:
    # The container can read what is in the pipes that it was given.
    say = script("echo secret of a hook; echo secret of a hook >&2")
    life.rewritten(**{point: [say] for point in POINTS})
    life.create().succeeded()
    life.start().succeeded()
    machine.sh(f"until grep -q program {life.bundle.path}/output; do sleep 0.1; done")
    deleted = machine.call("delete", "--force", life.bundle.id).succeeded()
    assert "secret" not in life.output() + machine.sh(f"cat {life.bundle.path}/errors") + deleted.text + deleted.error


def test_security_28_a_hook_that_says_much_goes_on(machine: Machine, life: Life) -> None:
    much = script("head -c 300000 /dev/zero | tr '\\0' x; head -c 300000 /dev/zero | tr '\\0' x >&2; echo at last >&2; exit 3")
    life.rewritten(createRuntime=[much])
    result = life.create()
    assert result.status != 0 and result.error.startswith("apus: ") and "exit status 3" in result.error and "at last" in result.error
    assert len(result.error) < 5000 and result.error.count("\n") == 1


def test_security_28_what_a_hook_leaves_running_keeps_nobody(machine: Machine, life: Life) -> None:
    life.rewritten(createRuntime=[script(f"sleep 1000 & echo $! >{life.folder}/left")])
    life.create().succeeded()
    machine.sh(f"kill $(cat {life.folder}/left)")


@pytest.mark.parametrize("point", ["createRuntime", "createContainer", "startContainer", "poststart"])
def test_a_hook_that_hangs_keeps_nobody_from_ending_the_container(machine: Machine, life: Life, point: str) -> None:
    life.rewritten(**{point: [script(f"echo $$ >{life.folder}/number; touch {life.folder}/hangs; exec sleep 1000")]})
    words = ["create", "--bundle", life.bundle.path]
    if point not in BEFORE_START:
        life.create().succeeded()
        words = ["start"]
    command = machine.words(*words, life.bundle.id)
    with machine.start(["sh", "-c", '"$@" >/dev/null 2>&1 </dev/null', "sh", *command]) as hanging:
        machine.sh(f"until [ -e {life.folder}/hangs ]; do sleep 0.1; done")
        assert state(life.bundle)["status"] == ("creating" if point in BEFORE_START else "running" if point == "poststart" else "created")
        machine.call("kill", life.bundle.id, "KILL").succeeded()
        machine.call("delete", "--force", life.bundle.id).succeeded()
        if point == "poststart":
            # It is not the container's: what it does, it does after the program began.
            machine.sh(f"kill $(cat {life.folder}/number)")
        hanging.wait()
    life.is_gone()


def test_a_start_that_is_killed_after_it_let_the_program_run_leaves_the_truth(machine: Machine, life: Life) -> None:
    # Whatever moment it was killed in, the container is created or running, and can be ended.
    life.rewritten(startContainer=[], poststart=[])
    for round in range(30 if machine.label == "native" else 8):
        name = f"{life.bundle.id}-{round}"
        left_alone(life.bundle, "create", "--bundle", life.bundle.path, name)
        machine.sh(f"{' '.join(machine.words('start', name))} </dev/null >/dev/null 2>&1 & sleep 0.00{round % 10}; kill -9 $! 2>/dev/null || :; wait")
        machine.sh("sleep 0.1")
        bundle = Bundle(machine, life.bundle.path, name, life.bundle.root)
        found = state(bundle)
        runs = machine.sh(f"cat /proc/{found['pid']}/comm") == "sh\n"
        assert found["status"] == ("running" if runs else "created")
        if not runs:
            machine.call("start", name).succeeded()
        else:
            machine.call("start", name).failed("cannot start a container")
        machine.call("delete", "--force", name).succeeded()
