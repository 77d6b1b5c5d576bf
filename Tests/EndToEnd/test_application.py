"""Manifests of applications: what `apus app validate` says of them, and that the JSON Schema in docs/ says the same."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from machines import ROOT, Machine, Result

SCHEMA = json.loads((ROOT / "docs" / "schema" / "application.json").read_text())
#: Documents that are taken, each for what it shows.
GOOD = sorted((ROOT / "Tests" / "Fuzz" / "corpus" / "application").glob("*.json"))


def manifest(*members: dict[str, Any], **top: Any) -> dict[str, Any]:
    """A manifest with a service for each of the members, `a`, `b` and so on, which has what it must have."""
    services = {chr(ord("a") + index): {"image": "redis", "network_mode": "none", **service} for index, service in enumerate(members)}
    return {"name": "app", "services": services, **top}


def own(**words: Any) -> dict[str, Any]:
    """A manifest whose service has these words of Apus's own."""
    return manifest({"x-apus": words})


#: Documents that the schema refuses, and the decoder as well: what is wrong, the document, and where.
BAD: list[tuple[str, dict[str, Any], str]] = [
    ("no name", {"services": {"a": {"image": "i", "network_mode": "none"}}}, "name: missing"),
    ("upper case", {**manifest({}), "name": "App"}, "name: "),
    ("no services", {"name": "a", "services": {}}, "services: "),
    ("no image", {"name": "a", "services": {"a": {"network_mode": "none"}}}, "services.a.image: missing"),
    ("no network mode", {"name": "a", "services": {"a": {"image": "i"}}}, "services.a.network_mode: missing"),
    ("unknown at the top", manifest({}, networks={}), "networks: there are no networks of containers yet"),
    ("unknown in a service", manifest({"ports": ["80:80"]}), "services.a.ports: there are no networks of containers yet"),
    ("misspelt", manifest({"enviroment": {}}), "services.a.enviroment: unknown key"),
    ("a variable", manifest({"user": "${UID}"}), "services.a.user: "),
    ("a variable in a list", manifest({"command": ["a", "$B"]}), "services.a.command[1]: "),
    ("a short digest", manifest({"image": "i@sha256:00"}), "services.a.image: "),
    ("a bridge", manifest({"network_mode": "bridge"}), "services.a.network_mode: "),
    ("no value", manifest({"environment": ["A"]}), "services.a.environment[0]: "),
    ("a fraction", manifest({"environment": {"A": 1.5}}), "services.a.environment.A: "),
    ("a relative directory", manifest({"working_dir": "srv"}), "services.a.working_dir: "),
    ("a relative source", manifest({"volumes": ["./a:/b"]}), "services.a.volumes[0]: "),
    ("an anonymous volume", manifest({"volumes": ["/data"]}), "services.a.volumes[0]: "),
    ("relabelling", manifest({"volumes": ["/a:/b:z"]}), "services.a.volumes[0]: "),
    ("two kinds of mount", manifest({"volumes": [{"type": "tmpfs", "target": "/a", "bind": {}}]}), "services.a.volumes[0].bind: "),
    ("a device by name", manifest({"devices": ["vendor.com/gpu=all"]}), "services.a.devices[0]: "),
    ("no memory", manifest({"mem_limit": "lots"}), "services.a.mem_limit: "),
    ("no processor", manifest({"cpus": 0}), "services.a.cpus: "),
    ("no tasks", manifest({"pids_limit": 0}), "services.a.pids_limit: "),
    ("no limit", manifest({"ulimits": {"files": 1}}), "services.a.ulimits.files: "),
    ("a filter switched off", manifest({"security_opt": ["seccomp:unconfined"]}), "services.a.security_opt[0]: "),
    ("no condition", manifest({"depends_on": {"b": {}}}, {}), "services.a.depends_on.b.condition: missing"),
    ("no policy", manifest({"restart": "sometimes"}), "services.a.restart: "),
    ("no unit", manifest({"stop_grace_period": "10"}), "services.a.stop_grace_period: "),
    ("a bare command as a check", manifest({"healthcheck": {"test": ["curl"]}}), "services.a.healthcheck.test: "),
    ("a check without a command", manifest({"healthcheck": {"test": ["CMD"]}}), "services.a.healthcheck.test: "),
    ("another driver", manifest({"logging": {"driver": "syslog"}}), "services.a.logging.driver: "),
    ("no files", manifest({"logging": {"options": {"max-file": "0"}}}), "services.a.logging.options.max-file: "),
    ("a volume with options", manifest({}, volumes={"v": {"driver_opts": {}}}), "volumes.v.driver_opts: "),
    ("no priority", manifest({}, **{"x-apus": {"priority": 101}}), "x-apus.priority: "),
    ("no update", manifest({}, **{"x-apus": {"update": {"on_failure": "panic"}}}), "x-apus.update.on_failure: "),
    ("no probe", own(probe="udp:1"), "services.a.x-apus.probe: "),
    ("no stand-in", own(require=["everything"]), "services.a.x-apus.require[0]: "),
    ("no status", own(permanent_statuses=[256]), "services.a.x-apus.permanent_statuses[0]: "),
    ("standard output for readiness", own(ready=1), "services.a.x-apus.ready: "),
    ("an unknown word of ours", own(retries=1), "services.a.x-apus.retries: unknown key"),
    ("a word of ours where it means nothing", manifest({"healthcheck": {"x-apus": {}}}), "services.a.healthcheck.x-apus: unknown key"),
]

#: What no schema can say: the decoder refuses these.
NOT_TOGETHER: list[tuple[str, dict[str, Any], str]] = [
    (
        "a circle", manifest({"depends_on": ["b"]}, {"depends_on": ["c"]}, {"depends_on": ["a"]}),
        "services.a.depends_on: a circle: a waits for b waits for c waits for a",
    ),
    ("who is not there", manifest({"depends_on": ["z"]}), "services.a.depends_on: 'z' is no service"),
    ("a network of nobody", manifest({"network_mode": "service:z"}), "services.a.network_mode: 'z' is no service"),
    ("a volume of nobody", manifest({"volumes": ["data:/data"]}), "services.a.volumes[0]: 'data' is not declared in volumes"),
    ("one name for two", manifest({"container_name": "x"}, {"container_name": "x"}), "services.b: 'x' is given twice"),
    (
        "what never completes", manifest({"depends_on": {"b": {"condition": "service_completed_successfully"}}}, {"restart": "always"}),
        "services.a.depends_on: 'b' never completes",
    ),
    ("swap below memory", manifest({"mem_limit": "2m", "memswap_limit": "1m"}), "services.a.memswap_limit: "),
    ("a soft limit above the hard one", manifest({"ulimits": {"nofile": {"soft": 2, "hard": 1}}}), "services.a.ulimits.nofile: "),
    ("two mounts at a place", manifest({"tmpfs": ["/a", "/a/"]}), "services.a.tmpfs[1]: '/a' is given twice"),
    ("a capability that nobody has heard of", manifest({"cap_add": ["NET_FOO"]}), "services.a.cap_add[0]: unknown value 'NET_FOO'"),
]  # fmt: skip


def taken(document: dict[str, Any]) -> bool:
    """Whether the schema takes a document."""
    return jsonschema.Draft202012Validator(SCHEMA).is_valid(document)


def names(cases: list[tuple[str, dict[str, Any], str]]) -> list[str]:
    """What the cases are about."""
    return [case[0] for case in cases]


def validate(machine: Machine, document: dict[str, Any]) -> Result:
    """What the program says of a document on its standard input."""
    return machine.call("app", "validate", "-", data=json.dumps(document).encode())


def test_the_schema_is_one() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    assert GOOD, "there are documents to try"


@pytest.mark.native
@pytest.mark.parametrize("path", GOOD, ids=lambda path: path.stem)
def test_schema_and_program_take_the_same_documents(native: Machine, path: Path) -> None:
    document = json.loads(path.read_text())
    assert [error.message for error in jsonschema.Draft202012Validator(SCHEMA).iter_errors(document)] == []
    count = len(document["services"])
    said = f"application {document['name']}, {count} service{'' if count == 1 else 's'}\n"
    assert native.call("app", "validate", str(path)).succeeded().text == f"{path}: {said}"
    assert validate(native, document).succeeded().text == f"standard input: {said}"


@pytest.mark.native
@pytest.mark.parametrize(("document", "message"), [case[1:] for case in BAD], ids=names(BAD))
def test_schema_and_program_refuse_the_same_documents(native: Machine, document: dict[str, Any], message: str) -> None:
    assert not taken(document)
    validate(native, document).failed(f"apus: standard input: {message}", status=1)


@pytest.mark.native
@pytest.mark.parametrize(("document", "message"), [case[1:] for case in NOT_TOGETHER], ids=names(NOT_TOGETHER))
def test_the_program_refuses_what_does_not_go_together(native: Machine, document: dict[str, Any], message: str) -> None:
    assert taken(document)
    validate(native, document).failed(f"apus: standard input: {message}", status=1)


def test_every_key_of_the_schema_is_one_that_the_program_knows() -> None:
    """The good documents, all of which it takes, have every key."""
    services = [service for path in GOOD for service in json.loads(path.read_text())["services"].values()]
    used = {key for service in services for key in service if key == "x-apus" or not key.startswith("x-")}
    assert used == set(SCHEMA["$defs"]["service"]["properties"])
    assert {key for service in services for key in service.get("x-apus", {})} == set(SCHEMA["$defs"]["own"]["properties"])


def test_a_manifest_is_told_by_its_file(machine: Machine) -> None:
    folder = machine.new_folder()
    machine.write(f"{folder}/app.json", json.dumps(manifest({}, {})).encode())
    result = machine.call("app", "validate", f"{folder}/app.json").succeeded()
    assert result.text == f"{folder}/app.json: application app, 2 services\n" and result.error == ""
    machine.write(f"{folder}/bad.json", b'{"name": "app",\n "services": {"a": {"image": "i", "network_mode": "none", "restart": 1}}}')
    machine.call("app", "validate", f"{folder}/bad.json").failed(f"apus: {folder}/bad.json: services.a.restart: expected a string, found a number", status=1)
    machine.write(f"{folder}/not.json", b"{\n")
    machine.call("app", "validate", f"{folder}/not.json").failed(f"apus: {folder}/not.json: line 2, column 1: ", status=1)


def test_what_cannot_be_read_is_said(machine: Machine) -> None:
    machine.call("app", "validate", "/no/such/file").failed("/no/such/file: no such file or directory", status=1)
    machine.call("app", "validate", "/").failed("/: is a directory", status=1)
    machine.call("app", "validate").failed("app validate: needs exactly one file", status=2)
    machine.call("app", "validate", "a", "b").failed("app validate: needs exactly one file", status=2)
    machine.call("app", "install", "a").failed("app: unknown command install", status=2)
    large = b'{"name": "a", "x-large": "' + b"a" * (256 << 10) + b'"}'
    machine.call("app", "validate", "-", data=large).failed("standard input: line 1, column 1: the document is longer than 262144 bytes", status=1)
