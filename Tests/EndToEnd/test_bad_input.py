"""What cannot be done is said in one line that names the thing; the status is not 0 and nothing is left behind."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from machines import Machine
from specs import shell, spec


def test_an_id_as_long_as_a_name_can_be_is_taken_for_an_image_and_a_longer_one_refused(machine: Machine) -> None:
    name = machine.new_name().ljust(255, "x")
    assert machine.run_image("hostname", options=["--name", name, "--hostname", "short"]).succeeded().text == "short\n"
    machine.run_image("true", options=["--name", f"{name}x"]).failed("invalid container ID: longer than 255 bytes", status=2)


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["--no-such-option"], "--no-such-option"),
        (["no-such-verb"], "no-such-verb"),
        (["run", "--no-such-option", "x"], "--no-such-option"),
        (["run"], "id"),
        (["run", "one", "two"], "id"),
        (["run", "--bundle"], "--bundle"),
        (["image"], "image"),
        (["image", "no-such-verb"], "no-such-verb"),
        (["image", "import"], "import"),
        (["image", "import", "--no-such-option", "x"], "--no-such-option"),
        (["image", "remove"], "remove"),
        (["image", "list", "word"], "image list"),
        (["image", "run"], "image"),
        (["image", "run", "--no-such-option", "x"], "--no-such-option"),
        (["image", "run", "--memory", "much", "x"], "--memory"),
        (["image", "run", "--memory", "-1", "x"], "--memory"),
        (["image", "run", "--memory", "99999999999999999999", "x"], "--memory"),
        (["image", "run", "--memory", "17179869184g", "x"], "--memory"),
        (["image", "run", "--pids", "0x10", "x"], "--pids"),
        (["image", "run", "--cpus", "1.2.3", "x"], "--cpus"),
        (["image", "run", "--cpus", "0", "x"], "--cpus"),
        (["image", "run", "--network", "bridge", "x"], "--network"),
        (["image", "run", "--env", "=value", "x"], "--env"),
        (["image", "run", "--name", "a/b", "x"], "invalid container ID"),
    ],
)
def test_a_command_line_that_makes_no_sense(machine: Machine, words: list[str], named: str) -> None:
    machine.call(*words).failed(named, status=2)


@pytest.mark.parametrize("words", [["--help"], ["help"], ["help", "run"], ["help", "image", "run"], ["help", "image", "import"], ["--version"]])
def test_help_and_version_need_neither_root_nor_folders(machine: Machine, words: list[str]) -> None:
    result = machine.run([machine.apus, *words]).succeeded()
    assert "apus" in result.text and result.stderr == b""


def test_the_version_is_told_as_engines_read_it(machine: Machine) -> None:
    first, second = machine.run([machine.apus, "--version"]).succeeded().lines
    assert first.startswith("apus version 0.") and second == "spec: 1.3.0"


@pytest.mark.native
@pytest.mark.parametrize("words", [["run", "--bundle", "/", "x"], ["image", "run", "x"], ["image", "import", "/"], ["image", "list"]])
def test_without_root_it_says_so(native: Machine, words: list[str]) -> None:
    command = native.words(*words)
    done = subprocess.run(command, user=65534, group=65534, extra_groups=[], capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=30, check=False)
    assert done.returncode != 0
    assert done.stdout == ""
    assert done.stderr.startswith("apus: ") and done.stderr.count("\n") == 1


def test_a_bundle_that_is_not_there(machine: Machine) -> None:
    machine.call("run", "--bundle", "/no/such/folder", "x").failed("/no/such/folder", "no such file or directory", status=1)


def test_a_bundle_without_config_json(machine: Machine) -> None:
    folder = machine.new_folder()
    machine.call("run", "--bundle", folder, "x").failed(f"{folder}/config.json", "no such file or directory", status=1)


def test_a_config_json_that_is_a_folder(machine: Machine) -> None:
    folder = machine.new_folder()
    machine.sh(f"mkdir {folder}/config.json")
    machine.call("run", "--bundle", folder, "x").failed(f"{folder}/config.json", status=1)


def test_a_root_that_is_not_there(machine: Machine) -> None:
    machine.run_bundle(spec("/bin/true"), "/no/such/root").failed("/no/such/root", status=1)


GOOD = json.dumps(spec("/bin/true"))


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        (b"", 1, 1),
        (b"{", 1, 2),
        (b'{\n  "ociVersion": "1.0.2",\n  "process": ,\n}', 3, 14),
        (b'{\n  "ociVersion": "1.0.2"\n  "root": {}}', 3, 3),
        (b'{"ociVersion": "1.0.2",}', 1, 24),
        (b'{"ociVersion": "1.0.2', 1, 16),
        (b"{'ociVersion': 1}", 1, 2),
        (b'{"ociVersion": "1.0.2"} x', 1, 25),
        (b'{"a": 01}', 1, 8),
        (b'{"a": nul}', 1, 7),
        (b'{"a": "\x01"}', 1, 8),
        (b'{"a": "\xff"}', 1, 8),
        (b'{"a": "\\ud800"}', 1, 8),
        (b'{"a": 1, "a": 2}', 1, 10),
        (b"\xef\xbb\xbf{}", 1, 1),
        (b"[" * 100000, None, None),
    ],
)
def test_a_config_json_that_is_no_json_is_refused_with_the_place(machine: Machine, text: bytes, line: int | None, column: int | None) -> None:
    bundle = machine.bundle(text)
    place = "" if line is None else f": line {line}, column {column}: "
    bundle.run().failed(f"{bundle.path}/config.json", place, status=1)


def test_a_config_json_cut_anywhere_is_refused(machine: Machine) -> None:
    text = json.dumps(spec("/bin/true"), indent=1).encode()
    for length in range(0, len(text) - 1, 211 if machine.label == "native" else 811):
        bundle = machine.bundle(text[:length])
        bundle.run().failed(f"{bundle.path}/config.json: line ", status=1)


Edit = Callable[[dict[str, Any]], object]
#: What is done to a good config.json, and the path that the error must name.
WRONG: dict[str, tuple[Edit, str]] = {
    "no version": (lambda d: d.pop("ociVersion"), "ociVersion"),
    "a version of the future": (lambda d: d.update(ociVersion="9.0.0"), "ociVersion"),
    "a version that is a number": (lambda d: d.update(ociVersion=1), "ociVersion"),
    "no process": (lambda d: d.pop("process"), "process"),
    "no arguments": (lambda d: d["process"].pop("args"), "process.args"),
    "empty arguments": (lambda d: d["process"].update(args=[]), "process.args"),
    "an argument that is a number": (lambda d: d["process"].update(args=["a", 1]), "process.args[1]"),
    "no working directory": (lambda d: d["process"].pop("cwd"), "process.cwd"),
    "a relative working directory": (lambda d: d["process"].update(cwd="usr"), "process.cwd"),
    "a user that is text": (lambda d: d["process"]["user"].update(uid="0"), "process.user.uid"),
    "a user below zero": (lambda d: d["process"]["user"].update(uid=-1), "process.user.uid"),
    "a user beyond 32 bits": (lambda d: d["process"]["user"].update(uid=1 << 32), "process.user.uid"),
    "a fraction": (lambda d: d["process"]["user"].update(gid=1.5), "process.user.gid"),
    "a terminal that is text": (lambda d: d["process"].update(terminal="yes"), "process.terminal"),
    "an unknown resource limit": (lambda d: d["process"]["rlimits"][0].update(type="RLIMIT_NOTHING"), "process.rlimits[0].type"),
    "a soft limit above the hard one": (lambda d: d["process"]["rlimits"][0].update(soft=2000), "process.rlimits[0]"),
    "the same resource limit twice": (lambda d: d["process"]["rlimits"].append(d["process"]["rlimits"][0]), "process.rlimits[1]"),
    "no root": (lambda d: d.pop("root"), "root"),
    "a mount without destination": (lambda d: d["mounts"][0].pop("destination"), "mounts[0].destination"),
    "mounts that are an object": (lambda d: d.update(mounts={}), "mounts"),
    "an unknown namespace": (lambda d: d["linux"]["namespaces"].append({"type": "moon"}), "linux.namespaces[6].type"),
    "a namespace twice": (lambda d: d["linux"]["namespaces"].append({"type": "pid"}), "linux.namespaces"),
    "a memory limit that is text": (lambda d: d["linux"]["resources"].update(memory={"limit": "64m"}), "linux.resources.memory.limit"),
    "an unknown seccomp action": (lambda d: d["linux"].update(seccomp={"defaultAction": "SCMP_ACT_NONSENSE"}), "linux.seccomp.defaultAction"),
    "an unknown propagation": (lambda d: d["linux"].update(rootfsPropagation="upwards"), "linux.rootfsPropagation"),
    "masked paths that are text": (lambda d: d["linux"].update(maskedPaths="/proc/kcore"), "linux.maskedPaths"),
    "a cgroup path that climbs": (lambda d: d["linux"].update(cgroupsPath="/../../up"), "linux.cgroupsPath"),
    "a zero byte in an argument": (lambda d: d["process"].update(args=["/bin/true", "a\0b"]), "process.args[1]"),
    "a zero byte in the working directory": (lambda d: d["process"].update(cwd="/\0"), "process.cwd"),
}


@pytest.mark.parametrize("name", sorted(WRONG))
def test_a_wrong_field_is_named_by_its_path(machine: Machine, name: str) -> None:
    edit, path = WRONG[name]
    document = spec("/bin/true")
    document["root"] = {"path": "placeholder"}
    edit(document)
    text = json.dumps(document).replace('"placeholder"', json.dumps(machine.bundle(spec("/bin/true")).root)).encode()
    machine.bundle(text).run().failed(f"config.json: {path}", status=1)


def test_a_field_that_nobody_knows_is_ignored(machine: Machine) -> None:
    document = spec("/bin/true") | {"org.example.unknown": [1, {"a": None}]}
    machine.run_bundle(document).succeeded()


def test_a_mount_that_fails_is_named_and_leaves_nothing(machine: Machine) -> None:
    document = spec("/bin/true")
    document["mounts"].append({"destination": "/mnt", "type": "no-such-file-system", "source": "none"})
    machine.run_bundle(document).failed("mounts[6]", "no-such-file-system", status=1)


def test_a_bind_mount_of_nothing_is_named_and_leaves_nothing(machine: Machine) -> None:
    document = spec("/bin/true")
    document["mounts"].append({"destination": "/mnt", "type": "bind", "source": "/no/such/source", "options": ["bind"]})
    machine.run_bundle(document).failed("/no/such/source", status=1)


def test_a_state_folder_that_cannot_be_made(machine: Machine) -> None:
    bundle = machine.bundle(spec("/bin/true"))
    machine.run([machine.apus, "--root", "/proc/no/state", "run", "--bundle", bundle.path, "x"]).failed("/proc/no", status=1)


@pytest.mark.parametrize("words", [["image", "list"], ["image", "run", "x"], ["image", "remove", "x"]])
def test_a_store_on_a_read_only_file_system(machine: Machine, words: list[str]) -> None:
    machine.run([machine.apus, "--data-root", "/proc/no/store", *words]).failed("/proc/no")


def test_full_disk_while_importing(machine: Machine) -> None:
    folder = machine.new_folder()
    machine.sh(f"mount -t tmpfs -o size=6m small {folder}")
    try:
        command = [machine.apus, "--data-root", f"{folder}/store", "image"]
        machine.run([*command, "import", machine.layout("redis")], limit=180).failed("no space left on device")
        assert machine.run([*command, "list"]).succeeded().stdout == b""
        # But for the reserve of 1 MiB.
        files = f"find {folder}/store -type f ! -name '*lock*' ! -name reserve; find {folder}/store/tmp {folder}/store/layers -mindepth 1"
        left = machine.sh(f"{files}; df -k {folder} | tail -n 1")
        assert len(left.splitlines()) == 1, left
        assert int(left.split()[2]) < 1024 + 100
        # There is room for a smaller one, so nothing is broken.
        machine.run([*command, "import", machine.layout("busybox")]).succeeded()
    finally:
        machine.sh(f"umount {folder}")


def test_an_empty_image_folder_and_one_that_is_not_there(machine: Machine) -> None:
    folder = machine.new_folder()
    machine.call("image", "import", folder).failed("oci-layout")
    machine.call("image", "import", "/no/such/layout").failed("/no/such/layout")


@pytest.mark.native
def test_the_error_goes_to_standard_error_even_if_that_is_closed(native: Machine, tmp_path: Path) -> None:
    # Without its three descriptors a program must not write into files that happen to get their numbers.
    bundle = native.bundle(shell("exit 3"))
    done = native.run(["sh", "-c", 'exec "$@" <&- >&- 2>&-', "sh", *bundle.command])
    assert done.status == 3


def test_control_characters_are_shown_and_not_obeyed(machine: Machine) -> None:
    # ESC in both spellings: U+009B is ESC [ in one.
    result = machine.call("image", "run", "--no-such-\x1b[31m-\u009b31m-\u00a0\u00e4").failed("\\x1b[31m-\\xc2\\x9b31m-\u00a0\u00e4", status=2)
    assert b"\x1b" not in result.stderr and b"\xc2\x9b" not in result.stderr


def test_a_store_of_another_user_is_refused(machine: Machine) -> None:
    folder = machine.new_folder(lasting=True)
    machine.sh(f"chown 1000 {folder}")
    machine.run([machine.apus, "--data-root", folder, "image", "list"]).failed(folder, "another user")
    machine.sh(f"chown 0 {folder}; chmod 0777 {folder}")
    machine.run([machine.apus, "--data-root", folder, "image", "list"]).failed(folder, "write")
