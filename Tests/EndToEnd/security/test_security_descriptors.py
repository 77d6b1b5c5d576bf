"""Behaviours 1 to 4 and 22 of shared/reference/oci-runtimes.md, 3b: what a process of the container gets from the runtime that starts it, and must not get."""

from __future__ import annotations

from typing import Any

import deny_calls
import pytest
from left_alone import running
from machines import Machine
from specs import shell, spec

ALL = deny_calls.ALL
#: Also as on Linux 4.14, where other calls have to do.
WAYS = [pytest.param("", id="this kernel"), pytest.param(ALL, id="old kernel")]
FOREVER = "while :; do sleep 1; done"


def on(machine: Machine, calls: str, command: list[str]) -> list[str]:
    """The command, on a kernel without these calls."""
    return deny_calls.without(machine, calls, command) if calls else command


def privileged(document: dict[str, Any], *names: str) -> dict[str, Any]:
    """The config.json with more capabilities."""
    for kind in document["process"]["capabilities"].values():
        kind += names
    return document


def test_security_01_cve_2019_5736_the_runtime_cannot_be_written_from_inside(machine: Machine) -> None:
    # CVE-2019-5736. The container opens every program that it can see in /proc for writing while the runtime is there, and asks the kernel for its own.
    before = machine.sh(f"sha256sum {machine.apus}")
    script = """
        for process in /proc/[0-9]*; do
          if dd if=/dev/zero of=$process/exe bs=1 count=1 conv=notrunc 2>/dev/null; then echo "$process/exe was written"; fi
        done
        exit 0
    """
    document = privileged(shell(script), "CAP_DAC_OVERRIDE", "CAP_SYS_PTRACE")
    document["linux"]["namespaces"] = [entry for entry in document["linux"]["namespaces"] if entry["type"] != "pid"]
    assert machine.run_bundle(document, machine.new_root()).succeeded().stdout == b""
    assert machine.sh(f"sha256sum {machine.apus}") == before


def test_security_01_cve_2019_5736_nor_while_a_process_joins(machine: Machine) -> None:
    before = machine.sh(f"sha256sum {machine.apus}")
    script = """
        echo ready
        while :; do for process in /proc/[0-9]*; do
          (exec 3<$process/exe; echo x >/proc/self/fd/3) 2>/dev/null && echo "$process/exe was written"
        done; done
    """
    with running(machine, privileged(shell(script), "CAP_DAC_OVERRIDE", "CAP_SYS_PTRACE"), machine.new_root()) as bundle:
        machine.sh(f"for i in $(seq 30); do {' '.join(machine.words('exec', bundle.id, '/bin/true'))}; done")
        # The programs of its own root, which is read-only, are not to be written to either.
        assert machine.sh(f"cat {bundle.path}/output") == "ready\n"
    assert machine.sh(f"sha256sum {machine.apus}") == before


@pytest.mark.parametrize("program", ["/proc/self/exe", "/script"])
def test_security_01_cve_2019_5736_a_program_that_is_the_runtime_itself_changes_nothing_of_the_hosts(machine: Machine, program: str) -> None:
    # CVE-2019-5736, the other half: the program is /proc/self/exe, which in the process that execs is the runtime, or a script whose interpreter that is.
    before = machine.sh(f"sha256sum {machine.apus}; stat -c '%i %Y' {machine.apus}")
    root = machine.new_root()
    machine.sh(f"printf '#!/proc/self/exe --version\\n' >{root}/script; chmod 755 {root}/script")
    # Whether a copy of the runtime runs inside does not matter: it is one that cannot be written.
    machine.run_bundle(spec(program, "--version"), root)
    with running(machine, shell(FOREVER), root) as bundle:
        machine.call("exec", bundle.id, program, "--version")
    assert machine.sh(f"sha256sum {machine.apus}; stat -c '%i %Y' {machine.apus}") == before


OPENED = "exec " + " ".join(f"{number}</" for number in range(3, 10)) + '; exec "$@"'


@pytest.mark.parametrize("calls", WAYS)
def test_security_02_only_the_standard_descriptors_are_open(machine: Machine, calls: str) -> None:
    def descriptors(*words: str) -> list[str]:
        return machine.run(["sh", "-c", OPENED, "sh", *on(machine, calls, list(words))]).succeeded().lines

    # The fourth is the folder that ls itself reads.
    bundle = machine.bundle(spec("/bin/ls", "/proc/self/fd"))
    assert descriptors(*bundle.command) == ["0", "1", "2", "3"]
    with running(machine, shell(FOREVER)) as bundle:
        assert descriptors(*machine.words("exec", bundle.id, "ls", "/proc/self/fd")) == ["0", "1", "2", "3"]


def test_security_02_exactly_those_that_are_to_be_preserved_are_open_as_well(machine: Machine) -> None:
    folder = machine.new_folder()
    machine.sh(f"echo third >{folder}/file")
    script = f'exec 3<{folder}/file 4</ 5</; exec "$@"'
    inside = ["sh", "-c", "ls /proc/self/fd; cat <&3"]
    bundle = machine.bundle(spec(*inside))
    command = machine.words("run", "--preserve-fds", "1", "--bundle", bundle.path, bundle.id)
    assert machine.run(["sh", "-c", script, "sh", *command]).succeeded().lines == ["0", "1", "2", "3", "4", "third"]
    with running(machine, shell(FOREVER)) as bundle:
        command = machine.words("exec", "--preserve-fds", "1", bundle.id, *inside)
        assert machine.run(["sh", "-c", script, "sh", *command]).succeeded().lines == ["0", "1", "2", "3", "4", "third"]


def test_security_02_a_descriptor_of_the_runtimes_own_is_never_one_that_is_preserved(machine: Machine) -> None:
    # The log would be the first that is opened. Those that are not open are not passed on, as with crun and youki.
    options = ["--log", f"{machine.new_folder()}/log", "--debug"]
    bundle = machine.bundle(spec("/bin/ls", "/proc/self/fd"))
    with running(machine, shell(FOREVER)) as running_one:
        for words in (
            ["run", "--preserve-fds", "4", "--bundle", bundle.path, bundle.id], ["exec", "--preserve-fds", "4", running_one.id, "ls", "/proc/self/fd"]
        ):
            command = machine.words(*options, *words)
            assert machine.run(["sh", "-c", 'exec "$@" 3<&- 4</ 5<&- 6<&-', "sh", *command]).succeeded().lines == ["0", "1", "2", "3", "4"]


def without_output(machine: Machine, command: list[str]) -> None:
    """Runs it with descriptors of the host open; it must be refused."""
    result = machine.run(["sh", "-c", 'exec 7</ 8</; exec "$@"', "sh", *command])
    assert result.status != 0, result.text
    assert result.stdout == b""


@pytest.mark.parametrize("number", range(3, 15))
def test_security_03_cve_2024_21626_a_working_directory_behind_a_descriptor_is_refused(machine: Machine, number: int) -> None:
    # CVE-2024-21626: a descriptor of the host that is open when the working directory is entered.
    without_output(machine, machine.bundle(spec("/bin/ls", cwd=f"/proc/self/fd/{number}")).command)


def test_security_03_cve_2024_21626_nor_by_exec(machine: Machine) -> None:
    with running(machine, shell(FOREVER)) as bundle:
        for number in range(3, 15):
            without_output(machine, machine.words("exec", "--cwd", f"/proc/self/fd/{number}", bundle.id, "ls"))


@pytest.mark.parametrize("calls", WAYS)
def test_security_03_cve_2024_21626_a_program_behind_a_descriptor_of_the_host_is_not_found(machine: Machine, calls: str) -> None:
    # CVE-2024-21626: descriptors of the runtime itself lead out of the root until exec has found the program, also those that exec closes.
    outside = machine.new_root()
    with running(machine, shell(FOREVER)) as running_one:
        for number in range(3, 24):
            path = f"/proc/self/fd/{number}" + "/.." * 12 + f"{outside}/bin/busybox"
            for command in (machine.bundle(spec(path, "echo", "escaped")).command, machine.words("exec", running_one.id, path, "echo", "escaped")):
                result = machine.run(on(machine, calls, command))
                assert (number, result.status != 0, result.stdout) == (number, True, b"")


@pytest.mark.parametrize("number", range(3, 15))
def test_security_04_a_working_directory_that_is_a_link_to_a_descriptor_is_refused(machine: Machine, number: int) -> None:
    root = machine.new_root()
    machine.sh(f"ln -s /proc/self/fd/{number} {root}/link")
    without_output(machine, machine.bundle(spec("/bin/ls", cwd="/link"), root).command)


def test_security_04_nor_by_exec(machine: Machine) -> None:
    root = machine.new_root()
    for number in range(3, 15):
        machine.sh(f"ln -s /proc/self/fd/{number} {root}/link{number}")
    with running(machine, shell(FOREVER), root) as bundle:
        for number in range(3, 15):
            without_output(machine, machine.words("exec", "--cwd", f"/link{number}", bundle.id, "ls"))


def test_security_04_a_working_directory_outside_of_the_root_is_noticed(machine: Machine) -> None:
    # A preserved descriptor is the program's by right; the working directory is not.
    bundle = machine.bundle(spec("/bin/pwd", cwd="/proc/self/fd/3"))
    command = machine.words("run", "--preserve-fds", "1", "--bundle", bundle.path, bundle.id)
    machine.run(["sh", "-c", 'exec "$@" 3</', "sh", *command]).failed("process.cwd", "leads out of the container's root")


def test_security_22_the_old_root_is_out_of_reach(machine: Machine) -> None:
    mark = machine.new_folder()
    script = f"""
        [ ! -e {mark} ] || echo by name
        [ ! -e ../../../../../..{mark} ] || echo by climbing
        [ ! -e /proc/1/root{mark} ] || echo through proc
        [ ! -e /proc/1/cwd{mark} ] || echo through cwd
        awk '$5 == "/" {{ n++ }} END {{ print n }}' /proc/self/mountinfo
        umount -l / 2>/dev/null && ls {mark} && echo below
        exit 0
    """
    document = privileged(shell(script), "CAP_SYS_ADMIN", "CAP_SYS_PTRACE", "CAP_DAC_OVERRIDE")
    assert machine.run_bundle(document).succeeded().lines == ["1"]


def test_security_22_a_folder_that_is_open_leads_no_further_than_the_root(machine: Machine) -> None:
    mark = machine.new_folder()
    up = "/proc/self/fd/3" + "/.." * 12
    script = f"exec 3</tmp; ls -d {up}{mark} 2>/dev/null; ls -d {up}/bin"
    document = privileged(shell(script), "CAP_SYS_ADMIN")
    assert machine.run_bundle(document).succeeded().lines == [f"{up}/bin"]
    with running(machine, shell(FOREVER)) as bundle:
        assert machine.call("exec", bundle.id, "sh", "-c", script).succeeded().lines == [f"{up}/bin"]
