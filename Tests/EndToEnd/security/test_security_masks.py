"""Behaviours 13, 15 and 16 of shared/reference/oci-runtimes.md, 3b: what is hidden, what is written through /proc, and what is the host's alone."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

import compiled
import deny_calls
import pytest
from left_alone import running
from machines import Machine, Result
from specs import MASKED, READ_ONLY, shell, spec
from user_namespaces import namespace

HERE = Path(__file__).parent
FOREVER = "while :; do sleep 1; done"


def test_security_13_masked_paths_are_empty_and_cannot_be_uncovered(machine: Machine) -> None:
    # Two that every kernel has: a file and a folder.
    paths = [*MASKED, "/proc/version", "/proc/tty"]
    script = f"""
        for path in {' '.join(paths)}; do
          [ -e $path ] || continue
          if [ -d $path ]; then [ -z "$(ls -A $path)" ] || echo "$path has content"; else [ -z "$(cat $path)" ] || echo "$path can be read"; fi
          if [ -f $path ]; then echo "$path is a plain file"; fi
          if [ -d $path ] && touch $path/new 2>/dev/null; then echo "$path can be written"; fi
          umount $path 2>&1 | grep -v 'Operation not permitted'
        done
        umount /proc/version 2>&1
        exit 0
    """
    document = shell(script)
    document["linux"]["maskedPaths"] = paths
    for kind in document["process"]["capabilities"].values():
        kind.append("CAP_DAC_OVERRIDE")
    expected = "umount: can't unmount /proc/version: Operation not permitted\n"
    assert machine.run_bundle(document).succeeded().text == expected
    with running(machine, document | shell(FOREVER, capabilities=document["process"]["capabilities"]) | {"linux": document["linux"]}) as bundle:
        assert machine.call("exec", bundle.id, "sh", "-c", script).succeeded().text == expected


def test_security_13_what_is_written_to_a_mask_is_gone_or_refused(machine: Machine) -> None:
    document = shell("echo x >/proc/version; cat /proc/version; echo x 2>/dev/null >/proc/tty/new || echo refused")
    document["linux"]["maskedPaths"] = ["/proc/version", "/proc/tty"]
    assert machine.run_bundle(document).succeeded().text == "refused\n"


def test_security_13_a_masked_path_that_is_not_there_is_no_error(machine: Machine) -> None:
    document = spec("/bin/true")
    document["linux"]["maskedPaths"] = ["/proc/not-there", "/not/there/either"]
    machine.run_bundle(document).succeeded()


def test_security_13_a_path_that_is_named_twice_is_one_mount(machine: Machine) -> None:
    document = shell("grep -c ' /proc/version ' /proc/self/mountinfo; grep -c ' /proc/tty ' /proc/self/mountinfo")
    document["linux"]["maskedPaths"] = ["/proc/version", "/proc/tty", "/proc/version", "/proc/tty/", "/proc/../proc/version"]
    assert machine.run_bundle(document).succeeded().lines == ["1", "1"]


@pytest.mark.native
def test_security_13_what_is_exchanged_meanwhile_does_not_become_a_mask(native: Machine) -> None:
    # The mask of the first folder is that of the others as well: it must not be another folder, which somebody with the same volume has put there meanwhile.
    volume, root = native.new_folder(), native.new_root()
    compiled.put(native, HERE / "exchange.c", f"{volume}.exchange")
    native.sh(f"mkdir -p {volume}/one {volume}/other {volume}/last {root}/volume && touch {volume}/other/shown {volume}/last/hidden")
    document = shell("ls /volume/last")
    document["mounts"].append({"destination": "/volume", "type": "bind", "source": volume, "options": ["bind"]})
    document["linux"]["maskedPaths"] = ["/volume/one", "/volume/last"]
    words = shlex.join(native.bundle(document, root).command)
    with native.start([f"{volume}.exchange", volume, "one", "other"]) as exchanging:
        assert exchanging.line() == "ready"
        assert native.sh(f"for i in $(seq 100); do {words} 2>/dev/null </dev/null || :; done", limit=300) == ""


def test_security_13_read_only_paths(machine: Machine) -> None:
    script = f"""
        for path in {' '.join(READ_ONLY)}; do
          [ -e $path ] || continue
          grep " $path " /proc/self/mountinfo | cut -d ' ' -f 6 | grep -q '^ro' || echo "$path is writable"
        done
        echo x >/proc/sys/kernel/domainname
    """
    result = machine.run_bundle(shell(script))
    assert result.stdout == b""
    assert "Read-only file system" in result.error


@pytest.mark.parametrize("kind", ["tmpfs", "bind"])
@pytest.mark.parametrize("target", ["/proc/self/attr", "/proc/self/attr/exec", "/proc/1/attr", "/proc/thread-self/attr"])
def test_security_15_nothing_is_mounted_where_labels_are_written(machine: Machine, kind: str, target: str) -> None:
    document = shell("exit 0")
    document["mounts"].append({"destination": target, "type": kind, "source": "/tmp", "options": ["bind"] if kind == "bind" else []})
    machine.run_bundle(document).failed("mounts[6].destination")


#: The command where a file of the host is mounted over a file of its /proc; then shows the file.
HIDDEN = """
mount -t tmpfs hidden {folder}; mkdir -p $(dirname {file}); echo untouched >{file}
status=0; "$@" || status=$?
cat {file}; exit $status
"""


def hidden(folder: str, file: str, command: list[str]) -> list[str]:
    """The command, with a tmpfs on `folder` of the host's /proc, which has `file`."""
    return ["unshare", "-m", "sh", "-c", HIDDEN.format(folder=folder, file=file), "sh", *command]


@pytest.mark.native
def test_security_15_cve_2025_52881_a_write_to_a_parameter_is_not_caught_by_a_mount_over_it(native: Machine) -> None:
    document = shell("cat /proc/sys/net/ipv4/ip_forward")
    document["linux"]["sysctl"] = {"net.ipv4.ip_forward": "1"}
    bundle = native.bundle(document)
    place = ("/proc/sys", "/proc/sys/net/ipv4/ip_forward")
    assert native.run(hidden(*place, bundle.command)).succeeded().lines == ["1", "untouched"]
    # Without open_tree(2) there is no /proc without the mount: refused, not written into the file.
    for calls in ("open_tree", "open_tree,openat2"):
        result = native.run(hidden(*place, deny_calls.without(native, calls, bundle.command)))
        assert result.status == 1
        assert result.text == "untouched\n"
        assert place[1] in result.error, result.error


@pytest.mark.native
def test_security_15_cve_2025_52881_a_write_of_the_oom_score_is_not_caught_by_a_mount_over_it(native: Machine) -> None:
    # By the process itself: what `self` means differs between the one who mounts and the one who writes, so the whole of /proc/PID is to be covered.
    script = "cat /proc/self/oom_score_adj"
    document = shell(f"{script}; {FOREVER}", oomScoreAdj=321)
    cover = """
        # The next processes: whatever the runtime's are.
        last=$(cut -d ' ' -f 5 /proc/loadavg)
        mount -t tmpfs hidden /proc/sys; "$@"
    """
    with running(native, document) as bundle:
        assert native.sh(f"cat {bundle.path}/output") in ("", "321\n")
        assert native.run(["unshare", "-m", "sh", "-c", cover, "sh", *native.words("exec", bundle.id, "sh", "-c", script)]).succeeded().text == "321\n"
    document = shell(script, oomScoreAdj=123)
    false = "mount -t tmpfs hidden /proc; mkdir -p /proc/self/attr; touch /proc/self/oom_score_adj; \"$@\""
    # A /proc that is none is refused.
    native.run(["unshare", "-m", "sh", "-c", false, "sh", *native.bundle(document).command]).failed("/proc")


@pytest.mark.parametrize("name", ["kernel.core_pattern", "kernel.randomize_va_space", "vm.overcommit_memory", "fs.file-max", "net/../kernel/panic"])
def test_security_16_a_parameter_of_the_host_is_refused(machine: Machine, name: str) -> None:
    document = spec("/bin/true")
    document["linux"]["sysctl"] = {name: "1"}
    machine.run_bundle(document).failed(f"linux.sysctl.{name}")


def test_security_16_a_parameter_of_the_network_is_refused_without_a_network_namespace(machine: Machine) -> None:
    before = machine.sh("cat /proc/sys/net/ipv4/ip_default_ttl")
    document = spec("/bin/true")
    document["linux"]["sysctl"] = {"net.ipv4.ip_default_ttl": "77"}
    document["linux"]["namespaces"] = [entry for entry in document["linux"]["namespaces"] if entry["type"] != "network"]
    machine.run_bundle(document).failed("net.ipv4.ip_default_ttl")
    assert machine.sh("cat /proc/sys/net/ipv4/ip_default_ttl") == before


@pytest.mark.parametrize(
    ("kind", "file", "members", "named"),
    [
        ("network", "net", {"linux": {"sysctl": {"net.ipv4.ip_default_ttl": "77"}}}, "linux.sysctl.net.ipv4.ip_default_ttl"),
        ("ipc", "ipc", {"linux": {"sysctl": {"kernel.msgmax": "4242"}}}, "linux.sysctl.kernel.msgmax"),
        ("uts", "uts", {"linux": {"sysctl": {"kernel.domainname": "other"}}}, "linux.sysctl.kernel.domainname"),
        ("uts", "uts", {"hostname": "other"}, "hostname"),
        ("uts", "uts", {"domainname": "other"}, "domainname"),
    ],
)
def test_security_16_nothing_is_set_in_a_namespace_of_the_callers_own(machine: Machine, kind: str, file: str, members: dict[str, Any], named: str) -> None:
    # A way around the rule that what is set needs a namespace of the container's own: to join the host's by its path. The host of the test is a made one.
    document = shell("echo it runs")
    del document["hostname"]
    namespace(document, kind)["path"] = f"/proc/self/ns/{file}"
    look = "{ hostname; cat /proc/sys/net/ipv4/ip_default_ttl /proc/sys/kernel/msgmax /proc/sys/kernel/domainname; }"
    script = f'{look} >$0/before; "$@"; status=$?; {look} >$0/after; cmp $0/before $0/after || exit 99; exit $status'

    def run() -> Result:
        bundle = machine.bundle(document)
        return machine.run(["unshare", "-n", "-i", "-u", "sh", "-c", script, bundle.path, *bundle.command])

    assert run().succeeded().text == "it runs\n"
    document["linux"] |= members.get("linux", {})
    document |= {name: value for name, value in members.items() if name != "linux"}
    run().failed(f"{named}: ", f"/proc/self/ns/{file}", status=1)
