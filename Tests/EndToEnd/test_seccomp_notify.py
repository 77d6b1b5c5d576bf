"""SCMP_ACT_NOTIFY: an agent gets the filter's descriptor with the container's state, and decides calls; without an agent there is no container."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from machines import Machine
from seccomp_agent import MKDIR, Agent
from specs import shell

pytestmark = pytest.mark.native

PRETENDED = "mkdir /tmp/new && ls -d /tmp/new 2>/dev/null || echo pretended"


@pytest.fixture
def agent(tmp_path: Path) -> Iterator[Agent]:
    """An agent at work."""
    with Agent(tmp_path / "agent.sock") as agent:
        yield agent


def notifying(script: str, listener: Path | str, names: tuple[str, ...] = ("mkdir", "mkdirat"), **seccomp: Any) -> dict[str, Any]:
    """A config.json whose filter asks the listener about these calls."""
    document = shell(script)
    document["linux"]["seccomp"] = {
        "defaultAction": "SCMP_ACT_ALLOW", "architectures": ["SCMP_ARCH_X86", "SCMP_ARCH_X32", "SCMP_ARCH_X86_64"], "listenerPath": str(listener),
        "listenerMetadata": "for the agent", "syscalls": [{"names": list(names), "action": "SCMP_ACT_NOTIFY"}], **seccomp,
    }
    return document


@pytest.mark.parametrize("no_new_privileges", [True, False])
@pytest.mark.parametrize("flags", [[], ["SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"], ["SECCOMP_FILTER_FLAG_TSYNC", "SECCOMP_FILTER_FLAG_LOG"]])
def test_the_agent_decides(native: Machine, agent: Agent, no_new_privileges: bool, flags: list[str]) -> None:
    document = notifying(PRETENDED, agent.path, flags=flags)
    document["process"]["noNewPrivileges"] = no_new_privileges
    document["annotations"] = {"key": "x" * 100_000}
    bundle = native.bundle(document)
    assert bundle.run().succeeded().text == "pretended\n"
    assert set(agent.calls) <= set(MKDIR) and agent.calls
    (state,) = agent.states
    assert (state["fds"], state["metadata"], state["ociVersion"]) == (["seccompFd"], "for the agent", "1.3.0")
    assert (state["state"]["id"], state["state"]["status"], state["state"]["bundle"]) == (bundle.id, "creating", bundle.path)
    assert state["pid"] == state["state"]["pid"] > 1
    assert state["state"]["annotations"] == document["annotations"]


@pytest.mark.parametrize("no_new_privileges", [True, False])
def test_the_runtimes_own_calls_may_be_decided_too(native: Machine, agent: Agent, no_new_privileges: bool) -> None:
    # What is called between the filter's loading and exec, with or without a wait for the start.
    names = ("execve", "openat", "open", "read", "close", "fcntl", "recvmsg", "accept4", "dup3", "prctl", "capset", "setuid", "setresuid", "rt_sigprocmask")
    document = notifying("echo runs", agent.path, names)
    document["process"]["noNewPrivileges"] = no_new_privileges
    assert native.bundle(document).run().succeeded().text == "runs\n"
    assert 59 in agent.calls


def test_the_agent_is_told_at_the_creation_and_of_every_process(native: Machine, agent: Agent) -> None:
    bundle = native.bundle(notifying("mkdir /tmp/first; sleep 1000", agent.path))
    # The container keeps the streams that it is created with.
    create = native.words("create", "--bundle", bundle.path, bundle.id)
    native.run(["sh", "-c", 'exec "$@" </dev/null >/dev/null 2>"$0"', f"{bundle.path}/errors", *create]).succeeded()
    try:
        (created,) = agent.states
        assert created["state"]["status"] == "creating"
        assert created["pid"] == created["state"]["pid"]
        native.call("start", bundle.id).succeeded()
        assert native.call("exec", bundle.id, "sh", "-c", PRETENDED).succeeded().text == "pretended\n"
        joined = agent.states[1]
        assert joined["state"]["status"] == "running"
        assert joined["state"]["pid"] == created["pid"] != joined["pid"]
    finally:
        native.call("delete", "--force", bundle.id).succeeded()


def test_hooks_at_the_start_are_under_the_filter(native: Machine, agent: Agent) -> None:
    document = notifying("exit 0", agent.path)
    document["hooks"] = {"startContainer": [{"path": "/bin/mkdir", "args": ["mkdir", "/tmp/hook"]}]}
    native.bundle(document).run().succeeded()
    assert set(agent.calls) <= set(MKDIR) and agent.calls


def test_without_its_agent_a_call_does_not_exist(native: Machine, tmp_path: Path) -> None:
    bundle = native.bundle(notifying("echo ready; read line; mkdir /tmp/new", tmp_path / "agent.sock"))
    with contextlib.ExitStack() as stack:
        stack.enter_context(Agent(tmp_path / "agent.sock"))
        with native.start(bundle.command) as process:
            assert process.line() == "ready"
            stack.close()
            process.stdin.write(b"\n")
            process.stdin.flush()
            assert "Function not implemented" in process.line()
            assert process.wait() == 1


@pytest.mark.parametrize("no_new_privileges", [True, False])
@pytest.mark.parametrize("listener", ["/no/such/agent.sock", "/etc/passwd", "@abstract"])
def test_no_agent_no_container(native: Machine, listener: str, no_new_privileges: bool) -> None:
    document = notifying("echo runs", listener)
    document["process"]["noNewPrivileges"] = no_new_privileges
    native.bundle(document).run().failed("tell the seccomp agent", listener)


def test_what_nobody_could_decide_is_refused(native: Machine, agent: Agent) -> None:
    for name in ("write", "sendmsg"):
        native.run_bundle(notifying("exit 0", agent.path, (name,))).failed("linux.seccomp.syscalls[0].names", f"cannot be used for the {name} syscall")
    document = notifying("exit 0", agent.path, defaultAction="SCMP_ACT_NOTIFY")
    native.run_bundle(document).failed("linux.seccomp.defaultAction", "cannot be used as default action")
    document = notifying("exit 0", "")
    del document["linux"]["seccomp"]["listenerMetadata"]
    native.run_bundle(document).failed("linux.seccomp.listenerPath", "missing")
    assert agent.states == []


def test_a_listener_that_is_not_needed_is_not_told(native: Machine) -> None:
    document = notifying("echo runs", "/no/such/agent.sock")
    document["linux"]["seccomp"]["syscalls"] = []
    assert native.run_bundle(document).succeeded().text == "runs\n"
