"""`apus check` tries what the machine has, says what that means, and agrees with what containers then do."""

from __future__ import annotations

import json
import re
from pathlib import Path

import checks
import compiled
import deny_calls
import kernels_page
import pytest
from machines import ROOT, Machine
from specs import shell
from terminals import on_a_terminal

NAMESPACES = {
    "mount-namespace": "mnt", "uts-namespace": "uts", "ipc-namespace": "ipc", "pid-namespace": "pid", "network-namespace": "net", "user-namespace": "user",
    "cgroup-namespace": "cgroup", "time-namespace": "time",
}  # fmt: skip

#: System calls that are tried as such, with their numbers, and what else is then not there: what can be done by them alone.
CALLS = {
    "pidfd_open": (434, {"pidfd-open"}), "pidfd_send_signal": (424, {"pidfd-send-signal"}), "clone3": (435, {"clone3", "cgroup-birth"}),
    "close_range": (436, {"close-range"}), "openat2": (437, {"openat2"}), "mount_setattr": (442, {"mount-setattr"}), "fsopen": (430, {"fsopen"}),
    "open_tree": (428, {"open-tree"}),
}  # fmt: skip


def leftovers(machine: Machine) -> str:
    """Groups, directories and mounts of a check."""
    return machine.sh(f"""
        exec 2>/dev/null
        find $(awk '$0 ~ / - cgroup2? / || $0 ~ / - cpuset / {{ print $5 }}' /proc/self/mountinfo) {machine.lasting} /var/lib -name 'apus-check*' || :
        grep apus-check /proc/self/mountinfo || :
    """)


def test_it_finds_what_proc_tells(machine: Machine) -> None:
    rows = checks.features(checks.machine_of(machine))
    files = machine.sh("ls /proc/self/ns").split()
    assert {key: rows[key]["verdict"] == "works" for key in NAMESPACES} == {key: file in files for key, file in NAMESPACES.items()}
    types = [line.split()[-1] for line in machine.sh("cat /proc/filesystems").splitlines()]
    assert (rows["overlay"]["verdict"] == "works") == ("overlay" in types)
    assert (rows["apparmor"]["verdict"] == "works") == (machine.sh("cat /sys/module/apparmor/parameters/enabled 2>/dev/null || echo N") == "Y\n")
    assert rows["root-rights"]["verdict"] == "works"


def test_in_a_root_of_chroot_it_does_not_promise_what_stands_in_on_the_first_ram_disk(machine: Machine) -> None:
    folder = machine.new_folder()
    document = machine.sh(f"""
        mkdir {folder}/proc {folder}/dev {folder}/sys; cp {machine.apus} {folder}/apus
        unshare -m sh -euc '
          mount -t proc proc {folder}/proc; mount --bind /dev {folder}/dev; mount -t sysfs sysfs {folder}/sys
          chroot {folder} /apus --data-root / check --json || :
        '
    """)
    row = next(row for row in json.loads(document)["features"] if row["key"] == "pivot-root")
    assert row["verdict"] == "unknown" and "invalid argument" in row["found"] and "--no-pivot" in row["found"]
    assert checks.features(checks.machine_of(machine))["pivot-root"]["verdict"] == "works"


def test_it_lists_the_security_modules(machine: Machine) -> None:
    row = checks.features(checks.machine_of(machine))["security-modules"]
    listed = machine.sh("unshare -m sh -c 'mount -t securityfs security /tmp && cat /tmp/lsm' 2>/dev/null || :")
    if listed:
        assert (row["verdict"], row["found"]) == ("works", f"present: {listed}")
    else:
        assert row["found"].endswith("and what shows in securityfs alone") or row["verdict"] == "missing"


def test_it_tells_where_the_controllers_are(machine: Machine) -> None:
    mounts = [line.split() for line in machine.sh("cat /proc/self/mountinfo").splitlines()]
    rows = [row for row in checks.machine_of(machine)["features"] if row["key"].endswith("-controller") or row["key"] == "freezer"]
    assert len(rows) == 14
    for row in rows:
        assert ("mountPoint" in row) == ("version" in row) == (row["verdict"] == "works"), row
        if "mountPoint" in row:
            [mount] = [fields for fields in mounts if fields[4] == row["mountPoint"]][-1:]
            assert mount[mount.index("-") + 1] in (("cgroup", "cpuset") if row["version"] == 1 else ("cgroup2",))


def test_it_leaves_nothing(machine: Machine) -> None:
    """Neither when the data directory is there nor when it would have to be made."""
    before = machine.sh("cat /proc/self/mountinfo")
    checks.machine_of(machine)
    bundle = machine.bundle(shell("exit 0"))
    machine.call("check", "--bundle", bundle.path)
    missing = machine.new_folder(lasting=True)
    checks.document(machine.run([machine.apus, "--data-root", f"{missing}/a/b", "check", "--json"]))
    assert machine.sh(f"ls -A {missing}") == ""
    assert leftovers(machine) == ""
    assert machine.sh("cat /proc/self/mountinfo") == before


def test_a_data_directory_on_which_nothing_can_be_made_takes_no_overlay(machine: Machine) -> None:
    folder = machine.new_folder()
    machine.sh(f"mount -t tmpfs -o ro none {folder}")
    try:
        rows = checks.features(checks.document(machine.run([machine.apus, "--data-root", folder, "check", "--json"])))
    finally:
        machine.sh(f"umount {folder}")
    assert rows["data-overlay"]["verdict"] == "missing"
    assert "read-only file system" in rows["data-overlay"]["found"].lower()


def test_the_data_directory_is_where_a_link_on_the_way_leads(machine: Machine) -> None:
    folder, lasting = machine.new_folder(), machine.new_folder(lasting=True)
    machine.sh(f"mount -t tmpfs none {folder}; ln -s {folder} {lasting}/link")
    try:
        rows = checks.features(checks.document(machine.run([machine.apus, "--data-root", f"{lasting}/link/a", "check", "--json"])))
    finally:
        machine.sh(f"umount {folder}; rm {lasting}/link")
    assert rows["data-overlay"]["found"].endswith(f"{folder} is on tmpfs")


def test_the_text_says_the_same(machine: Machine) -> None:
    result = machine.call("check")
    said = checks.machine_of(machine)
    assert result.status == checks.STATUSES[said["verdict"]]
    assert "\x1b" not in result.text
    assert result.lines[0].startswith(f"Linux {said['kernel']}: {said['verdict']}")
    for row in said["features"]:
        mark = {"works": "+", "stand-in": "~", "unknown": "?", "missing": "." if row["weight"] == "extra" else "-"}[row["verdict"]]
        [at] = [number for number, line in enumerate(result.lines) if re.match(rf"\{mark} {re.escape(row['name'])}( \(CONFIG_|:|$)", line)]
        for option, state in row["options"].items():
            assert (option if state == "?" else f"{option}={state}") in result.lines[at]
        if row["verdict"] in ("missing", "stand-in"):
            block = "\n".join(result.lines[at + 1 : at + 6])
            assert f"    instead: {row['instead'] if row['verdict'] == 'stand-in' else 'nothing'}\n" in block
            assert f"    remedy: {row['remedy']}" in block
            assert row["verdict"] == "missing" or f"    which costs: {row['costs']}\n" in block


def test_what_the_kernel_says_of_itself_is_quoted(machine: Machine) -> None:
    known = machine.run(["test", "-e", "/proc/config.gz"]).status == 0
    said = checks.machine_of(machine)
    assert said["configurationKnown"] == known
    lines = machine.sh("zcat /proc/config.gz").splitlines() if known else []
    for row in said["features"]:
        for option, state in row["options"].items():
            assert state == (next((line.split("=")[1] for line in lines if line.startswith(f"{option}=")), "n") if known else "?")


@pytest.mark.native
def test_there_is_colour_on_a_terminal_unless_it_is_not_wanted(native: Machine) -> None:
    with on_a_terminal(native.words("check")) as terminal:
        terminal.wait()
        assert b"\x1b[32m+\x1b[0m mount namespaces" in terminal.output
    with on_a_terminal(["env", "NO_COLOR=1", *native.words("check")]) as terminal:
        terminal.wait()
        assert b"mount namespaces" in terminal.output and b"\x1b" not in terminal.output


@pytest.mark.native
@pytest.mark.parametrize("call", CALLS)
def test_a_call_that_is_not_there_has_a_stand_in_and_degrades(native: Machine, call: str) -> None:
    said = checks.machine_of(native, deny_calls.without(native, call, []))
    plain = checks.machine_of(native)
    assert {row["key"] for row in said["features"] if row["verdict"] == "stand-in"} == CALLS[call][1] | {
        row["key"] for row in plain["features"] if row["verdict"] == "stand-in"
    }
    assert said["verdict"] == "degraded" and said["belowFilter"]


@pytest.mark.native
@pytest.mark.parametrize("answer", ["kill", "1"])
@pytest.mark.parametrize("call", CALLS)
def test_a_call_that_a_filter_kills_for_or_forbids_is_forbidden_and_apus_lives(native: Machine, call: str, answer: str) -> None:
    program = f"{native.lasting}/filter_calls"
    if not Path(program).exists():
        compiled.put(native, Path(__file__).with_name("filter_calls.c"), program)
    number, keys = CALLS[call]
    rows = checks.features(checks.machine_of(native, [program, answer, str(number), "--"]))
    for key in keys:
        assert rows[key]["found"].startswith("forbidden"), rows[key]
        assert rows[key].get("signal") == (31 if answer == "kill" else None)
        assert rows[key].get("errno") == (None if answer == "kill" else 1)
        assert "filter" in rows[key]["remedy"]


@pytest.mark.native
def test_who_is_not_root_is_told_so(native: Machine) -> None:
    said = checks.machine_of(native, ["setpriv", "--reuid=65534", "--clear-groups", "--inh-caps=-all"])
    rows = checks.features(said)
    assert said["verdict"] == "cannot run"
    assert rows["root-rights"]["verdict"] == "missing" and rows["root-rights"]["remedy"] == "start apus as root"
    assert rows["network-namespace"]["found"].startswith("forbidden")


@pytest.mark.parametrize("case", checks.AGREEMENTS, ids=lambda case: case.name.replace(" ", "-"))
def test_it_agrees_with_what_a_container_then_does(machine: Machine, case: checks.Agreement) -> None:
    checks.require_agreement(machine, case)
    assert leftovers(machine) == ""


def test_it_answers_for_an_image_as_the_image_then_runs(machine: Machine) -> None:
    name = machine.image("busybox")
    said = checks.document(machine.call("check", "--json", "--image", name))["container"]
    assert (said["verdict"] == "cannot run") == (machine.run_image("true").status != 0)
    assert {asked["key"] for asked in said["asks"] if "key" in asked} >= {"pid-namespace", "data-overlay", "seccomp", "proc"}


def test_an_image_that_is_not_there_is_an_error(machine: Machine) -> None:
    machine.call("check", "--image", "apus-no-such-image").failed("apus-no-such-image", status=1)
    machine.run([machine.apus, "--data-root", f"{machine.lasting}/nowhere", "check", "--image", "busybox"]).failed("nowhere", status=1)
    assert machine.run(["test", "-e", f"{machine.lasting}/nowhere"]).status != 0


def test_what_is_wrong_with_a_configuration_is_told_as_run_tells_it(machine: Machine) -> None:
    bundle = machine.bundle(b'{"ociVersion": "1.0.2", "root": {"path": 7}}')
    checked = machine.call("check", "--bundle", bundle.path)
    assert checked.failed("config.json", "root.path", status=1).error == bundle.run().error


def test_the_text_for_a_container_names_what_it_asks_for(machine: Machine) -> None:
    configuration = shell("exit 0")
    configuration["mounts"].append({"destination": "/tmp/here", "type": "apusfs", "source": "here"})
    result = machine.call("check", "--bundle", machine.bundle(configuration).path)
    assert result.status == 4
    assert "config.json: cannot run" in result.lines[0]
    assert f"- mounts[{len(configuration['mounts']) - 1}]: file system apusfs" in result.lines


def test_two_containers_at_once_are_refused(machine: Machine) -> None:
    machine.call("check", "--bundle", "/", "--image", "busybox").failed("two containers", status=2)


def test_other_formats_are_refused(machine: Machine) -> None:
    machine.call("check", "--format", "yaml").failed("--format: yaml", status=2)


def test_format_json_is_the_same(machine: Machine) -> None:
    assert machine.call("check", "--format", "json").text == machine.call("check", "--json").text


@pytest.mark.native
def test_the_page_about_kernels_says_what_the_table_says(native: Machine) -> None:
    page = ROOT / "docs" / "kernels.md"
    text = page.read_text()
    assert kernels_page.renewed(text, checks.machine_of(native)["features"]) == text, "renew it with: Tests/EndToEnd/kernels_page.py APUS"
