"""Containers with a user namespace, for tests."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from machines import Bundle, Machine, Process

Document = dict[str, Any]
FIRST = 100000
"""The number outside of the containers' root."""


def mapped(document: Document, users: list[tuple[int, int, int]] | None = None, groups: list[tuple[int, int, int]] | None = None) -> Document:
    """The config.json with a new user namespace; ranges are (inside, outside, size)."""
    whole = [(0, FIRST, 65536)]
    document["linux"]["namespaces"].append({"type": "user"})
    for name, ranges in (("uidMappings", users or whole), ("gidMappings", groups or users or whole)):
        document["linux"][name] = [{"containerID": inside, "hostID": outside, "size": size} for inside, outside, size in ranges]
    return document


def namespace(document: Document, kind: str) -> dict[str, str]:
    """The entry of `linux.namespaces` for a type, which is added if it is not there."""
    found: list[dict[str, str]] = document["linux"]["namespaces"]
    for entry in found:
        if entry["type"] == kind:
            return entry
    found.append({"type": kind})
    return found[-1]


def without(document: Document, kind: str) -> Document:
    """The config.json without a namespace of this type."""
    document["linux"]["namespaces"].remove(namespace(document, kind))
    return document


def mapped_root(machine: Machine, owner: int = FIRST) -> str:
    """A root file system that belongs to the containers' root."""
    path = machine.new_root()
    machine.sh(f"chown -R {owner}:{owner} {path}")
    return path


WAIT = "echo ready; read answer"
"""The end of a script that runs until `running` is done with it."""


@contextlib.contextmanager
def running(bundle: Bundle) -> Iterator[Process]:
    """A container whose script ends with WAIT, while it waits."""
    with bundle.machine.start(bundle.command) as process:
        said = []
        while (line := process.line()) != "ready":
            assert line, said
            said.append(line)
        process.said = said
        yield process
        process.stdin.write(b"go\n")
        process.stdin.flush()
        assert process.wait() == 0


def pid_of(machine: Machine, container: str) -> str:
    """The first process of a container."""
    found = machine.call("state", container).succeeded().text
    return found.partition('"pid":')[2].partition(",")[0].strip()
