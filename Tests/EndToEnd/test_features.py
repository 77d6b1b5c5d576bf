"""`apus features`: what engines are told is so."""

from __future__ import annotations

import json
from typing import Any

import pytest
from machines import Machine
from specs import spec


def features(machine: Machine) -> dict[str, Any]:
    """The document; it needs neither root nor folders."""
    document: dict[str, Any] = json.loads(machine.run([machine.apus, "features"]).succeeded().text)
    return document


def test_the_versions_of_the_document_are_taken_in_a_configuration(machine: Machine) -> None:
    found = features(machine)
    for version in (found["ociVersionMin"], found["ociVersionMax"]):
        machine.run_bundle(spec("/bin/true") | {"ociVersion": version}).succeeded()


@pytest.mark.native
def test_every_mount_option_is_taken_for_what_it_is(native: Machine) -> None:
    # A bind mount takes no options of a file system: one that is not known would be refused. Each is tried alone, where this kernel can do it.
    for option in features(native)["mountOptions"]:
        if option in ("idmap", "ridmap", "tmpcopyup", "remount", "mand", "nostrictatime", "norelatime", "rnostrictatime", "rnorelatime"):
            continue
        document = spec("/bin/true")
        document["mounts"].append({"destination": "/tmp", "source": "/tmp", "options": ["rbind", option]})
        result = native.run_bundle(document)
        assert result.status == 0, f"{option}: {result.error}"


def test_every_capability_is_taken(machine: Machine) -> None:
    names = features(machine)["linux"]["capabilities"]
    document = spec("/bin/true")
    # The other sets have only what this machine lets root have.
    document["process"]["capabilities"] = {"bounding": names}
    machine.run_bundle(document).succeeded()


def test_every_word_of_seccomp_is_taken(machine: Machine) -> None:
    seccomp = features(machine)["linux"]["seccomp"]
    actions = [name for name in seccomp["actions"] if name != "SCMP_ACT_NOTIFY"]
    rules = [{"names": ["reboot"], "action": name} for name in actions]
    rules += [{"names": ["swapon"], "action": "SCMP_ACT_ERRNO", "args": [{"index": 0, "value": 1, "op": op}]} for op in seccomp["operators"]]
    document = spec("/bin/true")
    flags = [name for name in seccomp["supportedFlags"] if name != "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"]
    document["linux"]["seccomp"] = {"defaultAction": "SCMP_ACT_ALLOW", "architectures": seccomp["archs"], "flags": flags, "syscalls": rules}
    machine.run_bundle(document).succeeded()


def test_every_namespace_is_known(machine: Machine) -> None:
    for name in features(machine)["linux"]["namespaces"]:
        document = spec("/bin/true")
        document["linux"]["namespaces"] = [{"type": "mount"}] + ([{"type": name}] if name != "mount" else [])
        if name != "uts":
            del document["hostname"]
        if name == "user":
            document["linux"] |= {f"{kind}Mappings": [{"containerID": 0, "hostID": 0, "size": 1}] for kind in ("uid", "gid")}
            document["mounts"] = []
        result = machine.run_bundle(document)
        assert "expected" not in result.error and "not supported" not in result.error, f"{name}: {result.error}"
