"""Images that are mounted to look at them: what is there, what that keeps, and how it goes."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import layouts
import pytest
from made_images import import_made
from machines import Machine

ENTRIES = [
    layouts.folder("d", mode=0o750), layouts.file("d/f", b"hello", mode=0o4755), layouts.file("gone"), layouts.folder("opaque"), layouts.file("opaque/x"),
]
ABOVE = [layouts.Layer([layouts.whiteout("gone"), layouts.opaque("opaque"), layouts.file("opaque/new", b"new")])]
BACKENDS = pytest.mark.parametrize("backend", ["overlay", "erofs"])


@pytest.fixture(autouse=True)
def nothing_stays(request: pytest.FixtureRequest) -> Iterator[None]:
    """No test leaves a mount."""
    machine: Machine = request.getfixturevalue("native" if "native" in request.fixturenames else "machine")
    yield
    machine.call("image", "unmount", "--all").succeeded()
    assert machine.sh(f"grep {machine.store} /proc/self/mountinfo || :") == ""
    assert machine.sh(f"ls {machine.store}/containers {machine.store}/tmp | grep -v : || :").strip() == ""
    machine.prune_images()


def made(machine: Machine, backend: str = "overlay") -> str:
    """An image of two layers."""
    return import_made(machine, entries=ENTRIES, above=ABOVE, options=["--backend", backend])


def mount(machine: Machine, *words: str) -> str:
    """Mounts an image; gives the place."""
    return machine.call("image", "mount", *words).succeeded().text.removesuffix("\n")


def mounted(machine: Machine) -> list[list[str]]:
    """What is told to be mounted: names and places."""
    return [line.split("\t") for line in machine.call("image", "mount").succeeded().text.splitlines()]


@BACKENDS
def test_what_is_there_is_what_a_container_sees_and_can_only_be_read(machine: Machine, backend: str) -> None:
    name = made(machine, backend)
    place = mount(machine, name)
    assert place.startswith(f"{machine.store}/containers/@")
    assert machine.sh(f"cd {place}; cat d/f opaque/new; stat -c %a d d/f; ls opaque; ls gone 2>/dev/null || :") == "hellonew750\n4755\nnew\n"
    options = machine.sh(f"grep ' {place} ' /proc/self/mounts").split()[3].split(",")
    assert {"ro", "nosuid", "nodev"} <= set(options)
    assert machine.run(["sh", "-c", f"echo x >{place}/d/f"]).status != 0
    assert mounted(machine) == [[name, place]]
    # Once more is the same.
    assert mount(machine, name) == place and len(mounted(machine)) == 1
    assert machine.call("image", "unmount", name).succeeded().text == f"{name}\n"
    assert mounted(machine) == []
    machine.call("image", "unmount", name).failed(f"image {name}: is not mounted")


def test_an_image_of_one_layer(machine: Machine) -> None:
    name = import_made(machine, entries=ENTRIES)
    assert machine.sh(f"cat {mount(machine, name)}/d/f") == "hello"


@BACKENDS
def test_a_directory_of_the_callers(machine: Machine, backend: str) -> None:
    name = made(machine, backend)
    folder = f"{machine.new_folder()}/a b"
    machine.sh(f"mkdir '{folder}'")
    assert mount(machine, name, folder) == folder
    assert machine.sh(f"cat '{folder}/d/f'") == "hello"
    inside = mount(machine, name)
    assert sorted(mounted(machine)) == sorted([[name, folder], [name, inside]])
    machine.call("image", "unmount", name).succeeded()
    assert mounted(machine) == [] and machine.sh(f"ls '{folder}'") == ""
    machine.call("image", "mount", name, f"{folder}/none").failed(f"mount image {name} on {folder}/none: no such file or directory")


@BACKENDS
def test_what_is_mounted_stays_in_the_store(machine: Machine, backend: str) -> None:
    name = made(machine, backend)
    place = mount(machine, name)
    machine.prune_images()
    machine.call("image", "inspect", name).succeeded()
    machine.call("image", "remove", name).succeeded()
    other = import_made(machine, entries=[layouts.file("other")])
    machine.call("image", "remove", other).succeeded()
    assert machine.sh(f"cat {place}/d/f; ls {machine.store}/layers | wc -l").split() == ["hello" + ("2" if backend == "overlay" else "1")]
    machine.call("image", "unmount", "--all").succeeded()
    assert machine.sh(f"ls {machine.store}/layers") == ""


def test_a_mount_that_is_used_stays(machine: Machine) -> None:
    name = made(machine)
    place = mount(machine, name)
    with machine.start(["sh", "-c", f"cd {place}; echo ready; read line"]) as process:
        assert process.line() == "ready"
        machine.call("image", "unmount", name).failed(f"unmount {place}: ", "resource busy")
        assert mounted(machine) == [[name, place]]
        process.stdin.close()
        assert process.wait() == 1
    machine.call("image", "unmount", name).succeeded()


@BACKENDS
def test_what_was_unmounted_by_others_is_forgotten_and_collected(machine: Machine, backend: str) -> None:
    name = made(machine, backend)
    place = mount(machine, name)
    machine.sh(f"umount {place}")
    assert mounted(machine) == []
    again = mount(machine, name)
    machine.sh(f"umount {again}")
    machine.call("image", "remove", name).succeeded()
    assert machine.sh(f"ls {machine.store}/layers") == ""


def test_a_mount_of_another_boot_is_forgotten(machine: Machine) -> None:
    name = made(machine)
    place = mount(machine, name)
    other = f"{machine.new_folder()}/boot"
    machine.sh(f"echo 00000000-0000-0000-0000-000000000000 >{other}")
    # As after a power cut, which takes the mount as well.
    machine.sh(f"umount {place}; mount --bind {other} /proc/sys/kernel/random/boot_id")
    try:
        mount(machine, name)
    finally:
        machine.sh("umount /proc/sys/kernel/random/boot_id")
    # That one is of a boot that is over, although it is there.
    machine.sh(f"umount {place}")
    assert mounted(machine) == []


def test_a_mount_in_another_namespace_keeps_the_image_and_goes_when_it_is_unmounted(machine: Machine) -> None:
    name = made(machine)
    command = " ".join(machine.words("image", "mount", name))
    with machine.start(["unshare", "-m", "sh", "-c", f"{command} >&2; echo ready; read line"]) as process:
        assert process.line().startswith(machine.store) and process.line() == "ready"
        [[shown, place]] = mounted(machine)
        assert shown == name and machine.sh(f"ls {place}") == ""
        machine.call("image", "remove", name).succeeded()
        assert machine.sh(f"ls {machine.store}/layers | wc -l").strip() == "2"
        machine.call("image", "unmount", name).succeeded()
        process.stdin.close()
        process.wait()
    assert machine.sh(f"ls {machine.store}/layers") == ""


def test_an_image_that_the_policy_rejects_is_not_mounted(machine: Machine) -> None:
    name = made(machine)
    policy = f"{machine.new_folder()}/policy.json"
    machine.write(policy, b'{"default": [{"type": "reject"}]}')
    result = machine.run([machine.apus, "--root", machine.state, "--data-root", machine.store, "--policy", policy, "image", "mount", name])
    assert result.status == 1 and f"image {name} is rejected by {policy}" in result.error
    assert mounted(machine) == []


@pytest.mark.parametrize("words", [["mount", "a", "b", "c"], ["unmount"], ["unmount", "--all", "a"]])
def test_operands_that_mean_nothing(machine: Machine, words: list[str]) -> None:
    assert machine.call("image", *words).status == 2


@pytest.mark.native
@BACKENDS
@pytest.mark.parametrize("call", ["renameat2", "renameat", "mount", "mkdirat"])
def test_a_mount_that_is_killed_leaves_nothing_for_long(native: Machine, backend: str, call: str) -> None:
    assert shutil.which("strace")
    name = made(native, backend)
    for number in range(1, 6):
        native.wrapper = ["strace", "-f", "-qq", "-o", f"{native.volatile}/calls", "-e", f"trace={call}", "-e", f"inject={call}:signal=KILL:when={number}"]
        killed = native.call("image", "mount", name)
        native.wrapper = []
        if killed.status == 0:
            break
        # Mounted it is only when its record is there.
        listed = mounted(native)
        for _, place in listed:
            assert native.sh(f"cat {place}/d/f") == "hello"
        native.call("image", "unmount", "--all").succeeded()
        assert native.sh(f"ls {native.store}/containers {native.store}/tmp | grep -v : || :").strip() == ""
        assert native.sh(f"grep {native.store} /proc/self/mountinfo || :") == ""


@pytest.mark.native
@pytest.mark.parametrize("call", ["mknodat", "ioctl", "unlinkat"])
def test_a_mount_by_a_loop_device_that_is_killed_leaves_nothing_for_long(native: Machine, call: str) -> None:
    # As before Linux 6.12: the file itself cannot be mounted. The devices' nodes are made on a file system of their own, which is mounted nowhere.
    name = made(native, "erofs")
    faults = ["-e", "inject=mount:error=ENOTBLK:when=1", "-e", f"inject={call}:signal=KILL:when=1"]
    native.wrapper = ["strace", "-f", "-qq", "-o", f"{native.volatile}/calls", "-e", f"trace=mount,{call}", *faults]
    killed = native.call("image", "mount", name)
    native.wrapper = []
    assert killed.status != 0
    assert mounted(native) == []
    native.call("image", "unmount", "--all").succeeded()
    assert native.sh(f"grep {native.store} /proc/self/mountinfo || :") == ""
    assert native.sh(f"ls {native.store}/containers {native.store}/tmp | grep -v : || :").strip() == ""
    # And it works again.
    assert native.sh(f"cat {mount(native, name)}/d/f") == "hello"
