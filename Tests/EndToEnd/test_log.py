"""Errors and warnings in the log that an engine asks for; engines tell their users the last error of it."""

from __future__ import annotations

import json
import re

import pytest
from machines import Machine
from specs import spec

TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"


def logged(machine: Machine, log: str, *words: str, format: str = "json") -> list[str]:
    """The lines of the log after a call that has to fail."""
    result = machine.run(machine.words("--log", log, "--log-format", format, *words))
    assert result.status != 0
    assert result.stderr.startswith(b"apus: ") and result.stderr.count(b"\n") == 1
    return machine.sh(f"cat {log}").splitlines()


def test_an_error_in_the_log_is_one_line_of_json(machine: Machine) -> None:
    log = f"{machine.new_folder()}/log.json"
    [line] = logged(machine, log, "run", "--bundle", "/no/such/folder", "x")
    entry = json.loads(line)
    assert list(entry) == ["level", "msg", "time"]
    assert entry["level"] == "error" and entry["msg"] == "open bundle /no/such/folder: no such file or directory"
    assert re.fullmatch(TIME, entry["time"])


def test_an_error_in_the_log_is_one_line_of_text(machine: Machine) -> None:
    log = f"{machine.new_folder()}/log"
    [line] = logged(machine, log, "run", "--bundle", '/no "such"\n\\folder', "x", format="text")
    assert re.fullmatch(rf'time="{TIME}" level=error msg="open bundle /no \\"such\\"\\x0a\\\\folder: no such file or directory"', line)


def test_messages_are_appended(machine: Machine) -> None:
    log = f"{machine.new_folder()}/log"
    machine.sh(f"echo before > {log}")
    logged(machine, log, "run", "../x")
    lines = logged(machine, log, "image", "run", "--no-such-option", "x")
    assert lines[0] == "before" and [json.loads(line)["level"] for line in lines[1:]] == ["error", "error"]
    assert "--no-such-option" in json.loads(lines[2])["msg"]


def test_without_a_file_json_goes_to_standard_error(machine: Machine) -> None:
    result = machine.run(machine.words("--log-format", "json", "run", "--bundle", "/no/such/folder", "x"))
    assert result.status == 1 and json.loads(result.stderr)["level"] == "error"


def test_warnings_are_in_the_log_only(machine: Machine) -> None:
    # Of root nothing is told: its programs get the bounding set by exec.
    document = spec("/bin/true", user={"uid": 1000, "gid": 1000})
    document["process"]["capabilities"] = {"ambient": ["CAP_CHOWN"], "bounding": ["CAP_CHOWN"]}
    bundle = machine.bundle(document)
    log = f"{machine.new_folder()}/log"
    words = ["run", "--bundle", bundle.path, machine.new_name()]
    assert machine.run(machine.words("--log", log, "--log-format", "json", *words)).succeeded().stderr == b""
    [line] = machine.sh(f"cat {log}").splitlines()
    assert json.loads(line)["level"] == "warning" and "process.capabilities.ambient" in json.loads(line)["msg"]
    assert machine.run(machine.words(*words)).succeeded().stderr.startswith(b"apus: warning: ")


def test_a_container_that_runs_leaves_the_log_empty(machine: Machine) -> None:
    bundle = machine.bundle(spec("/bin/true"))
    log = f"{machine.new_folder()}/log"
    machine.run(machine.words("--log", log, "run", "--bundle", bundle.path, machine.new_name())).succeeded()
    assert machine.sh(f"cat {log}") == ""


def test_debug_tells_what_is_done(machine: Machine) -> None:
    bundle = machine.bundle(spec("/bin/true"))
    log, name = f"{machine.new_folder()}/log", machine.new_name()
    machine.run(machine.words("--debug", "--log", log, "run", "--bundle", bundle.path, name)).succeeded()
    lines = machine.sh(f"cat {log}").splitlines()
    assert any(f"run {name}" in line for line in lines)
    assert any("bytes of configuration" in line for line in lines) and f"container {name}: ended with status 0" in lines[-1]
    assert all(re.match(rf'time="{TIME}" level=debug msg="', line) for line in lines)


def test_a_container_does_not_get_the_log(machine: Machine) -> None:
    bundle = machine.bundle(spec("/bin/ls", "/proc/self/fd"))
    log = f"{machine.new_folder()}/log"
    result = machine.run(machine.words("--log", log, "run", "--bundle", bundle.path, machine.new_name())).succeeded()
    # 3 is the directory that ls reads.
    assert result.lines == ["0", "1", "2", "3"]


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["--log-format", "xml"], "--log-format: xml"),
        (["--log"], "--log needs a value"),
        (["--cgroup-manager", "systemd"], "no systemd driver"),
        (["--cgroup-manager", "other"], "--cgroup-manager: other"),
        (["--systemd-cgroup", "run", "x"], "no systemd driver"),
        (["--rootless", "maybe"], "--rootless: maybe"),
    ],
)
def test_options_of_the_program_that_make_no_sense(machine: Machine, words: list[str], named: str) -> None:
    machine.call(*words, *([] if "run" in words or words == ["--log"] else ["run", "x"])).failed(named, status=2)


def test_a_log_that_cannot_be_opened(machine: Machine) -> None:
    machine.call("--log", "/no/such/folder/log", "run", "x").failed("/no/such/folder/log", "no such file or directory", status=1)
