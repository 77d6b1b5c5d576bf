"""What is inside a container stays there, and what is outside is out of reach. Each test would fail if the protection that its name says were taken out."""

from __future__ import annotations

import json
from typing import Any

import pytest
from machines import Machine
from specs import CAPABILITIES, shell, spec


@pytest.mark.parametrize("name", ["pid", "net", "ipc", "uts", "mnt", "cgroup"])
def test_it_has_a_namespace_of_its_own(machine: Machine, name: str) -> None:
    inside = machine.run_bundle(spec("/bin/readlink", f"/proc/self/ns/{name}")).succeeded().text
    assert inside.startswith(f"{name}:[")
    assert inside != machine.sh(f"readlink /proc/self/ns/{name}")


def test_a_namespace_that_is_not_asked_for_is_the_callers(machine: Machine) -> None:
    document = spec("/bin/readlink", "/proc/self/ns/net")
    document["linux"]["namespaces"] = [entry for entry in document["linux"]["namespaces"] if entry["type"] != "network"]
    assert machine.run_bundle(document).succeeded().text == machine.sh("readlink /proc/self/ns/net")


def test_a_namespace_can_be_joined_by_its_path(machine: Machine) -> None:
    first = machine.bundle(shell("readlink /proc/self/ns/net; read wait"))
    with machine.start(first.command) as running:
        namespace = running.line()
        processes = machine.sh(f"for p in /proc/[0-9]*; do readlink $p/ns/net | grep -qF '{namespace}' && echo $p; done 2>/dev/null || :").split()
        document = spec("/bin/readlink", "/proc/self/ns/net")
        next(entry for entry in document["linux"]["namespaces"] if entry["type"] == "network")["path"] = f"{processes[0]}/ns/net"
        assert machine.run_bundle(document).succeeded().text.strip() == namespace
        running.stdin.close()
        running.wait()


def test_loopback_is_up_and_there_is_no_other_interface(machine: Machine) -> None:
    result = machine.run_bundle(shell("ip address show dev lo; ip -o link show up")).succeeded()
    assert "inet 127.0.0.1/8" in result.text
    assert len([line for line in result.lines if "LOOPBACK,UP" in line]) == 2
    assert "BROADCAST" not in result.text


def test_processes_of_the_host_are_not_visible(machine: Machine) -> None:
    names = machine.run_bundle(shell("ls /proc")).succeeded().lines
    assert [name for name in names if name.isdigit() and int(name) > 10] == []


@pytest.mark.native
def test_a_process_that_writes_to_the_terminal_for_ever_does_not_keep_apus(native: Machine) -> None:
    document = shell("while :; do echo more; done & echo first", terminal=True)
    document["linux"]["namespaces"] = [entry for entry in document["linux"]["namespaces"] if entry["type"] != "pid"]
    assert "first" in native.run_bundle(document).succeeded().text


def test_standard_descriptors_that_are_closed_become_dev_null(machine: Machine) -> None:
    # Else the first files that the runtime opens have their numbers.
    bundle = machine.bundle(shell("read line; echo $?; ls /proc/self/fd"))
    result = machine.run(["sh", "-c", 'exec "$@" <&- 2>&-', "sh", *bundle.command]).succeeded()
    assert result.lines == ["1", "0", "1", "2", "3"]


def test_sys_is_read_only(machine: Machine) -> None:
    result = machine.run_bundle(shell("touch /sys/new 2>&1; echo 1 >/sys/kernel/mm/ksm/run; grep ' /sys ' /proc/self/mountinfo"))
    assert "Read-only file system" in result.text
    assert result.lines[-1].split()[5].split(",")[0] == "ro"


def test_dev_has_exactly_the_standard_nodes(machine: Machine) -> None:
    names = machine.run_bundle(spec("/bin/ls", "-A", "/dev")).succeeded().lines
    assert names == sorted(["fd", "full", "null", "ptmx", "pts", "random", "shm", "stderr", "stdin", "stdout", "tty", "urandom", "zero"])


def test_terminals_of_the_host_are_not_in_devpts(machine: Machine) -> None:
    assert machine.run_bundle(spec("/bin/ls", "/dev/pts")).succeeded().lines == ["ptmx"]


def seccomp(**more: Any) -> dict[str, Any]:
    """A profile that refuses one call and counts an argument."""
    return {
        "defaultAction": "SCMP_ACT_ALLOW",
        "syscalls": [
            {"names": ["mkdirat", "mkdir"], "action": "SCMP_ACT_ERRNO", "errnoRet": 28},
            {"names": ["sethostname"], "action": "SCMP_ACT_KILL_PROCESS"},
        ],
        **more,
    }


def test_a_seccomp_profile_of_the_configuration_is_in_force(machine: Machine) -> None:
    document = shell("grep ^Seccomp: /proc/self/status; mkdir /tmp/new; hostname other; echo $?")
    document["linux"]["seccomp"] = seccomp()
    result = machine.run_bundle(document)
    assert result.lines == ["Seccomp:\t2", "159"]  # 128 + SIGSYS
    assert "No space left on device" in result.error


def test_a_container_without_a_profile_has_no_filter(machine: Machine) -> None:
    assert machine.run_bundle(spec("/bin/grep", "^Seccomp:", "/proc/self/status")).succeeded().text == "Seccomp:\t0\n"


def test_the_default_profile_of_an_image_is_in_force(machine: Machine) -> None:
    assert machine.run_image("grep", "^Seccomp:", "/proc/self/status").succeeded().text == "Seccomp:\t2\n"


@pytest.mark.parametrize(
    "command",
    ["unshare -U true", "unshare -m true", "mount -t tmpfs none /tmp", "umount /proc", "mknod /tmp/node b 8 0", "hostname other", "date -s 2000-01-01"],
)
def test_an_image_may_not(machine: Machine, command: str) -> None:
    # Not the status: busybox's date says that it failed and ends with 0.
    result = machine.run_image("sh", "-c", f"{command} >/dev/null")
    assert "not permitted" in result.error or "permission denied" in result.error, result.error


def test_an_image_cannot_change_the_kernels_settings(machine: Machine) -> None:
    result = machine.run_image("sh", "-c", "for file in kernel/randomize_va_space vm/swappiness net/ipv4/ip_forward; do echo 0 >/proc/sys/$file; done")
    assert result.error.count("Read-only file system") == 3


def test_a_sysctl_of_the_containers_own_namespaces_is_set(machine: Machine) -> None:
    document = spec("/bin/cat", "/proc/sys/net/ipv4/ip_forward", "/proc/sys/kernel/msgmax")
    document["linux"]["sysctl"] = {"net.ipv4.ip_forward": "1", "kernel.msgmax": "4242"}
    assert machine.run_bundle(document).succeeded().lines == ["1", "4242"]


def test_the_template_of_the_tests_is_what_they_think(machine: Machine) -> None:
    # A guard of the guards: with every capability and no read-only paths, what the tests above see refused works.
    document = shell("mount -t tmpfs none /tmp && touch /tmp/file && echo 1 >/proc/sys/kernel/domainname && echo done")
    document["process"]["capabilities"] = {kind: [*CAPABILITIES, "CAP_SYS_ADMIN"] for kind in ("bounding", "effective", "permitted")}
    document["linux"]["readonlyPaths"] = []
    assert machine.run_bundle(json.loads(json.dumps(document))).succeeded().text == "done\n"
