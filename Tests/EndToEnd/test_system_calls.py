"""How a container comes to be, as the kernel sees it: by one clone into its control group, by descriptors, and without executing apus again where that is safe."""

from __future__ import annotations

import re

import pytest
from machines import Bundle, Machine
from specs import shell

pytestmark = pytest.mark.native
CALLS = "clone,clone3,fork,vfork,execve,execveat,mount,move_mount,open_tree,umount2,pivot_root"


def calls(native: Machine, bundle: Bundle, program: str | None = None) -> list[str]:
    """The calls of a run up to its program, without numbers of processes."""
    command = list(bundle.command)
    command[command.index(native.apus)] = program or native.apus
    native.run(["strace", "-f", "-qq", "-o", f"{bundle.path}/calls", "-e", f"trace={CALLS}", *command]).succeeded()
    return [line.split(maxsplit=1)[1] for line in native.sh(f"cat {bundle.path}/calls").splitlines()]


def test_a_container_is_one_clone_into_its_group(native: Machine) -> None:
    made = [call for call in calls(native, native.bundle(shell("exit 0"))) if re.match(r"(clone3?|v?fork)\(", call)]
    assert len(made) == 1, made
    # There is a hierarchy of v2 on this machine; on one without, there is nothing to be born into.
    assert made[0].startswith("clone3(") and "CLONE_INTO_CGROUP" in made[0] and "CLONE_NEWPID" in made[0]


def test_every_mount_is_made_by_descriptors(native: Machine) -> None:
    document = shell("exit 0")
    source = native.new_folder()
    document["mounts"] += [
        {"destination": "/bound", "type": "bind", "source": source, "options": ["rbind", "ro"]},
        {"destination": "/small", "type": "tmpfs", "source": "tmpfs", "options": ["nosuid"]},
    ]
    made = calls(native, native.bundle(document))
    mounts = [call for call in made if call.startswith("mount(")]
    assert len(mounts) >= 3, made
    for call in mounts:
        words = re.match(r'mount\((\S+), (\S+), ([^,]+), ([A-Z0-9_|]+)', call)
        assert words is not None, call
        source_word, target, _, flags = words.groups()
        if flags in ("MS_REC|MS_SLAVE", "MS_REC|MS_PRIVATE"):
            # Propagation, of the root that is there and of the one that goes.
            assert target in ('"/"', '"."'), call
            continue
        assert re.fullmatch(r'"/proc/self/fd/\d+"', target), call
        if "MS_BIND" in flags:
            assert re.fullmatch(r'"/proc/self/fd/\d+"', source_word), call
    moved = [call for call in made if call.startswith(("move_mount(", "open_tree("))]
    assert moved and all(re.match(r'(move_mount\(\d+, "", \d+, ""|open_tree\(\d+, "")', call) for call in moved), moved


def test_apus_executes_itself_again_only_where_it_could_be_written_to(native: Machine) -> None:
    bundle = native.bundle(shell("exit 0"))

    def again(made: list[str]) -> int:
        before = made[: next(number for number, call in enumerate(made) if call.startswith("clone3("))]
        return sum(call.startswith(("execve(", "execveat(")) for call in before)

    assert again(calls(native, bundle)) == 2
    place = native.new_folder()
    native.sh(f"mount -t tmpfs tmpfs {place}; cp {native.apus} {place}/apus; mount -o remount,ro {place}")
    try:
        assert again(calls(native, bundle, f"{place}/apus")) == 1
    finally:
        native.sh(f"umount {place}")
