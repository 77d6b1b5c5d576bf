"""Namespaces that are joined by their path, but for those of users and clocks: what is set in them, and that none is the host's."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import pytest
from machines import Machine
from specs import shell, spec
from user_namespaces import WAIT, namespace, pid_of, running

FILES = {"pid": "pid", "network": "net", "mount": "mnt", "ipc": "ipc", "uts": "uts", "cgroup": "cgroup"}


@contextlib.contextmanager
def unshared(machine: Machine, option: str) -> Iterator[str]:
    """The number of a process of the machine in a new namespace; it ends with the `with` statement."""
    with machine.start(["unshare", option, "sh", "-c", "echo ready; read answer"]) as process:
        assert process.line() == "ready"
        yield str(process.number)


@pytest.mark.parametrize("kind", [kind for kind in FILES if kind != "mount"])
def test_a_namespace_is_joined_by_its_path(machine: Machine, kind: str) -> None:
    bundle = machine.bundle(shell(WAIT))
    with running(bundle):
        first = pid_of(machine, bundle.id)
        document = shell(WAIT)
        document["hostname"] = ""
        namespace(document, kind)["path"] = f"/proc/{first}/ns/{FILES[kind]}"
        other = machine.bundle(document)
        with running(other):
            second = pid_of(machine, other.id)
            for name in FILES.values():
                same = machine.sh(f"readlink /proc/{first}/ns/{name}") == machine.sh(f"readlink /proc/{second}/ns/{name}")
                assert same == (name == FILES[kind]), name


@pytest.mark.parametrize("kind", [*FILES, "user", "time"])
def test_a_path_of_another_kind_is_refused(machine: Machine, kind: str) -> None:
    document = spec("/bin/true")
    document["hostname"] = ""
    wrong = "ipc" if kind != "ipc" else "net"
    namespace(document, kind)["path"] = f"/proc/self/ns/{wrong}"
    machine.run_bundle(document).failed(f"/proc/self/ns/{wrong}")
    namespace(document, kind)["path"] = "/no/such/namespace"
    machine.run_bundle(document).failed("/no/such/namespace")


@pytest.mark.parametrize("kind", [*FILES, "user", "time"])
def test_a_namespace_that_is_listed_twice_is_refused(machine: Machine, kind: str) -> None:
    document = spec("/bin/true")
    namespace(document, kind)
    document["linux"]["namespaces"].append({"type": kind, "path": "/proc/self/ns/net"})
    count = len(document["linux"]["namespaces"])
    machine.run_bundle(document).failed(f"linux.namespaces[{count - 1}]", "twice")


def test_parameters_of_a_network_namespace_that_is_joined(machine: Machine) -> None:
    before = machine.sh("cat /proc/sys/net/ipv4/ip_default_ttl")
    document = spec("/bin/cat", "/proc/sys/net/ipv4/ip_default_ttl")
    document["linux"]["sysctl"] = {"net.ipv4.ip_default_ttl": "77"}
    with unshared(machine, "-n") as holder:
        namespace(document, "network")["path"] = f"/proc/{holder}/ns/net"
        assert machine.run_bundle(document).succeeded().text == "77\n"
        # They stay with the namespace, which is not the container's.
        document["linux"]["sysctl"] = {}
        assert machine.run_bundle(document).succeeded().text == "77\n"
    document["linux"]["sysctl"] = {"net.ipv4.ip_default_ttl": "78"}
    namespace(document, "network")["path"] = "/proc/self/ns/net"
    machine.run_bundle(document).failed("linux.sysctl.net.ipv4.ip_default_ttl", "would change the host")
    assert machine.sh("cat /proc/sys/net/ipv4/ip_default_ttl") == before


def test_a_mount_namespace_that_is_joined_is_given_the_containers_root(machine: Machine) -> None:
    # Others may be mounting on this machine meanwhile, elsewhere.
    root_mounts = "awk '$5 == \"/\" || $5 == \"/proc\"' /proc/self/mountinfo"
    before = machine.sh(root_mounts)
    document = shell("cat /etc/hostname 2>/dev/null; readlink /proc/self/ns/mnt; ls -d /proc/1; echo x 2>/dev/null >/file || echo read-only")
    with unshared(machine, "-m") as holder:
        namespace(document, "mount")["path"] = f"/proc/{holder}/ns/mnt"
        root = machine.new_root()
        lines = machine.run_bundle(document, root).succeeded().lines
        assert lines == [machine.sh(f"readlink /proc/{holder}/ns/mnt").strip(), "/proc/1", "read-only"]
        # As with runc and crun: who else is in it sees that root from now on.
        assert machine.sh(f"ls /proc/{holder}/root").split() == machine.sh(f"ls {root}").split()
    assert machine.sh(root_mounts) == before


def test_the_hosts_mount_namespace_is_never_a_containers(machine: Machine) -> None:
    document = spec("/bin/true")
    namespace(document, "mount")["path"] = "/proc/self/ns/mnt"
    machine.run_bundle(document).failed("root: ", "/proc/self/ns/mnt", "would change the host")
