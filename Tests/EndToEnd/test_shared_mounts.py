"""Containers without a mount namespace of their own: they are in that of the runtime, with a root of their own, and nothing of them is mounted on the host."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from machines import Bundle, Machine
from specs import CAPABILITIES, shell
from test_running import left_alone
from user_namespaces import mapped, without

MOUNTS = "cat /proc/self/mountinfo"


def sharing(script: str, **process: Any) -> dict[str, Any]:
    return without(shell(script, **process), "mount")


@contextmanager
def created(machine: Machine, document: dict[str, Any]) -> Iterator[Bundle]:
    bundle = machine.bundle(document)
    left_alone(bundle, "create", "--bundle", bundle.path, bundle.id)
    try:
        yield bundle
    finally:
        machine.call("delete", "--force", bundle.id).succeeded()


def mounts_of_ours(machine: Machine) -> str:
    return machine.sh(f"grep -F -e ' {machine.volatile}/' -e ' {machine.lasting}/' /proc/self/mountinfo || :")


def test_a_container_without_namespaces_is_in_those_of_the_runtime(machine: Machine) -> None:
    document = shell("exit 0")
    document["linux"]["namespaces"] = []
    document["hostname"] = ""
    with created(machine, document) as bundle:
        first = json.loads(machine.call("state", bundle.id).succeeded().text)["pid"]
        for name in ("cgroup", "ipc", "mnt", "net", "pid", "user", "uts"):
            assert machine.sh(f"readlink /proc/{first}/ns/{name}") == machine.sh(f"readlink /proc/self/ns/{name}"), name


def test_its_root_and_mounts_are_its_own_and_the_host_has_none_of_them(machine: Machine) -> None:
    folder = machine.new_folder()
    machine.sh(f"echo content >{folder}/file")
    document = sharing("cat /data/file; readlink /proc/self/ns/mnt; echo x >/tmp/own && cat /tmp/own; stat -f -c %T /proc /dev; echo x 2>/dev/null >/file || echo read-only; read line")
    document["mounts"].append({"destination": "/data", "type": "bind", "source": folder, "options": ["bind", "ro"]})
    root = machine.new_root()
    machine.sh(f"mkdir {root}/data")
    bundle = machine.bundle(document, root)
    with machine.start(bundle.command) as process:
        assert process.line() == "content"
        assert process.line() == machine.sh("readlink /proc/self/ns/mnt").strip()
        assert [process.line() for _ in range(4)] == ["x", "proc", "tmpfs", "read-only"]
        assert mounts_of_ours(machine) == ""
        assert machine.sh(f"ls -A {root}/tmp {root}/proc {root}/data") == f"{root}/data:\n\n{root}/proc:\n\n{root}/tmp:\n"
        process.stdin.write(b"\n")
        process.stdin.flush()
        assert process.wait() == 0


def test_masks_and_read_only_paths_are_in_force(machine: Machine) -> None:
    document = sharing("ls /secret; cat /secret/file 2>/dev/null; echo x 2>/dev/null >/proc/sys/kernel/domainname || echo refused")
    document["linux"]["maskedPaths"].append("/secret")
    root = machine.new_root()
    machine.sh(f"mkdir {root}/secret; echo secret >{root}/secret/file")
    assert machine.run_bundle(document, root).text == "refused\n"


def test_breaking_out_of_the_root_leads_to_its_top(machine: Machine) -> None:
    marker = f"{machine.new_folder()}/marker"
    machine.sh(f"echo host >{marker}")
    # The classical way: with the working directory above a new root, `..` does not stop.
    script = f"""
        mkdir /tmp/jail; cp /bin/busybox /tmp/jail/; cd /
        busybox chroot /tmp/jail /busybox sh -c 'cd ../../../../../../../..; /busybox cat .{marker} || /busybox echo stays' 2>/dev/null
        cat {marker} 2>/dev/null || echo stays
    """
    document = sharing(script, capabilities={kind: [*CAPABILITIES, "CAP_SYS_CHROOT"] for kind in ("bounding", "effective", "permitted")})
    document["mounts"][-1]["options"].append("exec")
    assert machine.run_bundle(document).succeeded().lines == ["stays", "stays"]


def test_hooks_of_the_host_run(machine: Machine) -> None:
    folder = machine.new_folder()
    document = sharing("exit 0")
    document["hooks"] = {point: [{"path": "/bin/sh", "args": ["sh", "-c", f"echo {point} >>{folder}/said"]}] for point in ("createRuntime", "createContainer", "poststop")}
    machine.run_bundle(document).succeeded()
    assert machine.sh(f"cat {folder}/said").split() == ["createRuntime", "createContainer", "poststop"]


def test_a_user_namespace_needs_a_mount_namespace(machine: Machine) -> None:
    machine.run_bundle(without(mapped(shell("exit 0")), "mount")).failed("linux.namespaces: a user namespace has no rights over the mount namespace")


def test_a_process_that_joins_it_has_its_root(machine: Machine) -> None:
    document = sharing("echo own >/tmp/own; echo ready; read line")
    bundle = machine.bundle(document)
    with machine.start(bundle.command) as process:
        assert process.line() == "ready"
        script = "cat /tmp/own; readlink /proc/self/ns/mnt; readlink /proc/1/ns/mnt; ls -d /proc/1 /dev/null; ls /proc/self/fd | wc -l"
        lines = machine.call("exec", "--cwd", "/tmp", bundle.id, "sh", "-c", script).succeeded().lines
        own = machine.sh("readlink /proc/self/ns/mnt").strip()
        assert lines == ["own", own, own, "/dev/null", "/proc/1", "4"]
        process.stdin.write(b"\n")
        process.stdin.flush()
        assert process.wait() == 0
