"""A process that joins a container, and what others in it can do about that: nothing, to what is the host's."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

import compiled
import pytest
from left_alone import running
from machines import Bundle, Emulated, Machine
from specs import shell, spec

#: The numbers of specs.CAPABILITIES and of CAP_SYS_PTRACE (linux/capability.h).
BITS = 1 << 29 | 1 << 5 | 1 << 10 | 1 << 19
SECRET = "only-for-the-one-who-runs-apus"
HERE = Path(__file__).parent


def tracing(machine: Machine, count: int, **process: Any) -> tuple[dict[str, Any], str, str]:
    """A config.json whose program catches `count` processes that join its container, its root, and a path of the host alone."""
    root, mark = machine.new_root(), machine.new_folder()
    compiled.put(machine, HERE / "tracer.c", f"{root}/tracer")
    document = spec("/tracer", mark, SECRET[::-1], "/usr/bin/true", str(count), **process)
    for kind in document["process"]["capabilities"].values():
        kind.append("CAP_SYS_PTRACE")
    return document, root, mark


def exec_caught(bundle: Bundle, count: int, *options: str) -> list[str]:
    """Has processes join until so many are caught on their way; gives what the tracer has told of them."""
    # It tries the program in each folder of PATH, which takes it a while: long enough to be caught.
    path = ":".join(f"/no/such/folder/{number}" for number in range(2000)) + ":/bin"
    command = shlex.join(bundle.machine.words("exec", *options, "--env", f"PATH={path}", bundle.id, "true"))
    bundle.machine.sh(f"""
        grep -q ready {bundle.path}/output
        for attempt in $(seq 500); do
          if grep -q done {bundle.path}/output; then exit 0; fi
          {SECRET.upper().replace("-", "_")}={SECRET} {command} 3</ 4<{bundle.path} </dev/null 2>&1 >/dev/null | cat >{bundle.path}/errors || :
        done
        cat {bundle.path}/output {bundle.path}/errors >&2; exit 1
    """, limit=300)
    lines = bundle.machine.sh(f"cat {bundle.path}/output").splitlines()
    assert sum(line.startswith("process ") for line in lines) == count
    return lines


def seccomp() -> dict[str, Any]:
    return {"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO", "errnoRet": 28}]}


@pytest.mark.parametrize(
    ("options", "filtered", "no_new_privileges"), [([], False, True), ([], True, True), ([], True, False), (["--user", "1000:1001"], True, False)]
)
def test_security_25_cve_2016_9962_a_process_that_joins_shows_and_has_nothing_of_the_host(
    machine: Machine, options: list[str], filtered: bool, no_new_privileges: bool
) -> None:
    # CVE-2016-9962, also for those who may trace in spite of it.
    # On the device it takes two seconds to catch one, and there are four of these tests.
    count = 3 if isinstance(machine, Emulated) else 20
    document, root, mark = tracing(machine, count, noNewPrivileges=no_new_privileges)
    if filtered:
        document["linux"]["seccomp"] = seccomp()
    with running(machine, document, root) as bundle:
        lines = exec_caught(bundle, count, *options)
    found = {line for line in lines if not line.startswith(("process ", "fd "))}
    identity = "1000" if options else "0"
    assert found == {
        "ready", "done", "exe Read-only file system",
        "CapInh:\t0000000000000000", f"CapPrm:\t{BITS:016x}", f"CapEff:\t{BITS:016x}", f"CapBnd:\t{BITS:016x}", "CapAmb:\t0000000000000000",
        f"Uid:\t{identity}\t{identity}\t{identity}\t{identity}", f"NoNewPrivs:\t{int(no_new_privileges)}", f"Seccomp:\t{2 if filtered else 0}",
        "Groups:\t ",
    }
    # The fourth is its way to tell why the program cannot run.
    links = {line.split(maxsplit=2)[2].split(":")[0] for line in lines if line.startswith("fd ")}
    assert links == {"/dev/null", "pipe", "socket"}
    assert max(int(line.split()[1]) for line in lines if line.startswith("fd ")) < 64


def test_a_container_that_stops_its_processes_holds_up_nothing(machine: Machine) -> None:
    # The process that joins is stopped before it runs its program.
    root = machine.new_root()
    document = spec("/bin/sh", "-c", "trap '' TERM; echo ready; while :; do kill -STOP -1 2>/dev/null; done")
    with running(machine, document, root) as bundle:
        with machine.start(machine.words("exec", bundle.id, "sleep", "1000")) as joining:
            machine.sh("sleep 0.5")
            machine.call("state", bundle.id).succeeded()
            machine.call("kill", bundle.id, "TERM").succeeded()
            machine.call("delete", "--force", bundle.id).succeeded()
            assert joining.wait() != 0


def test_a_container_that_is_paused_holds_up_nothing(machine: Machine) -> None:
    with running(machine, shell("while :; do sleep 1; done")) as bundle:
        machine.call("pause", bundle.id).succeeded()
        with machine.start(machine.words("exec", "--ignore-paused", bundle.id, "sh", "-c", "exit 7")) as joining:
            machine.sh("sleep 0.5")
            machine.call("resume", bundle.id).succeeded()
            assert joining.wait() == 7
        machine.call("pause", bundle.id).succeeded()
        with machine.start(machine.words("exec", "--ignore-paused", bundle.id, "sleep", "1000")) as joining:
            machine.sh("sleep 0.5")
            machine.call("delete", "--force", bundle.id).succeeded()
            assert joining.wait() != 0


def test_a_process_that_cannot_join_says_why(machine: Machine) -> None:
    with running(machine, shell("while :; do sleep 1; done")) as bundle:
        for words, parts in (
            (["no-such-program"], ["no-such-program", "not found"]), (["/proc"], ["/proc", "permission denied"]), (["--cwd", "/none", "true"], ["/none"]),
            (["--apparmor", "no-such-profile", "true"], ["process.apparmorProfile"]),
        ):
            machine.call("exec", bundle.id, *words).failed(*parts) if not words[0].startswith("-") else machine.call(
                "exec", *words[:-1], bundle.id, words[-1]).failed(*parts)


def test_limits_of_processes_are_told(machine: Machine) -> None:
    document = spec("sleep", "1000")
    document["linux"]["resources"]["pids"] = {"limit": 3}
    with running(machine, document) as bundle:
        machine.call("exec", bundle.id, "true").succeeded()
        machine.sh(f"{' '.join(machine.words('exec', '--detach', bundle.id, 'sleep', '1000'))} </dev/null >/dev/null 2>&1")
        machine.call("exec", bundle.id, "true").failed("no process more is allowed", status=255)
