"""Apus is killed at any moment; the next run cleans up, and the store is whole."""

from __future__ import annotations

import contextlib
import os
import random
import subprocess
import time
from collections.abc import Callable, Iterator

import pytest
from machines import LIMIT, Emulated, Machine, Result
from made_images import import_made
from specs import shell

from harness import Device, Options

ROUNDS = 20


def killed_after(command: list[str], delay: float) -> bool:
    """Runs a command and kills it after `delay` seconds; tells whether it was still there."""
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            process.wait(timeout=delay)
            return False
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(timeout=LIMIT)
            return True


def content(machine: Machine, store: str) -> str:
    """Every file of the layers of a store: names, kinds, modes, owners, and what is in them."""
    return machine.sh(f"""
        cd {store}/layers
        find . -mindepth 1 -type d -printf '%P %y %m %U:%G %T@\\n' | sort
        find . ! -type d ! -type c -printf '%P %y %m %U:%G %s %T@ %l\\n' | sort
        find . -type c -printf '%P whiteout\\n' | sort
        find . -type f -print0 | sort -z | xargs -0 sha256sum
    """)


@pytest.mark.native
def test_killed_while_importing(native: Machine) -> None:
    chance = random.Random(20260101)
    whole, broken = native.new_folder(lasting=True), native.new_folder(lasting=True)
    layout = native.layout("redis")
    start = time.monotonic()
    native.run([native.apus, "--data-root", whole, "image", "import", layout]).succeeded()
    length = time.monotonic() - start
    expected = content(native, whole)
    kills = 0
    for _ in range(ROUNDS):
        kills += killed_after([native.apus, "--data-root", broken, "image", "import", layout], chance.random() * length * 1.1)
        listed = native.run([native.apus, "--data-root", broken, "image", "list"]).succeeded().lines
        assert native.sh(f"find {broken}/tmp -mindepth 1") == ""
        if any(line.startswith("redis") for line in listed):
            # What is in the list is whole.
            assert content(native, broken) == expected
            native.run([native.apus, "--data-root", broken, "image", "remove", "redis"]).succeeded()
        else:
            assert native.sh(f"find {broken}/layers {broken}/images -mindepth 1 2>/dev/null || :") == ""
    assert kills > ROUNDS // 4, "hardly a run was killed: the delays do not fit this machine"
    native.run([native.apus, "--data-root", broken, "image", "import", layout]).succeeded()
    assert content(native, broken) == expected
    native.sh(f"rm -rf {whole} {broken}")


@pytest.mark.native
def test_killed_while_running_a_bundle(native: Machine) -> None:
    chance = random.Random(20260102)
    bundle = native.bundle(shell("echo ready; exec sleep 1000"))
    quick = native.bundle(shell("exit 0"))
    start = time.monotonic()
    quick.run().succeeded()
    length = time.monotonic() - start
    kills = 0
    for _ in range(ROUNDS):
        kills += killed_after(bundle.command, chance.random() * length * 1.5)
        quick.run().succeeded()
        assert native.leftovers() == ""
    assert kills == ROUNDS


@pytest.mark.native
def test_killed_while_running_an_image(native: Machine) -> None:
    chance = random.Random(20260103)
    native.image("busybox")
    start = time.monotonic()
    native.run_image("true").succeeded()
    length = time.monotonic() - start
    for _ in range(ROUNDS):
        command = native.words("image", "run", "--name", native.new_name(), "--memory", "64m", "busybox", "--", "sleep", "1000")
        killed_after(command, chance.random() * length * 1.5)
        native.run_image("true").succeeded()
        assert native.leftovers() == ""


@pytest.mark.native
def test_the_same_name_can_be_used_after_a_kill(native: Machine) -> None:
    bundle = native.bundle(shell("echo ready; exec sleep 1000"))
    with native.start(bundle.command) as running:
        assert running.line() == "ready"
        native.sh(f"kill -KILL {running.number}")
        assert running.wait() == 137
    with native.start(bundle.command) as running:
        assert running.line() == "ready"
        native.sh(f"kill -KILL {running.number}")
    native.bundle(shell("exit 0")).run().succeeded()


#: The calls by which Apus changes what outlives it.
CHANGES = "mkdirat,mknodat,symlinkat,linkat,unlinkat,rename,renameat,renameat2,mount,umount2,move_mount,clone,clone3,write,ftruncate,fsync"


def killed_at_each_step(native: Machine, steps: str, command: Callable[[], list[str]]) -> Iterator[int]:
    """Kills a command before the first of these calls, another one before the second, and so on; gives the number each time. Ends when one comes to its end."""
    for number in range(1, 10000):
        inject = f"inject={steps}:signal=SIGKILL:when={number}"
        status = native.run(["strace", "-qq", "-o", "/dev/null", "-e", f"trace={steps}", "-e", inject, *command()]).status
        if status != 137:
            assert status == 0
            assert number > 5, "the calls are others"
            return
        yield number


@pytest.mark.native
def test_killed_at_each_step_of_running_an_image(native: Machine) -> None:
    native.image("busybox")
    for _ in killed_at_each_step(native, CHANGES, lambda: native.words("image", "run", "--name", native.new_name(), "busybox", "--", "true")):
        assert native.run_image("true").succeeded().error == ""
        assert native.leftovers() == ""


@pytest.mark.native
def test_killed_at_each_step_of_cleaning_up_after_another(native: Machine) -> None:
    native.image("busybox")

    def leave() -> list[str]:
        """Leaves a container with a writable layer in which there is a tree."""
        words = native.words("image", "run", "--name", native.new_name(), "busybox", "--", "sh", "-c", "mkdir -p a/b; touch a/b/f; echo ready; sleep 1000")
        with native.start(words) as running:
            assert running.line() == "ready"
            native.sh(f"kill -KILL {running.number}")
            assert running.wait() == 137
        return native.words("image", "run", "--name", native.new_name(), "busybox", "--", "true")

    for _ in killed_at_each_step(native, "unlinkat,rename,renameat,renameat2", leave):
        assert native.run_image("true").succeeded().error == ""
        assert native.leftovers() == ""


@pytest.mark.native
def test_killed_at_each_step_of_running_a_bundle(native: Machine) -> None:
    bundle = native.bundle(shell("exit 0"))
    for _ in killed_at_each_step(native, CHANGES, lambda: bundle.command):
        assert native.run_bundle(shell("exit 0")).succeeded().error == ""
        assert native.leftovers() == ""


@pytest.mark.native
def test_what_is_made_in_a_layer_while_it_is_removed_is_removed_too(native: Machine) -> None:
    """A killed container that the kernel has not let go yet makes things there: overlayfs does, in the middle of being mounted."""
    native.image("busybox")
    layer = f"{native.store}/containers/{native.new_name()}"
    native.sh(f"mkdir -p {layer}/work/work/index; touch {layer}/lock")
    # Between a look at a directory and its removal there is time.
    command = ["strace", "-qq", "-o", "/dev/null", "-e", "trace=unlinkat", "-e", "inject=unlinkat:delay_enter=20000"]
    with subprocess.Popen([*command, *native.words("image", "run", "--name", native.new_name(), "busybox", "--", "true")]) as process:
        made = 0
        while process.poll() is None and made < 10:
            with contextlib.suppress(FileNotFoundError, FileExistsError):
                os.mkdir(f"{native.store}/tmp/retired-0/work/work")
                made += 1
        assert process.wait(LIMIT) == 0
    assert made == 10
    assert native.leftovers() == ""


def test_a_layer_stays_as_long_as_its_container_is_not_cleaned_up(machine: Machine) -> None:
    machine.image("busybox")
    name = machine.new_name()
    layer = f"{machine.store}/containers/{name}"
    with machine.start(machine.words("image", "run", "--name", name, "busybox", "--", "sh", "-c", "echo ready; sleep 1000")) as running:
        assert running.line() == "ready"
        machine.sh(f"kill -KILL {running.number}")
        assert running.wait() == 137
    place = f"{machine.state}/{name}"
    # With this in the way nobody knows whether anything of the container still runs.
    machine.sh(f"mount -t tmpfs tmpfs {place}; touch {place}/lock")
    try:
        for _ in range(2):
            warned(machine.run_image("true").succeeded(), name, "busy")
            assert machine.sh(f"ls {layer}").split() == ["image", "lock", "root", "upper", "work"]
    finally:
        machine.sh(f"umount {place}")
    assert machine.run_image("true").succeeded().error == ""
    assert machine.sh(f"ls -d {layer} 2>/dev/null || :") == ""


@contextlib.contextmanager
def held(machine: Machine, folder: str) -> Iterator[None]:
    """Makes a folder that cannot be removed meanwhile, wherever it is moved to: something is mounted in it."""
    mark = machine.new_name()
    machine.sh(f"mkdir -p {folder}/held && mount -t tmpfs {mark} {folder}/held")
    try:
        yield
    finally:
        machine.sh(f"umount $(awk '/ - tmpfs {mark} / {{ print $5 }}' /proc/self/mountinfo)")


def warned(result: Result, *parts: str) -> None:
    """Looks for the one warning, with all these parts."""
    assert result.error.startswith("apus: warning: ") and result.error.count("\n") == 1, result.error
    for part in parts:
        assert part in result.error, result.error


def test_a_state_that_cannot_be_cleaned_up_is_told_of_and_stops_nobody(machine: Machine) -> None:
    left = machine.new_name()
    machine.bundle(shell("exit 0")).run().succeeded()
    # A directory with something mounted on it cannot be removed.
    place = f"{machine.state}/{left}"
    machine.sh(f"mkdir {place}; touch {place}/lock; mount -t tmpfs tmpfs {place}; touch {place}/lock")
    try:
        for _ in range(2):
            result = machine.run_bundle(shell("echo it runs; exit 4"))
            assert (result.status, result.text) == (4, "it runs\n")
            warned(result, left, "busy")
        result = machine.call("run", "--bundle", machine.bundle(shell("exit 0")).path, left)
        assert result.status == 1 and f"container {left} exists already" in result.error
    finally:
        machine.sh(f"umount {place}")
    assert machine.run_bundle(shell("exit 0")).succeeded().error == ""


def test_a_record_that_cannot_be_read_is_told_of_and_stays(machine: Machine) -> None:
    left = machine.new_name()
    machine.bundle(shell("exit 0")).run().succeeded()
    machine.sh(f"cd {machine.state}; mkdir {left}; touch {left}/lock; echo nonsense >{left}/record")
    warned(machine.run_bundle(shell("exit 0")).succeeded(), left, "record", "line 1, column 1")
    machine.sh(f"rm {machine.state}/{left}/record")
    assert machine.run_bundle(shell("exit 0")).succeeded().error == ""


def test_a_layer_that_cannot_be_removed_is_told_of_and_stops_nobody(machine: Machine) -> None:
    machine.image("busybox")
    left = f"{machine.store}/containers/{machine.new_name()}"
    machine.sh(f"mkdir {left}")
    with held(machine, left):
        for result in (machine.run_image("sh", "-c", "exit 4"), machine.run_image("sh", "-c", "exit 4")):
            assert result.status == 4
            warned(result, f"{machine.store}/tmp/retired", "busy")
        warned(machine.call("image", "list").succeeded(), "retired")
        name = import_made(machine)
        warned(machine.call("image", "remove", name).succeeded(), "retired")
    assert machine.run_image("true").succeeded().error == ""


def test_the_status_is_the_containers_when_its_layer_cannot_be_removed(machine: Machine) -> None:
    machine.image("busybox")
    name = machine.new_name()
    layer = f"{machine.store}/containers/{name}"
    with machine.start(machine.words("image", "run", "--name", name, "busybox", "--", "sh", "-c", "echo ready; read wait; exit 4")) as running:
        assert running.line() == "ready"
        with held(machine, layer):
            running.stdin.close()
            assert running.line().startswith("apus: warning: ")
            assert running.wait() == 4
    assert machine.run_image("true").succeeded().error == ""


def test_what_cannot_be_removed_is_never_part_of_a_new_layer(machine: Machine) -> None:
    store = f"{machine.store}-left"
    command = [machine.apus, "--data-root", store, "image"]
    machine.run([*command, "import", machine.layout("busybox")]).succeeded()
    layer = machine.sh(f"ls {store}/layers").strip()
    before = machine.sh(f"find {store}/layers | sort")
    machine.run([*command, "remove", "busybox"]).succeeded()
    with held(machine, f"{store}/tmp/import/{layer}"):
        warned(machine.run([*command, "import", machine.layout("busybox")]).succeeded(), "retired")
        assert machine.sh(f"find {store}/layers | sort") == before
    machine.sh(f"rm -r {store}")


@pytest.mark.native
def test_a_layer_that_is_immutable_stays_on_record_until_it_is_not(native: Machine) -> None:
    store = f"{native.store}-immutable"
    command = [native.apus, "--data-root", store, "image"]
    native.run([*command, "import", native.layout("redis")]).succeeded()
    native.run([*command, "import", native.layout("busybox")]).succeeded()
    layers = native.sh(f"echo {store}/layers/*").split()
    assert len(layers) == 3
    native.sh(f"chattr +i {' '.join(layers)}")
    try:
        # Two of the three can go but for this.
        result = native.run([*command, "remove", "redis"])
        assert result.status == 0
        assert [line.startswith(f"apus: warning: remove {store}/layers/") for line in result.error.splitlines()] == [True, True], result.error
        listed = native.run([*command, "list"]).succeeded()
        assert listed.lines[0].startswith("busybox\t") and listed.error == result.error
    finally:
        native.sh(f"chattr -i {' '.join(layers)}")
    assert native.run([*command, "list"]).succeeded().error == ""
    assert len(native.sh(f"ls {store}/layers").split()) == 1
    native.sh(f"rm -r {store}")


def test_the_container_does_not_outlive_apus(machine: Machine) -> None:
    # The number of seconds is how the process is found again.
    mark = 1000 + int(machine.new_name().rpartition("-")[2])
    with machine.start(machine.bundle(shell(f"sleep {mark} & echo ready; exec sleep {mark}")).command) as running:
        assert running.line() == "ready"
        assert machine.sh(f"cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' ' ' | grep -c 'sleep {mark}' || :").strip() != "0"
        machine.sh(f"kill -KILL {running.number}")
        assert running.wait() == 137
        found = "sleep"
        for _ in range(100):
            found = machine.sh(f"cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' '\\n' | grep -x {mark} || :")
            if found == "":
                break
            time.sleep(0.05)
        assert found == ""
    machine.bundle(shell("exit 0")).run().succeeded()


@pytest.mark.device
def test_killed_on_the_device(v2: Machine) -> None:
    v2.image("busybox")
    for delay in (0.02, 0.05, 0.1, 0.2, 0.4):
        for command in (
            v2.words("image", "run", "--name", v2.new_name(), "--memory", "32m", "busybox", "--", "sleep", "1000"),
            v2.bundle(shell("exec sleep 1000")).command,
        ):
            v2.run(["timeout", "-s", "KILL", str(delay), *command])
            v2.run_image("true").succeeded()
            assert v2.leftovers() == ""


@pytest.mark.device
def test_a_power_cut_right_after_an_import_loses_nothing_that_was_said() -> None:
    with Device.boot(Options()) as device:
        other = Emulated(device, "cut")
        other.image("busybox")
        device.power_cut()
        device.start()
        other.prepare()
        assert other.call("image", "run", "--name", other.new_name(), "busybox", "--", "echo", "whole").succeeded().text == "whole\n"
