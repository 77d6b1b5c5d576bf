"""Between clone and exec nothing is allocated (docs/decisions/malloc.md): what the new process takes is charged to the container, and may be refused to it."""

from __future__ import annotations

import bisect
import functools
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import compiled
import pytest
from conftest import binary
from machines import ROOT, Machine, Result
from specs import shell
from user_namespaces import WAIT, mapped, mapped_root, running

sys.path.insert(0, str(ROOT / "toolchain"))

from binary.elf import loaded_segments  # noqa: E402  (the builder's own, in cross/)
from binary.order import read_symbols  # noqa: E402
from sdk.command import find_compiler  # noqa: E402

pytestmark = pytest.mark.native

Document = dict[str, Any]

#: musl's one way to memory: malloc, calloc and aligned_alloc come here, and realloc does when it cannot grow in place.
ALLOCATE = "__libc_malloc_impl"


class Program:
    """The device binary for this machine, its functions and where they are."""

    def __init__(self) -> None:
        """Reads both files of the binary."""
        path = binary("x86_64")
        self._segments = [segment for segment in loaded_segments(path.read_bytes()) if segment.flags & 1]
        self._symbols = read_symbols(find_compiler().tools, path.parent)
        self._addresses = [address for address, _ in self._symbols]

    def offset(self, name: str) -> int:
        """Where a function begins in the file."""
        (address,) = (address for address, symbol in self._symbols if symbol == name)
        (segment,) = (segment for segment in self._segments if segment.address <= address < segment.address + segment.size)
        return address - segment.address + segment.offset

    def name(self, offset: int) -> str:
        """The function that an instruction belongs to."""
        (segment,) = (segment for segment in self._segments if segment.offset <= offset < segment.offset + segment.size)
        return self._symbols[bisect.bisect_right(self._addresses, offset - segment.offset + segment.address) - 1][1]


@functools.cache
def _program() -> Program:
    return Program()


def watch(machine: Machine, command: list[str], wrapper: Sequence[str] = ()) -> tuple[Result, list[tuple[str, list[str]]]]:
    """Runs a command of apus; gives, for each process that it makes, how that ends being one of apus's, and who allocated until then, the innermost functions."""
    folder = machine.new_folder()
    compiled.put(machine, Path(__file__).with_name("allocations.c"), f"{folder}/allocations")
    result = machine.run([*wrapper, f"{folder}/allocations", f"{folder}/calls", f"{_program().offset(ALLOCATE):x}", *command])
    callers: dict[str, list[str]] = {}
    ends: dict[str, str] = {}
    for line in machine.sh(f"cat {folder}/calls").splitlines():
        process, event, *offsets = line.split()
        if event == "born":
            callers[process] = []
        elif event == "call":
            callers[process].append(" < ".join(_program().name(int(offset, 16)) for offset in offsets[:8]))
        else:
            ends[process] = event
    return result, [(ends[process], found) for process, found in callers.items()]


def profile() -> Document:
    """A filter that lets everything happen but one call."""
    return {"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["acct"], "action": "SCMP_ACT_ERRNO"}]}


def usual(script: str) -> Document:
    """A container with something of everything that is usual."""
    document = shell(script)
    document["process"]["env"] += [f"VARIABLE_{number}={'value' * 20}" for number in range(200)]
    document["process"]["oomScoreAdj"] = 500
    document["process"]["user"] = {"uid": 1000, "gid": 1000, "additionalGids": [5, 6, 7]}
    document["root"]["readonly"] = True
    document["linux"]["seccomp"] = profile()
    document["linux"]["sysctl"] = {"net.ipv4.ip_forward": "1", "kernel.shm_rmid_forced": "1"}
    document["linux"]["devices"] = [{"path": "/dev/a/device", "type": "c", "major": 1, "minor": 3, "fileMode": 0o666, "uid": 0, "gid": 0}]
    document["mounts"] += [{"destination": f"/tmp/{number}", "type": "tmpfs", "source": "tmpfs", "options": ["nosuid"]} for number in range(10)]
    document["mounts"] += [
        {"destination": "/sys/fs/cgroup", "type": "cgroup", "source": "cgroup", "options": ["nosuid", "noexec", "nodev", "relatime", "ro"]},
        {"destination": "/tmp/a/folder", "type": "bind", "source": "/usr", "options": ["rbind", "ro", "nosuid", "nodev"]},
        {"destination": "/tmp/a/file", "type": "bind", "source": "/etc/passwd", "options": ["bind", "ro"]},
    ]
    return document


def without_cgroup_namespace(document: Document) -> Document:
    """The same container, which sees its groups nevertheless."""
    document["linux"]["namespaces"] = [entry for entry in document["linux"]["namespaces"] if entry["type"] != "cgroup"]
    return document


def in_user_namespace(document: Document) -> Document:
    """The same container with numbers of its own."""
    # Nobody may make one there.
    document["linux"]["devices"] = []
    return mapped(document)


def unchanged(document: Document) -> Document:
    """The same container."""
    return document


def in_user_namespace_without_another(document: Document) -> Document:
    """The same container, which sees its groups through a mount that a child of its first process makes."""
    return in_user_namespace(without_cgroup_namespace(document))


@pytest.mark.parametrize("change", [unchanged, without_cgroup_namespace, in_user_namespace, in_user_namespace_without_another])
def test_the_new_process_allocates_nothing_before_its_program(native: Machine, change: Callable[[Document], Document]) -> None:
    document = change(usual("id -u"))
    root = mapped_root(native) if "uidMappings" in document["linux"] else ""
    result, processes = watch(native, native.bundle(document, root).command)
    assert result.succeeded().text == "1000\n"
    assert processes[0] == ("execute", []) and [found for _, found in processes[1:] if found] == []


#: Runs a command where cgroup v2 is all that is mounted.
UNIFIED = ["unshare", "--mount", "sh", "-c", 'umount -l /sys/fs/cgroup && mount -t cgroup2 cgroup2 /sys/fs/cgroup && exec "$@"', "sh"]


def test_nothing_is_allocated_with_cgroup_v2_alone(native: Machine) -> None:
    document = without_cgroup_namespace(usual("ls /sys/fs/cgroup/cgroup.procs"))
    result, processes = watch(native, native.bundle(document).command, UNIFIED)
    assert result.succeeded().text == "/sys/fs/cgroup/cgroup.procs\n"
    assert processes == [("execute", [])]


def test_nothing_is_allocated_for_a_terminal(native: Machine) -> None:
    document = usual("tty")
    document["process"]["terminal"] = True
    result, processes = watch(native, native.bundle(document).command)
    assert "/dev/pts/0" in result.succeeded().text
    assert processes == [("execute", [])]


def test_nothing_is_allocated_for_the_configuration_of_apus_spec(native: Machine) -> None:
    folder = native.new_folder()
    native.call("spec", "--bundle", folder).succeeded()
    document = json.loads(native.sh(f"cat {folder}/config.json"))
    document["process"] |= {"terminal": False, "args": ["true"]}
    result, processes = watch(native, native.bundle(document).command)
    result.succeeded()
    assert processes == [("execute", [])]


@pytest.mark.parametrize("change", [unchanged, in_user_namespace])
def test_a_process_that_joins_a_container_allocates_nothing_before_its_program(native: Machine, change: Callable[[Document], Document]) -> None:
    document = change(usual(WAIT))
    bundle = native.bundle(document, mapped_root(native) if "uidMappings" in document["linux"] else "")
    with running(bundle):
        result, processes = watch(native, native.words("exec", "--cwd", "/tmp", bundle.id, "id", "-u"))
    assert result.succeeded().text == "1000\n"
    # The first enters the container, the second is born there.
    assert processes == [("end", []), ("execute", [])]


@pytest.mark.parametrize("image", ["busybox", "redis"])
def test_nothing_is_allocated_for_the_container_of_an_image(native: Machine, image: str) -> None:
    result, processes = watch(native, native.words("image", "run", "--name", native.new_name(), native.image(image), "true"))
    result.succeeded()
    assert processes == [("execute", [])]


def test_allocations_are_seen(native: Machine) -> None:
    """Else the tests above would say nothing: a home directory that is longer than usual is one."""
    root = native.new_root()
    native.sh(f"echo root:x:0:0::/{'long' * 300}:/bin/sh >{root}/etc/passwd")
    result, processes = watch(native, native.bundle(shell("echo $HOME"), root).command)
    assert result.succeeded().text == f"/{'long' * 300}\n"
    ((end, callers),) = processes
    assert end == "execute" and callers
