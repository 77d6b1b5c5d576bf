"""Compiled filters are kept beside the state of containers (docs/decisions/seccomp-filters.md), and only what is surely whole and the runtime's own is taken."""

from __future__ import annotations

import shlex
import struct
from pathlib import Path
from typing import Any

import compiled
import pytest
from machines import Bundle, Machine
from specs import spec

CALLS = Path(__file__).parent / "security" / "calls.c"
#: What the filter returns (SECCOMP_RET_ERRNO) as the profile says, and as a file says that a test has changed.
AS_ASKED, CHANGED = 77, 78


class Kept:
    """Containers whose filter answers getpgid(2) with error 77, and the filters that are kept of them."""

    def __init__(self, machine: Machine) -> None:
        """Takes a state directory of its own."""
        self.machine = machine
        self.state = machine.new_folder()
        self.folder = f"{self.state}/.seccomp"
        self.root = machine.new_root()
        compiled.put(machine, CALLS, f"{self.root}/calls")

    def words(self, *words: str) -> list[str]:
        """A command of apus with that directory."""
        return [self.machine.apus, "--root", self.state, "--data-root", self.machine.store, *words]

    def bundle(self, *arguments: str, number: int = AS_ASKED, call: str = "getpgid") -> Bundle:
        """A bundle with the profile."""
        document: dict[str, Any] = spec(*(arguments or ("/calls", "getpgid")))
        rule = {"names": [call], "action": "SCMP_ACT_ERRNO", "errnoRet": number}
        document["linux"]["seccomp"] = {"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [rule]}
        return self.machine.bundle(document, self.root)

    def run(self, bundle: Bundle) -> int:
        """Runs it; gives the error that the call had."""
        name, number = self.machine.run(self.words("run", "--bundle", bundle.path, bundle.id)).succeeded().text.split()
        assert name == "getpgid"
        return int(number)

    def files(self) -> list[str]:
        """The names of what is kept."""
        return self.machine.sh(f"ls -A {self.folder} 2>/dev/null || :").split()

    def only_file(self) -> str:
        """The path of the one filter that is kept."""
        (name,) = self.files()
        return f"{self.folder}/{name}"

    def content(self, path: str) -> bytes:
        """What is in a file."""
        return self.machine.run(["cat", path]).succeeded().stdout

    def identity(self, path: str) -> str:
        """What changes when a file is written or replaced."""
        return self.machine.sh(f"stat -c '%i %Y %Z %s %a %u' {path}")


def changed(content: bytes, asked: int = AS_ASKED) -> bytes:
    """A kept filter with another error in it and the sum that belongs to it: nobody but root could have made it, so it shows what is taken."""
    words = list(struct.unpack(f"<{len(content) // 8}Q", content))
    answers = [index for index, word in enumerate(words) if word == (0x0005_0000 | asked) << 32 | 0x06]
    assert answers
    for index in answers:
        words[index] = (0x0005_0000 | CHANGED) << 32 | 0x06
    total = 0x9E37_79B9_7F4A_7C15
    for word in words[1:]:
        total = (total ^ word) * 0xFF51_AFD7_ED55_8CCD & 0xFFFF_FFFF_FFFF_FFFF
        total ^= total >> 32
    return struct.pack(f"<{len(words)}Q", total, *words[1:])


@pytest.fixture
def kept(machine: Machine) -> Kept:
    return Kept(machine)


def test_the_filter_of_a_profile_is_compiled_once_and_then_taken_from_its_file(kept: Kept) -> None:
    bundle = kept.bundle()
    assert kept.run(bundle) == AS_ASKED
    path = kept.only_file()
    assert kept.machine.sh(f"stat -c '%F %a %u' {kept.folder} {path}").splitlines() == ["directory 700 0", "regular file 600 0"]
    before = kept.identity(path)
    assert kept.run(bundle) == AS_ASKED
    assert kept.identity(path) == before
    kept.machine.write(path, changed(kept.content(path)))
    # Another container with the same profile.
    assert kept.run(kept.bundle()) == CHANGED
    # And a process that joins one.
    sleeping = kept.bundle("sleep", "1000")
    kept.machine.sh(f"{shlex.join(kept.words('run', '--detach', '--bundle', sleeping.path, sleeping.id))} </dev/null >/dev/null 2>&1")
    try:
        assert kept.machine.run(kept.words("exec", sleeping.id, "/calls", "getpgid")).succeeded().text == f"getpgid {CHANGED}\n"
        # What is told of it is what the profile says.
        assert " instructions" in kept.machine.run(kept.words("state", sleeping.id)).succeeded().text
    finally:
        kept.machine.run(kept.words("delete", "--force", sleeping.id)).succeeded()


def test_a_profile_that_differs_has_a_filter_of_its_own(kept: Kept) -> None:
    assert kept.run(kept.bundle()) == AS_ASKED
    kept.machine.write(kept.only_file(), changed(kept.content(kept.only_file())))
    assert kept.run(kept.bundle(number=79)) == 79
    assert kept.run(kept.bundle(call="getppid")) == 0
    assert len(kept.files()) == 3


@pytest.mark.parametrize(
    "script",
    [
        "printf x | dd of={path} bs=1 seek=100 conv=notrunc 2>/dev/null",
        "truncate -s $(( $(stat -c %s {path}) - 1 )) {path}", "truncate -s $(( $(stat -c %s {path}) - 8 )) {path}", "truncate -s 8 {path}", "truncate -s 0 {path}", "truncate -s 1G {path}",
        "printf 12345678 >>{path}",
        "mv {changed} {path}; chmod 620 {path}", "mv {changed} {path}; chmod 602 {path}", "mv {changed} {path}; chown 1000 {path}",
        "ln -sf {changed} {path}", "rm {path}; ln -s /etc/passwd {path}", "rm {path}; mkfifo -m 600 {path}",
    ],
)  # fmt: skip
def test_what_is_odd_about_a_file_makes_it_compiled_anew_and_replaced(kept: Kept, script: str) -> None:
    bundle = kept.bundle()
    assert kept.run(bundle) == AS_ASKED
    path = kept.only_file()
    whole = kept.content(path)
    kept.machine.write(f"{kept.state}/changed", changed(whole))
    kept.machine.sh(script.format(path=path, changed=f"{kept.state}/changed"))
    assert kept.run(bundle) == AS_ASKED
    assert kept.only_file() == path and kept.content(path) == whole
    assert kept.machine.sh(f"stat -c '%F %a %u' {path}") == "regular file 600 0\n"


def test_the_file_of_another_profile_under_the_name_is_not_taken(kept: Kept) -> None:
    bundle = kept.bundle()
    assert kept.run(bundle) == AS_ASKED
    path = kept.only_file()
    assert kept.run(kept.bundle(number=79)) == 79
    (other,) = (name for name in kept.files() if not path.endswith(name))
    kept.machine.sh(f"cp {kept.folder}/{other} {path}")
    assert kept.run(bundle) == AS_ASKED


@pytest.mark.parametrize(
    "script",
    [
        "chmod 770 {folder}", "chmod 707 {folder}", "chown 1000 {folder}", "mv {folder} {folder}.moved; ln -s .seccomp.moved {folder}",
        "rm -r {folder}; touch {folder}", "mv {path} {path}.moved; mkdir {path}",
    ],
)  # fmt: skip
def test_a_folder_that_is_not_the_runtimes_own_is_left_alone_and_the_container_has_its_filter(kept: Kept, script: str) -> None:
    bundle = kept.bundle()
    assert kept.run(bundle) == AS_ASKED
    path = kept.only_file()
    kept.machine.write(path, changed(kept.content(path)))
    kept.machine.sh(script.format(folder=kept.folder, path=path))
    listing = f"find {kept.state} -path '*/.seccomp*' | sort"
    before = kept.machine.sh(listing)
    assert kept.run(bundle) == AS_ASKED
    assert kept.machine.sh(listing) == before


def test_many_at_once_leave_one_whole_file(kept: Kept) -> None:
    bundles = [kept.bundle() for _ in range(8)]
    runs = " & ".join(shlex.join(kept.words("run", "--bundle", bundle.path, bundle.id)) for bundle in bundles)
    assert kept.machine.sh(f"{runs} & wait", limit=120).split() == ["getpgid", str(AS_ASKED)] * 8
    path = kept.only_file()
    kept.machine.write(path, changed(kept.content(path)))
    assert kept.run(bundles[0]) == CHANGED


def test_no_more_than_sixteen_are_kept_and_what_a_killed_process_has_left_goes_too(kept: Kept) -> None:
    kept.run(kept.bundle(number=1))
    kept.machine.sh(f"touch -d @1 {kept.folder}/.new-1")
    for number in range(2, 20):
        assert kept.run(kept.bundle(number=number)) == number
        assert len(kept.files()) <= 16
    assert ".new-1" not in kept.files()


def test_containers_of_images_have_one_for_their_capabilities(machine: Machine) -> None:
    kept = Kept(machine)
    image = machine.image("busybox")

    def run() -> str:
        name = machine.new_name()
        return machine.run(kept.words("image", "run", "--name", name, image, "--", "sh", "-c", "! mount -t tmpfs none /tmp")).succeeded().error

    assert "permission denied" in run()
    path = kept.only_file()
    before = kept.identity(path)
    assert "permission denied" in run()
    assert kept.identity(path) == before
    machine.write(path, changed(kept.content(path), 1))
    assert "permission denied" not in run()


def test_a_profile_that_asks_an_agent_is_not_kept(kept: Kept) -> None:
    document: dict[str, Any] = spec("/calls", "getpgid")
    rule = {"names": ["getpgid"], "action": "SCMP_ACT_NOTIFY"}
    document["linux"]["seccomp"] = {"defaultAction": "SCMP_ACT_ALLOW", "listenerPath": f"{kept.state}/none", "syscalls": [rule]}
    bundle = kept.machine.bundle(document, kept.root)
    for _ in range(2):
        kept.machine.run(kept.words("run", "--bundle", bundle.path, bundle.id)).failed(f"{kept.state}/none")
    assert kept.files() == []
