"""What hooks get, and what becomes of the container when one fails."""

from __future__ import annotations

import json
import shlex

import pytest
from machines import Bundle, Machine
from specs import shell


def created(machine: Machine, bundle: Bundle, environment: str = "") -> None:
    command = shlex.join(machine.words("create", "--bundle", bundle.path, bundle.id))
    machine.sh(f"{environment} {command} >{bundle.path}/output 2>&1 </dev/null || {{ cat {bundle.path}/output >&2; exit 1; }}")


@pytest.mark.parametrize("point", ["prestart", "createRuntime", "createContainer", "poststart", "poststop"])
def test_a_hook_without_an_environment_has_that_of_apus(machine: Machine, point: str) -> None:
    document = shell("exit 0")
    folder = machine.new_folder()
    script = f'echo "$OWN" >>{folder}/said'
    document["hooks"] = {point: [{"path": "/bin/sh", "args": ["sh", "-c", script]}, {"path": "/bin/sh", "args": ["sh", "-c", script], "env": []}]}
    bundle = machine.bundle(document)
    machine.sh(f"OWN=kept {shlex.join(bundle.command)}")
    assert machine.sh(f"cat {folder}/said") == "kept\n\n"


def test_a_hook_in_the_container_has_the_environment_of_its_process(machine: Machine) -> None:
    document = shell("cat /tmp/said", env=["PATH=/bin", "OWN=inside"])
    script = 'echo "$OWN $HOME" >>/tmp/said'
    document["hooks"] = {"startContainer": [{"path": "/bin/sh", "args": ["sh", "-c", script]}, {"path": "/bin/sh", "args": ["sh", "-c", script], "env": []}]}
    assert machine.run_bundle(document).succeeded().text == "inside /root\n \n"


def test_a_hook_in_the_container_is_under_its_filter(machine: Machine) -> None:
    document = shell("echo runs")
    document["linux"]["seccomp"] = {"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_KILL_PROCESS"}]}
    document["hooks"] = {"startContainer": [{"path": "/bin/mkdir", "args": ["mkdir", "/tmp/new"]}]}
    for no_new_privileges in (True, False):
        document["process"]["noNewPrivileges"] = no_new_privileges
        machine.run_bundle(document).failed("error running startContainer hook #0: /bin/mkdir: killed by signal 31")


@pytest.mark.parametrize("point", ["startContainer", "poststart"])
def test_a_container_whose_start_fails_by_a_hook_is_destroyed(machine: Machine, point: str) -> None:
    document = shell("while :; do sleep 1; done")
    folder = machine.new_folder()
    says = [{"path": "/bin/sh", "args": ["sh", "-c", f"cat >{folder}/stopped"]}]
    document["hooks"] = {point: [{"path": "/bin/true"}, {"path": "/bin/false"}, {"path": "/bin/sh", "args": ["sh", "-c", "touch /tmp/third"]}], "poststop": says}
    bundle = machine.bundle(document)
    created(machine, bundle)
    machine.call("start", bundle.id).failed(f"error running {point} hook #1: /bin/false: exit status 1")
    machine.call("state", bundle.id).failed("does not exist")
    state = json.loads(machine.sh(f"cat {folder}/stopped"))
    assert (state["id"], state["status"]) == (bundle.id, "stopped")


@pytest.mark.parametrize("point", ["prestart", "createRuntime", "createContainer", "startContainer", "poststart"])
def test_what_a_hook_says_is_told_when_it_fails_and_not_mixed_with_what_the_container_says(machine: Machine, point: str) -> None:
    document = shell("echo container")
    hook = {"path": "/bin/sh", "args": ["sh", "-c", "echo one; echo two >&2"]}
    document["hooks"] = {point: [hook]}
    result = machine.run_bundle(document).succeeded()
    assert (result.text, result.error) == ("container\n", "")
    document["hooks"] = {point: [{"path": "/bin/sh", "args": ["sh", "-c", "echo one; echo two >&2; exit 7"]}]}
    result = machine.run_bundle(document)
    assert result.status == 1 and result.error.endswith(f"error running {point} hook #0: /bin/sh: exit status 7, output: one two\n")


def test_a_hook_of_the_host_in_the_namespaces_of_the_container_begins_in_its_root(machine: Machine) -> None:
    document = shell("cat /mark")
    document["hooks"] = {"createContainer": [{"path": "/bin/sh", "args": ["sh", "-c", "echo here >mark"]}]}
    document["root"]["readonly"] = False
    assert machine.run_bundle(document, machine.new_root()).succeeded().text == "here\n"


@pytest.mark.parametrize("point", ["prestart", "createRuntime", "createContainer"])
def test_a_container_whose_hook_fails_is_not_made(machine: Machine, point: str) -> None:
    document = shell("exit 0")
    document["hooks"] = {point: [{"path": "/bin/false"}]}
    bundle = machine.bundle(document)
    machine.call("create", "--bundle", bundle.path, bundle.id).failed(f"error running {point} hook #0: /bin/false: exit status 1")
    machine.call("state", bundle.id).failed("does not exist")
