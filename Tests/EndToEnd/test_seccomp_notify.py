"""SCMP_ACT_NOTIFY: an agent gets the filter's descriptor with the container's state, and decides calls; without an agent there is no container."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any

import pytest
import seccomp_agent
from machines import Emulated, Machine, Native, Process, binary
from seccomp_agent import EXECVE, MKDIR, Agent
from specs import shell

from harness import Device, Options

PRETENDED = "mkdir /tmp/new && ls -d /tmp/new 2>/dev/null || echo pretended"


class RemoteAgent:
    """The same agent on the device."""

    def __init__(self, machine: Machine, path: Path) -> None:
        """`path` is where the socket is made."""
        self.path = path
        self._command = ["python3", f"{machine.volatile}/seccomp_agent.py", str(path)]
        self._machine = machine
        self._states: list[dict[str, Any]] = []
        self._calls: list[int] = []
        self._stack = contextlib.ExitStack()

    def __enter__(self) -> RemoteAgent:
        """Begins to listen."""
        self._process: Process = self._stack.enter_context(self._machine.start(self._command))
        assert self._process.line() == "ready"
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Ends it."""
        self._process.stdin.close()
        self._process.rest()
        self._stack.close()

    def _listen(self) -> None:
        """Takes what it has told up to now."""
        self._process.stdin.write(b"now\n")
        self._process.stdin.flush()
        while (line := self._process.line()) != "now":
            told = json.loads(line)
            if "state" in told:
                self._states.append(told["state"])
            else:
                self._calls.append(told["call"])

    def forget(self) -> None:
        """Forgets what it was told up to now."""
        self._listen()
        self._states, self._calls = [], []

    @property
    def states(self) -> list[dict[str, Any]]:
        """As the other agent has it."""
        self._listen()
        return self._states

    @property
    def calls(self) -> list[int]:
        """As the other agent has it."""
        self._listen()
        return self._calls


@pytest.fixture(scope="module")
def device_with_python() -> Iterator[Machine]:
    """A device with Python, in which the agent is written."""
    binary("aarch64")
    with Device.boot(Options(engines=True)) as device:
        machine = Emulated(device, "v2")
        machine.put(Path(seccomp_agent.__file__), f"{machine.volatile}/seccomp_agent.py")
        yield machine


@pytest.fixture(params=[pytest.param("native_machine", marks=pytest.mark.native), pytest.param("device_with_python", marks=pytest.mark.device)])
def machine(request: pytest.FixtureRequest) -> Iterator[Machine]:
    """First this machine, then the device."""
    found: Machine = request.getfixturevalue(request.param)
    yield found
    assert found.leftovers() == ""


@pytest.fixture(scope="module")
def agent_on_the_device(device_with_python: Machine) -> Iterator[RemoteAgent]:
    """An agent for all tests: Python takes long to start there."""
    with RemoteAgent(device_with_python, Path(device_with_python.new_folder()) / "agent.sock") as agent:
        yield agent


def new_agent(machine: Machine, folder: Path) -> Agent | RemoteAgent:
    """An agent for the containers of a machine."""
    return Agent(folder / "agent.sock") if isinstance(machine, Native) else RemoteAgent(machine, Path(machine.new_folder()) / "agent.sock")


@pytest.fixture
def agent(request: pytest.FixtureRequest, machine: Machine, tmp_path: Path) -> Iterator[Agent | RemoteAgent]:
    """An agent at work."""
    if isinstance(machine, Native):
        with Agent(tmp_path / "agent.sock") as ours:
            yield ours
    else:
        theirs: RemoteAgent = request.getfixturevalue("agent_on_the_device")
        theirs.forget()
        yield theirs


def hardware(machine: Machine) -> str:
    """The machine's architecture as the kernel calls it."""
    return {"amd64": "x86_64", "arm64": "aarch64"}[machine.architecture]


def notifying(machine: Machine, script: str, listener: Path | str, names: tuple[str, ...] = ("mkdir", "mkdirat"), **seccomp: Any) -> dict[str, Any]:
    """A config.json whose filter asks the listener about these calls."""
    document = shell(script)
    document["linux"]["seccomp"] = {
        "defaultAction": "SCMP_ACT_ALLOW",
        "architectures": {"amd64": ["SCMP_ARCH_X86", "SCMP_ARCH_X32", "SCMP_ARCH_X86_64"], "arm64": ["SCMP_ARCH_AARCH64"]}[machine.architecture],
        "listenerPath": str(listener), "listenerMetadata": "for the agent", "syscalls": [{"names": list(names), "action": "SCMP_ACT_NOTIFY"}], **seccomp,
    }
    return document


@pytest.mark.parametrize("no_new_privileges", [True, False])
@pytest.mark.parametrize("flags", [[], ["SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"], ["SECCOMP_FILTER_FLAG_TSYNC", "SECCOMP_FILTER_FLAG_LOG"]])
def test_the_agent_decides(machine: Machine, agent: Agent | RemoteAgent, no_new_privileges: bool, flags: list[str]) -> None:
    document = notifying(machine, PRETENDED, agent.path, flags=flags)
    document["process"]["noNewPrivileges"] = no_new_privileges
    document["annotations"] = {"key": "x" * 100_000}
    bundle = machine.bundle(document)
    assert bundle.run().succeeded().text == "pretended\n"
    assert set(agent.calls) <= set(MKDIR[hardware(machine)]) and agent.calls
    (state,) = agent.states
    assert (state["fds"], state["metadata"], state["ociVersion"]) == (["seccompFd"], "for the agent", "1.3.0")
    assert (state["state"]["id"], state["state"]["status"], state["state"]["bundle"]) == (bundle.id, "creating", bundle.path)
    assert state["pid"] == state["state"]["pid"] > 1
    assert state["state"]["annotations"] == document["annotations"]


@pytest.mark.parametrize("no_new_privileges", [True, False])
def test_the_runtimes_own_calls_may_be_decided_too(machine: Machine, agent: Agent | RemoteAgent, no_new_privileges: bool) -> None:
    # What is called between the filter's loading and exec, with or without a wait for the start.
    names = ("execve", "openat", "open", "read", "close", "fcntl", "recvmsg", "accept4", "dup3", "prctl", "capset", "setuid", "setresuid", "rt_sigprocmask")
    document = notifying(machine, "echo runs", agent.path, names)
    document["process"]["noNewPrivileges"] = no_new_privileges
    assert machine.bundle(document).run().succeeded().text == "runs\n"
    assert EXECVE[hardware(machine)] in agent.calls


def test_the_agent_is_told_at_the_creation_and_of_every_process(machine: Machine, agent: Agent | RemoteAgent) -> None:
    bundle = machine.bundle(notifying(machine, "mkdir /tmp/first; sleep 1000", agent.path))
    # The container keeps the streams that it is created with.
    create = machine.words("create", "--bundle", bundle.path, bundle.id)
    machine.run(["sh", "-c", 'exec "$@" </dev/null >/dev/null 2>"$0"', f"{bundle.path}/errors", *create]).succeeded()
    try:
        (created,) = agent.states
        assert created["state"]["status"] == "creating"
        assert created["pid"] == created["state"]["pid"]
        machine.call("start", bundle.id).succeeded()
        assert machine.call("exec", bundle.id, "sh", "-c", PRETENDED).succeeded().text == "pretended\n"
        joined = agent.states[1]
        assert joined["state"]["status"] == "running"
        assert joined["state"]["pid"] == created["pid"] != joined["pid"]
    finally:
        machine.call("delete", "--force", bundle.id).succeeded()


def test_hooks_at_the_start_are_under_the_filter(machine: Machine, agent: Agent | RemoteAgent) -> None:
    document = notifying(machine, "exit 0", agent.path)
    document["hooks"] = {"startContainer": [{"path": "/bin/mkdir", "args": ["mkdir", "/tmp/hook"]}]}
    machine.bundle(document).run().succeeded()
    assert set(agent.calls) <= set(MKDIR[hardware(machine)]) and agent.calls


def test_without_its_agent_a_call_does_not_exist(machine: Machine, tmp_path: Path) -> None:
    with contextlib.ExitStack() as stack:
        agent = stack.enter_context(new_agent(machine, tmp_path))
        bundle = machine.bundle(notifying(machine, "echo ready; read line; mkdir /tmp/new", agent.path))
        with machine.start(bundle.command) as process:
            assert process.line() == "ready"
            stack.close()
            process.stdin.write(b"\n")
            process.stdin.flush()
            assert "Function not implemented" in process.line()
            assert process.wait() == 1


@pytest.mark.parametrize("no_new_privileges", [True, False])
@pytest.mark.parametrize("listener", ["/no/such/agent.sock", "/etc/passwd", "@abstract"])
def test_no_agent_no_container(machine: Machine, listener: str, no_new_privileges: bool) -> None:
    document = notifying(machine, "echo runs", listener)
    document["process"]["noNewPrivileges"] = no_new_privileges
    machine.bundle(document).run().failed("tell the seccomp agent", listener)


def test_what_nobody_could_decide_is_refused(machine: Machine, agent: Agent | RemoteAgent) -> None:
    for name in ("write", "sendmsg"):
        machine.run_bundle(notifying(machine, "exit 0", agent.path, (name,))).failed("linux.seccomp.syscalls[0].names", f"cannot be used for the {name} syscall")
    document = notifying(machine, "exit 0", agent.path, defaultAction="SCMP_ACT_NOTIFY")
    machine.run_bundle(document).failed("linux.seccomp.defaultAction", "cannot be used as default action")
    document = notifying(machine, "exit 0", "")
    del document["linux"]["seccomp"]["listenerMetadata"]
    machine.run_bundle(document).failed("linux.seccomp.listenerPath", "missing")
    assert agent.states == []


def test_a_listener_that_is_not_needed_is_not_told(machine: Machine) -> None:
    document = notifying(machine, "echo runs", "/no/such/agent.sock")
    document["linux"]["seccomp"]["syscalls"] = []
    assert machine.run_bundle(document).succeeded().text == "runs\n"
