"""Behaviours 9 to 12, 14 and 17 of shared/reference/oci-runtimes.md, 3b: /proc, /sys and /dev of an image are not taken for what they are not."""

from __future__ import annotations

from typing import Any

import pytest
from left_alone import running
from machines import Machine
from specs import shell, spec

FOREVER = "while :; do sleep 1; done"


def bind(destination: str, source: str, *options: str) -> dict[str, Any]:
    return {"destination": destination, "type": "bind", "source": source, "options": ["bind", *options]}


def without_mounts(document: dict[str, Any], prefix: str) -> dict[str, Any]:
    """The config.json without the mounts below a folder."""
    document["mounts"] = [entry for entry in document["mounts"] if not entry["destination"].startswith(prefix)]
    return document


@pytest.mark.parametrize("target", ["proc", "sys"])
@pytest.mark.parametrize("kind", ["own", "bind"])
@pytest.mark.parametrize("link", ["elsewhere", "/", "/tmp", "../../../../../../proc", "self"])
def test_security_09_cve_2025_54867_proc_and_sys_must_not_be_links(machine: Machine, target: str, kind: str, link: str) -> None:
    # CVE-2019-16884, CVE-2019-19921, CVE-2023-27561, CVE-2025-54867: or the checks of what is below mean nothing.
    root = machine.new_root()
    machine.sh(f"rmdir {root}/{target} && mkdir {root}/elsewhere && ln -s {link} {root}/{target}")
    document = shell("exit 0")
    index = next(number for number, mount in enumerate(document["mounts"]) if mount["destination"] == f"/{target}")
    if kind == "bind":
        document["mounts"][index] = bind(f"/{target}", f"/{target}", "rbind")
    machine.run_bundle(document, root).failed(f"mounts[{index}]", f"/{target} must be mounted on ordinary directory")
    assert machine.sh(f"ls -A {root}/elsewhere") == ""


@pytest.mark.parametrize("kind", ["tmpfs", "bind"])
@pytest.mark.parametrize("target", ["/proc", "/proc/sys", "/proc/1", "/proc/sysrq-trigger", "/dev/../proc/sys", "/proc/self/fd", "proc/self"])
def test_security_10_nothing_is_mounted_on_proc_or_below(machine: Machine, kind: str, target: str) -> None:
    document = shell("exit 0")
    source = machine.new_folder()
    document["mounts"].append({"destination": target, "type": "tmpfs", "source": "tmpfs"} if kind == "tmpfs" else bind(target, source))
    machine.run_bundle(document).failed("mounts[6].destination")


@pytest.mark.parametrize("target", ["/data", "/tmp/../proc/self/attr", "/data/self/attr"])
@pytest.mark.parametrize("options", [["bind"], []])
def test_security_10_nor_under_another_name(machine: Machine, target: str, options: list[str]) -> None:
    # CVE-2019-19921: a link of the image takes a volume there.
    root = machine.new_root()
    machine.sh(f"ln -s proc {root}/data")
    document = shell("echo it runs")
    document["mounts"].append({"destination": target, "type": "bind" if options else "tmpfs", "source": machine.new_folder(), "options": options})
    machine.run_bundle(document, root).failed("mounts[6].destination", "/proc")


def test_security_10_but_what_lxcfs_provides(machine: Machine) -> None:
    folder = machine.new_folder()
    machine.sh(f"echo mine >{folder}/file")
    places = ["/proc/uptime", *machine.sh("ls /proc/sys/crypto/fips_enabled 2>/dev/null || :").split()]
    document = shell("cat " + " ".join(places))
    document["mounts"] += [bind(place, f"{folder}/file") for place in places]
    assert machine.run_bundle(document).succeeded().lines == ["mine"] * len(places)


@pytest.mark.parametrize("up", ["", "../../../../../../../.."])
@pytest.mark.parametrize("terminal", [False, True])
def test_security_11_cve_2026_41579_a_dev_that_is_a_link_to_the_host_is_not_followed(machine: Machine, up: str, terminal: bool) -> None:
    # CVE-2026-41579, CVE-2026-47766.
    outside, root = machine.new_folder(), machine.new_root()
    machine.sh(f"rmdir {root}/dev && ln -s {up}{outside} {root}/dev")
    document = spec("/bin/true", terminal=terminal)
    machine.run_bundle(document, root)
    document["linux"]["devices"] = [{"path": "/dev/deep/device", "type": "c", "major": 1, "minor": 3, "fileMode": 0o666}]
    machine.run_bundle(without_mounts(document, "/dev"), root)
    assert machine.sh(f"ls -A {outside}") == ""


def test_security_11_cve_2026_47766_a_node_of_the_image_that_is_a_link_is_not_followed(machine: Machine) -> None:
    outside, root = machine.new_folder(), machine.new_root()
    machine.sh(f"echo untouched >{outside}/file; chmod 600 {outside}/file; chown 7:7 {outside}/file; ln -s ../../../../../../../..{outside}/file {root}/dev/null")
    machine.run_bundle(without_mounts(spec("/bin/true"), "/dev"), root).failed("/dev/null")
    assert machine.sh(f"cat {outside}/file; stat -c '%a %u:%g' {outside}/file") == "untouched\n600 7:7\n"


def test_security_11_a_bound_dev_stays_as_the_host_has_it(machine: Machine) -> None:
    bound = machine.new_folder()
    machine.sh(f"mknod {bound}/null c 1 3; chmod 620 {bound}/null")
    before = machine.sh(f"ls -A {bound}; stat -c '%a %u:%g' {bound}/null")
    document = without_mounts(spec("/bin/true"), "/dev")
    document["mounts"].append(bind("/dev", bound))
    machine.run_bundle(document).succeeded()
    assert machine.sh(f"ls -A {bound}; stat -c '%a %u:%g' {bound}/null") == before


@pytest.mark.parametrize("false", ["ln -s /proc/sysrq-trigger {}", "ln -s /proc/sys/kernel/hostname {}", "mknod {} c 1 5", "echo secret >{}", "mkfifo {}"])
def test_security_12_cve_2025_31133_masking_is_not_fooled_by_a_false_dev_null(machine: Machine, false: str) -> None:
    # CVE-2025-31133: the file that covers must be the null device, and not what stands at /dev/null inside.
    root, bound = machine.new_root(), machine.new_folder()
    machine.sh(f"{false.format(f'{bound}/null')}; echo secret >{root}/secret")
    document = shell("cat /secret; echo e2e-changed >/secret; cat /proc/sys/kernel/hostname")
    document = without_mounts(document, "/dev")
    document["mounts"].append(bind("/dev", bound))
    document["linux"]["maskedPaths"] = ["/secret"]
    document["linux"]["readonlyPaths"] = []
    result = machine.run_bundle(document, root)
    assert "secret" not in result.text and "e2e-changed" not in result.text
    # One in the image that is not the device is refused.
    machine.sh(f"{false.format(f'{root}/dev/null')}")
    machine.run_bundle(without_mounts(document, "/dev"), root).failed("/dev/null", "not the device 1:3")


#: What may stand at /dev/pts/ptmx, or at /dev/pts, and is no terminal multiplexer of a devpts.
FALSE = {
    "link": "mkdir {0}/pts; ln -s /dev/tty {0}/pts/ptmx",
    "link to the host's": "mkdir {0}/pts; ln -s ../../../../../../../../dev/pts/ptmx {0}/pts/ptmx",
    "node": "mkdir {0}/pts; mknod {0}/pts/ptmx c 5 2",
    "other node": "mkdir {0}/pts; mknod {0}/pts/ptmx c 1 3",
    "file": "mkdir {0}/pts; echo x >{0}/pts/ptmx",
    "pipe": "mkdir {0}/pts; mkfifo {0}/pts/ptmx",
    "pts is a link": "ln -s / {0}/pts",
    "nothing": "true",
}


@pytest.mark.parametrize("name", FALSE)
def test_security_14_cve_2025_52565_a_terminal_comes_from_a_devpts_alone(machine: Machine, name: str) -> None:
    # CVE-2025-52565.
    bound = machine.new_folder()
    machine.sh(FALSE[name].format(bound))
    document = without_mounts(shell(FOREVER, terminal=True), "/dev")
    document["mounts"].append(bind("/dev", bound))
    machine.run_bundle(document).failed("/dev/pts")
    document["process"]["terminal"] = False
    with running(machine, document) as bundle:
        machine.call("exec", "-t", bundle.id, "true").failed("/dev/pts", status=255)


def test_security_14_cve_2025_52565_what_is_mounted_over_the_multiplexer_is_not_opened(machine: Machine) -> None:
    # In a container that may mount, and that changes what exec finds there.
    script = "mknod /tmp/null c 1 3; mount -o bind /tmp/null /dev/pts/ptmx && echo ready; " + FOREVER
    document = shell(script)
    for kind in document["process"]["capabilities"].values():
        kind += ["CAP_SYS_ADMIN", "CAP_MKNOD"]
    with running(machine, document) as bundle:
        assert machine.sh(f"sleep 0.5; cat {bundle.path}/output") == "ready\n"
        machine.call("exec", "-t", bundle.id, "true").failed("/dev/pts/ptmx", status=255)


def test_security_17_the_standard_nodes_are_what_their_names_say(machine: Machine) -> None:
    script = """
        for name in null zero full random urandom tty; do stat -c '%n %F %a %t:%T %u:%g' /dev/$name; done
        for name in fd stdin stdout stderr ptmx; do readlink /dev/$name; done
    """
    lines = machine.run_bundle(shell(script)).succeeded().lines
    numbers = {"null": "1:3", "zero": "1:5", "full": "1:7", "random": "1:8", "urandom": "1:9", "tty": "5:0"}
    assert lines[:6] == [f"/dev/{name} character special file 666 {number} 0:0" for name, number in numbers.items()]
    assert lines[6:] == ["/proc/self/fd", "/proc/self/fd/0", "/proc/self/fd/1", "/proc/self/fd/2", "pts/ptmx"]


@pytest.mark.parametrize("there", ["mknod {} c 1 5", "mknod {} b 1 3", "echo x >{}", "mkdir {}", "mkfifo {}"])
def test_security_17_a_node_that_is_there_and_is_another_is_refused(machine: Machine, there: str) -> None:
    root = machine.new_root()
    machine.sh(there.format(f"{root}/dev/full"))
    machine.run_bundle(without_mounts(spec("/bin/true"), "/dev"), root).failed("/dev/full", "not the device 1:7")


def a_disk(machine: Machine, root: str) -> list[str]:
    """The number of a disk that the host can read; its node is made in the root, where only the device rules are in the way."""
    number = machine.sh(f"""
        for disk in /sys/block/*; do
          mknod -m 666 {root}/disk b $(tr : ' ' <$disk/dev)
          if head -c 1 {root}/disk >/dev/null 2>&1; then cat $disk/dev; exit 0; fi
          rm {root}/disk
        done
        exit 1
    """)
    return number.strip().split(":")


@pytest.mark.parametrize("allowed", [False, True])
def test_security_17_a_disk_can_be_opened_only_if_the_device_rules_allow_it_whatever_nodes_there_are(machine: Machine, allowed: bool) -> None:
    root = machine.new_root()
    major, minor = a_disk(machine, root)
    document = shell("head -c 1 /dev/zero | wc -c; head -c 1 /disk >/dev/null && echo opened")
    rule = {"allow": allowed, "type": "b", "major": int(major), "minor": int(minor), "access": "r"}
    document["linux"]["resources"]["devices"].append(rule)
    result = machine.run_bundle(document, root)
    assert result.lines == ["1", *(["opened"] if allowed else [])]
    assert ("Operation not permitted" in result.error) == (not allowed)


def test_security_17_nor_by_a_process_that_joins(machine: Machine) -> None:
    root = machine.new_root()
    major, minor = a_disk(machine, root)
    with running(machine, shell(FOREVER), root) as bundle:
        for words in (["head", "-c", "1", "/disk"], ["sh", "-c", f"mknod /tmp/disk b {major} {minor} && head -c 1 /tmp/disk"]):
            result = machine.call("exec", "--cap", "CAP_MKNOD", "--cap", "CAP_SYS_RAWIO", bundle.id, *words)
            # What is mounted at /tmp has no devices at all.
            assert result.status != 0 and result.stdout == b"" and ("not permitted" in result.error or "Permission denied" in result.error)
