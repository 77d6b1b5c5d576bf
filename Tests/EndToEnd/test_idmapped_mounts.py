"""Bind mounts that show other owners than the file system has."""

from __future__ import annotations

from collections.abc import Iterator

import deny_calls
import pytest
from machines import Machine
from specs import shell
from user_namespaces import FIRST, WAIT, Document, mapped, mapped_root, namespace, pid_of, running


@pytest.fixture
def source(machine: Machine) -> Iterator[str]:
    """A folder of a file system that maps owners, with files of some and another file system of that kind below."""
    folder = machine.new_folder(lasting=True)
    machine.sh(f"""
        mkdir {folder}/tree {folder}/other {folder}/tree/below
        for tree in tree other; do for owner in 0 1 50; do touch {folder}/$tree/$owner; chown $owner:$((owner + 100)) {folder}/$tree/$owner; done; done
        chmod 777 {folder}/tree
        mount --bind {folder}/other {folder}/tree/below
    """)
    yield f"{folder}/tree"
    machine.sh(f"umount {folder}/tree/below")


def numbers(first: int, size: int = 65536, inside: int = 0) -> list[Document]:
    """One range."""
    return [{"containerID": inside, "hostID": first, "size": size}]


def with_source(document: Document, source: str, options: list[str], users: list[Document] | None = None, groups: list[Document] | None = None) -> Document:
    """The config.json with the folder bound on /data."""
    mount: Document = {"destination": "/data", "type": "bind", "source": source, "options": options}
    if users:
        mount |= {"uidMappings": users, "gidMappings": groups or users}
    document["mounts"].append(mount)
    return document


SHOW = "cd /data; stat -c '%n %u %g' 0 1 50"


def test_owners_are_those_of_the_map(machine: Machine, source: str) -> None:
    document = with_source(shell(SHOW), source, ["bind"], numbers(1000), numbers(2000, 1, 100) + numbers(3000, 50, 101))
    assert machine.run_bundle(document).succeeded().lines == ["0 1000 2000", "1 1001 3000", "50 1050 3049"]


def test_what_is_written_has_the_number_of_the_file_system(machine: Machine, source: str) -> None:
    script = "touch /data/new && stat -c '%u %g' /data/new"
    document = with_source(shell(script, user={"uid": 1001, "gid": 2005}), source, ["bind", "idmap"], numbers(1000), numbers(2000))
    assert machine.run_bundle(document).succeeded().text == "1001 2005\n"
    assert machine.sh(f"stat -c '%u %g' {source}/new") == "1 5\n"
    # Nobody of the file system has this number.
    document["process"]["user"] = {"uid": 70, "gid": 70}
    document["process"]["args"] = ["/bin/sh", "-c", "touch /data/other"]
    refused = machine.run_bundle(document)
    assert refused.status != 0 and "Value too large" in refused.error, refused


def test_a_user_namespace_is_the_map_when_none_is_given(machine: Machine, source: str) -> None:
    document = with_source(mapped(shell(f"{SHOW}; touch new; stat -c '%u %g' new")), source, ["bind", "idmap"])
    lines = machine.run_bundle(document, mapped_root(machine)).succeeded().lines
    assert lines == ["0 0 100", "1 1 101", "50 50 150", "0 0"]
    assert machine.sh(f"stat -c '%u %g' {source}/new") == "0 0\n"
    # Without it root of the machine is nobody inside.
    document = with_source(mapped(shell(SHOW)), source, ["bind"])
    assert machine.run_bundle(document, mapped_root(machine)).succeeded().lines[0] == "0 65534 65534"


def test_a_user_namespace_that_is_joined_is_the_map(machine: Machine, source: str) -> None:
    bundle = machine.bundle(mapped(shell(WAIT)), mapped_root(machine))
    with running(bundle):
        document = with_source(shell(SHOW), source, ["bind", "idmap"])
        namespace(document, "user")["path"] = f"/proc/{pid_of(machine, bundle.id)}/ns/user"
        assert machine.run_bundle(document, mapped_root(machine)).succeeded().lines[0] == "0 0 100"


@pytest.mark.parametrize(("option", "below"), [("idmap", "1 101"), ("ridmap", "1001 1101")])
def test_mounts_below_are_mapped_by_ridmap(machine: Machine, source: str, option: str, below: str) -> None:
    document = with_source(shell("cd /data; stat -c '%u %g' 1 below/1"), source, ["rbind", option], numbers(1000))
    assert machine.run_bundle(document).succeeded().lines == ["1001 1101", below]


def test_several_mounts_with_other_options(machine: Machine, source: str) -> None:
    document = with_source(shell("cd /; stat -c '%u' data/1 two/1 three/1; touch two/new 2>/dev/null || echo read-only"), source, ["bind"], numbers(1000))
    document["mounts"] += [
        {**document["mounts"][-1], "destination": "/two", "options": ["bind", "ro"]},
        {**document["mounts"][-1], "destination": "/three", "uidMappings": numbers(5000), "gidMappings": numbers(5000)},
    ]
    assert machine.run_bundle(document, machine.new_root()).succeeded().lines == ["1001", "1001", "5001", "read-only"]
    assert machine.sh(f"stat -c %u {source}/1") == "1\n"


def test_a_single_file(machine: Machine, source: str) -> None:
    document = with_source(shell("stat -c '%u %g' /data"), f"{source}/50", ["bind"], numbers(FIRST))
    assert machine.run_bundle(document, machine.new_root()).succeeded().text == f"{FIRST + 50} {FIRST + 150}\n"


def test_what_cannot_be_mapped_is_told(machine: Machine, source: str) -> None:
    machine.run_bundle(with_source(shell("exit 0"), source, ["bind", "idmap"])).failed("mounts[6].options", "user namespace")
    machine.run_bundle(with_source(shell("exit 0"), "/sys/kernel", ["bind"], numbers(1000))).failed("mounts[6].uidMappings", "sysfs", "Linux 5.12")
    machine.run_bundle(with_source(shell("exit 0"), "/no/such/folder", ["bind"], numbers(1000))).failed("mounts[6]", "/no/such/folder")
    document = with_source(shell("exit 0"), source, ["bind"], numbers(1000) + numbers(1001, 1, 5))
    machine.run_bundle(document).failed("mounts[6].uidMappings[1]", "overlaps mounts[6].uidMappings[0]")
    document["mounts"][-1].pop("gidMappings")
    machine.run_bundle(document).failed("mounts[6]", "together")
    document = with_source(shell("exit 0"), source, [], numbers(1000))
    document["mounts"][-1]["type"] = "tmpfs"
    machine.run_bundle(document).failed("mounts[6].uidMappings", "bind mounts only")


@pytest.mark.native
@pytest.mark.parametrize("calls", ["mount_setattr", "open_tree,move_mount"])
def test_an_older_kernel_is_told(native: Machine, calls: str) -> None:
    folder = native.new_folder(lasting=True)
    bundle = native.bundle(with_source(shell("exit 0"), folder, ["bind"], numbers(1000)))
    denied = deny_calls.without(native, calls, bundle.command)
    native.run(denied).failed("mounts[6].uidMappings", "Linux 5.12")
