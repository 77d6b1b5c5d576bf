"""Behaviours 18 to 21 and 25 of shared/reference/oci-runtimes.md, 3b: what the program may do, and what others may do to the process that becomes it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import compiled
import pytest
from left_alone import running, state
from machines import Machine
from specs import CAPABILITIES, shell, spec
from user_namespaces import mapped, mapped_root

#: The numbers of the capabilities in specs.CAPABILITIES (linux/capability.h).
BITS = 1 << 29 | 1 << 5 | 1 << 10
FOREVER = "while :; do sleep 1; done"
STATUS = ("cat", "/proc/self/status")
SETS = ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")
HERE = Path(__file__).parent


def status_of(text: str) -> dict[str, str]:
    """/proc/PID/status as a dictionary."""
    return {key: value.strip() for key, _, value in (line.partition(":") for line in text.splitlines())}


def sets_of(text: str) -> tuple[int, ...]:
    """Inheritable, permitted, effective, bounding and ambient capabilities, from /proc/PID/status."""
    found = status_of(text)
    return tuple(int(found[name], 16) for name in SETS)


def test_security_18_the_capability_sets_are_exactly_those_of_the_configuration(machine: Machine) -> None:
    assert sets_of(machine.run_bundle(spec(*STATUS)).succeeded().text) == (0, BITS, BITS, BITS, 0)
    with running(machine, shell(FOREVER)) as bundle:
        assert sets_of(machine.call("exec", bundle.id, *STATUS).succeeded().text) == (0, BITS, BITS, BITS, 0)


def test_security_18_without_capabilities_in_the_configuration_there_are_none(machine: Machine) -> None:
    for capabilities in (None, {}):
        document = spec(*STATUS, capabilities=capabilities)
        if capabilities is None:
            del document["process"]["capabilities"]
        assert sets_of(machine.run_bundle(document).succeeded().text) == (0, 0, 0, 0, 0)


def test_security_18_a_set_that_is_not_given_is_empty(machine: Machine) -> None:
    for kind, expected in (("bounding", (0, 0, 0, BITS, 0)), ("permitted", (0, 0, 0, 0, 0)), ("inheritable", None)):
        document = spec(*STATUS, capabilities={kind: list(CAPABILITIES)}, user={"uid": 1000, "gid": 1000})
        result = machine.run_bundle(document)
        if expected is None:
            # The kernel would refuse it with a bare EPERM.
            result.failed("process.capabilities.inheritable[0]", "not in the bounding set")
        else:
            assert sets_of(result.succeeded().text) == expected


def test_security_18_cve_2022_27650_nothing_of_the_callers_sets_is_inherited(machine: Machine) -> None:
    # CVE-2022-27650, CVE-2022-24769. Ambient capabilities of the caller would reach the program.
    command = machine.bundle(spec(*STATUS)).command
    raise_all = ["setpriv", "--inh-caps", "+sys_admin,+mknod", "--ambient-caps", "+sys_admin,+mknod"]
    if machine.label != "native":
        raise_all = []
    assert sets_of(machine.run([*raise_all, *command]).succeeded().text) == (0, BITS, BITS, BITS, 0)


def test_security_18_cve_2022_29162_a_capability_that_exec_adds_is_not_inheritable(machine: Machine) -> None:
    # CVE-2022-29162.
    more = BITS | 1 << 27
    with running(machine, shell(FOREVER)) as bundle:
        assert sets_of(machine.call("exec", "--cap", "CAP_MKNOD", bundle.id, *STATUS).succeeded().text) == (0, more, more, more, 0)
        found = sets_of(machine.call("exec", "--cap", "CAP_MKNOD", "--user", "1000", bundle.id, *STATUS).succeeded().text)
        assert found == (0, 0, 0, more, 0)


def test_security_18_a_user_who_is_not_root_has_no_capability_in_force(machine: Machine) -> None:
    assert sets_of(machine.run_bundle(spec(*STATUS, user={"uid": 1000, "gid": 1000})).succeeded().text) == (0, 0, 0, BITS, 0)


def test_security_18_no_ambient_capability_without_an_inheritable_one(machine: Machine) -> None:
    every = {kind: ["CAP_NET_BIND_SERVICE"] for kind in ("bounding", "effective", "permitted", "inheritable", "ambient")}
    document = spec(*STATUS, user={"uid": 1000, "gid": 1000}, capabilities=every)
    assert sets_of(machine.run_bundle(document).succeeded().text) == (1 << 10,) * 5
    del document["process"]["capabilities"]["inheritable"]
    result = machine.run_bundle(document)
    assert sets_of(result.succeeded().text) == (0, 0, 0, 1 << 10, 0)
    assert "process.capabilities.ambient" in result.error


@pytest.mark.parametrize("expected", [True, False])
def test_security_19_no_new_privileges_is_as_configured(machine: Machine, expected: bool) -> None:
    document = spec(*STATUS, noNewPrivileges=expected)
    assert status_of(machine.run_bundle(document).succeeded().text)["NoNewPrivs"] == str(int(expected))
    with running(machine, shell(FOREVER, noNewPrivileges=expected)) as bundle:
        assert status_of(machine.call("exec", bundle.id, *STATUS).succeeded().text)["NoNewPrivs"] == str(int(expected))
        assert status_of(machine.call("exec", "--no-new-privs", bundle.id, *STATUS).succeeded().text)["NoNewPrivs"] == "1"


#: Every call that the runtime makes between clone and exec and that the script does without.
OWN_CALLS = [
    "accept4", "bind", "capget", "capset", "chdir", "chroot", "clone3", "close_range", "connect", "fchdir", "fchmod", "fchown", "fchownat", "fsmount", "fsopen",
    "getcwd", "keyctl", "listen", "mkdirat", "mknodat", "mount", "mount_setattr", "move_mount", "open_tree", "openat2", "pivot_root", "prctl", "prlimit64",
    "recvmsg", "seccomp", "setgid", "setgroups", "sethostname", "setns", "setresgid", "setresuid", "setrlimit", "setsid", "setuid", "socket", "socketpair",
    "symlinkat", "umask", "umount2", "unshare",
]


def profile(*names: str, number: int = 1, **more: Any) -> dict[str, Any]:
    """A profile under which these calls fail."""
    return {"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": list(names), "action": "SCMP_ACT_ERRNO", "errnoRet": number}], **more}


def test_security_19_with_no_new_privileges_the_filter_comes_last(machine: Machine) -> None:
    document = shell("grep -E '^(Seccomp|NoNewPrivs):' /proc/self/status")
    document["linux"]["seccomp"] = profile(*OWN_CALLS)
    assert sorted(machine.run_bundle(document).succeeded().lines) == ["NoNewPrivs:\t1", "Seccomp:\t2"]
    document["process"]["args"][2] = f"trap : TERM; {FOREVER}"
    with running(machine, document) as bundle:
        assert machine.call("exec", bundle.id, "grep", "^Seccomp:", "/proc/self/status").succeeded().lines == ["Seccomp:\t2"]


@pytest.mark.parametrize("user", [0, 1000])
def test_security_19_without_it_the_filter_does_not_stop_the_set_up(machine: Machine, user: int) -> None:
    # The filter takes CAP_SYS_ADMIN then, which the process must still have, and what comes after it must do with few calls.
    look = "grep -E '^(Seccomp|NoNewPrivs|CapPrm):' /proc/self/status"
    document = shell(look, noNewPrivileges=False, user={"uid": user, "gid": user}, capabilities={})
    refused = ["setuid", "setresuid", "setgid", "setresgid", "setgroups", "chdir", "getcwd", "setrlimit", "prlimit64", "faccessat", "faccessat2", "umask"]
    document["linux"]["seccomp"] = profile(*refused)
    expected = ["CapPrm:\t0000000000000000", "NoNewPrivs:\t0", "Seccomp:\t2"]
    assert sorted(machine.run_bundle(document).succeeded().lines) == expected
    document["process"]["args"][2] = FOREVER
    with running(machine, document) as bundle:
        assert sorted(machine.call("exec", bundle.id, "sh", "-c", look).succeeded().lines) == expected


def test_security_19_a_profile_that_lets_no_process_be_made_lets_one_join(machine: Machine) -> None:
    # Unless others in the container may trace it: then it has its filter before it is there.
    document = spec("sleep", "1000", noNewPrivileges=False)
    document["linux"]["seccomp"] = profile("clone", "clone3", "fork", "vfork")
    with running(machine, document) as bundle:
        assert machine.call("exec", bundle.id, "grep", "^Seccomp:", "/proc/self/status").succeeded().lines == ["Seccomp:\t2"]
    for kind in document["process"]["capabilities"].values():
        kind.append("CAP_SYS_PTRACE")
    with running(machine, document) as bundle:
        machine.call("exec", bundle.id, "true").failed("clone", "seccomp profile", status=255)


def test_security_20_unknown_calls_do_not_exist_and_known_ones_are_refused(machine: Machine) -> None:
    # A program that falls back when a call is missing breaks when it is told that it may not make it.
    root = machine.new_root()
    compiled.put(machine, HERE / "calls.c", f"{root}/calls")
    document = spec("/calls", "1000", "getpgid", "openat2")
    known = machine.run_bundle(document, root).succeeded().lines
    assert known[0] == "1000 38"
    allowed = {"names": ["openat", "write", "writev", "exit_group", "close", "mmap", "fstat", "ioctl", "execve", "set_tid_address", "brk", "mprotect", "arch_prctl", "munmap"], "action": "SCMP_ACT_ALLOW"}
    document["linux"]["seccomp"] = {"defaultAction": "SCMP_ACT_ERRNO", "syscalls": [allowed]}
    assert machine.run_bundle(document, root).succeeded().lines == ["1000 38", "getpgid 1", "openat2 38"]


@pytest.mark.native
def test_security_20_the_32_bit_calls_are_filtered_as_well(native: Machine) -> None:
    # The device's kernel has no processor that runs 32-bit programs under tcg's cortex-a76; its filters are read in the unit tests.
    root = native.new_root()
    compiled.put(native, HERE / "calls.c", f"{root}/calls")
    document = spec("/calls", "32:20")
    native_kernel_has_them = native.run_bundle(document, root).succeeded().lines == ["32:20 0"]
    if not native_kernel_has_them:
        pytest.skip("this kernel has no 32-bit calls (CONFIG_IA32_EMULATION)")
    document["linux"]["seccomp"] = profile("getpid", number=77, architectures=["SCMP_ARCH_X86_64", "SCMP_ARCH_X86"])
    assert native.run_bundle(document, root).succeeded().lines == ["32:20 77"]
    # An architecture that the profile does not name is none of a program that it lets run.
    document["linux"]["seccomp"] = profile("getpid", number=77, architectures=["SCMP_ARCH_X86_64"])
    assert native.run_bundle(document, root).status == 128 + 31


def test_security_21_no_group_of_the_caller_stays(machine: Machine) -> None:
    for document, root in (
        (mapped(shell("id -G; grep ^Groups: /proc/self/status", user={"uid": 0, "gid": 0, "additionalGids": [7, 9]})), mapped_root(machine)),
        (shell("id -G; grep ^Groups: /proc/self/status", user={"uid": 0, "gid": 0, "additionalGids": [7, 9]}), ""),
    ):
        command = machine.bundle(document, root).command
        if machine.label == "native":
            command = ["setpriv", "--groups", "4,24", *command]
        ids, groups = machine.run(command).succeeded().lines
        assert ids.split() == ["0", "7", "9"] and groups.split()[1:] == ["7", "9"]


def test_security_21_nor_with_a_process_that_joins(machine: Machine) -> None:
    with running(machine, shell(FOREVER)) as bundle:
        command = machine.words("exec", "--user", "5:6", bundle.id, "id", "-G")
        if machine.label == "native":
            command = ["setpriv", "--groups", "4,24", *command]
        assert machine.run(command).succeeded().text == "6\n"


@pytest.mark.native
def test_security_21_cve_2014_8989_setgroups_is_denied_before_groups_are_mapped_without_the_right_to(native: Machine) -> None:
    # CVE-2014-8989.
    document = mapped(shell("id -G; cat /proc/self/setgroups"), [(0, 0, 1)])
    document["mounts"][2]["options"].remove("gid=5")
    bundle = native.bundle(document)
    # Root of the machine, but for the right to change groups.
    assert native.run(["setpriv", "--bounding-set", "-setgid", *bundle.command]).succeeded().lines == ["0", "deny"]
    document["process"]["user"]["additionalGids"] = [0]
    bundle = native.bundle(document)
    native.run(["setpriv", "--bounding-set", "-setgid", *bundle.command]).failed("process.user.additionalGids[0]", "setgroups(2) is denied")


def test_security_25_the_first_process_cannot_be_looked_into_before_it_runs_the_program(machine: Machine) -> None:
    # It waits for its start, in the PID namespace of another container.
    look = """
        echo ready; read number
        for file in environ maps mem auxv stack; do head -c 1 /proc/$number/$file >/dev/null 2>&1 && echo "/proc/$number/$file can be read"; done
        cd /proc/$number
        for link in exe root cwd ns/* fd/*; do
          { ls -L $link || readlink $link; } >/dev/null 2>&1 && echo "/proc/$number/$link can be followed"
        done
        ls map_files 2>/dev/null
        kill -0 $number && echo "it is there"
    """
    looker = machine.bundle(shell(look), machine.new_root())
    with machine.start(looker.command) as looking:
        assert looking.line() == "ready"
        # Its record is written once its program runs.
        machine.sh(f"until grep -q '\"process\"' {machine.state}/{looker.id}/record; do sleep 0.1; done")
        document = spec("sleep", "1000")
        next(entry for entry in document["linux"]["namespaces"] if entry["type"] == "pid")["path"] = f"/proc/{state(looker)['pid']}/ns/pid"
        waiting = machine.bundle(document)
        machine.sh(f"{' '.join(machine.words('create', '--bundle', waiting.path, waiting.id))} >{waiting.path}/output 2>&1 </dev/null")
        try:
            number = machine.sh(f"sed -n 's/^NSpid:.*\\t//p' /proc/{state(waiting)['pid']}/status")
            looking.stdin.write(f"{number.strip()}\n".encode())
            looking.stdin.flush()
            assert looking.rest() == "it is there\n"
        finally:
            machine.call("delete", "--force", waiting.id).succeeded()
