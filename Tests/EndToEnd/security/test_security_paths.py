"""Behaviours 5 to 8 and 24 of shared/reference/oci-runtimes.md, 3b: no path of an image or a volume leads the runtime out of the container's root."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import compiled
import deny_calls
import pytest
from machines import Machine
from specs import shell, spec

ALL = deny_calls.ALL
#: Also where the walk and the mounts have to do with older calls.
WAYS = [pytest.param("", id="this kernel"), *(pytest.param(calls, id=name) for name, calls in (("openat2", "openat2"), ("mount calls", deny_calls.MOUNTS), ("all", ALL)))]
HERE = Path(__file__).parent


def on(machine: Machine, calls: str, command: list[str]) -> list[str]:
    """The command, on a kernel without these calls."""
    return deny_calls.without(machine, calls, command) if calls else command


def mounting(*destinations: str, source: str = "/etc") -> dict[str, Any]:
    """A config.json that mounts a tmpfs, a bind mount and a proc-like system on each destination, all of which may fail."""
    document = shell("exit 0")
    for destination in destinations:
        document["mounts"] += [
            {"destination": destination, "type": "tmpfs", "source": "e2e-escaped"},
            {"destination": destination, "type": "bind", "source": source, "options": ["bind", "ro"]},
        ]
    return document


class Victim:
    """A folder of the host with a file, which stays as it is."""

    def __init__(self, machine: Machine) -> None:
        """Made empty, but for the file."""
        self.machine = machine
        self.path = machine.new_folder()
        machine.sh(f"echo untouched >{self.path}/file")
        self._mounts = self._table()

    def _table(self) -> str:
        return self.machine.sh(f"grep -F -e ' {self.path}' -e e2e-escaped /proc/self/mountinfo || :")

    def is_untouched(self) -> None:
        """Fails unless it is."""
        assert self.machine.sh(f"find {self.path} -mindepth 1; cat {self.path}/file") == f"{self.path}/file\nuntouched\n"
        assert self._table() == self._mounts == ""


@pytest.mark.parametrize("calls", WAYS)
@pytest.mark.parametrize("link", ["{}", "../../../../../../../../..{}", "/proc/self/root{}", "/proc/1/root{}", "/proc/self/cwd/../../../../..{}"])
def test_security_05_the_target_of_a_mount_is_resolved_inside_the_root(machine: Machine, link: str, calls: str) -> None:
    # CVE-2021-30465 and its kin.
    victim, root = Victim(machine), machine.new_root()
    machine.sh(f"ln -s {link.format(victim.path)} {root}/data")
    for destination in ("/data", "/data/below", "data"):
        machine.run(on(machine, calls, machine.bundle(mounting(destination), root).command))
    victim.is_untouched()


@pytest.mark.parametrize("calls", WAYS)
def test_security_06_a_link_to_nothing_on_the_way_is_resolved_inside_the_root(machine: Machine, calls: str) -> None:
    victim, root = Victim(machine), machine.new_root()
    machine.sh(f"ln -s {victim.path}/missing {root}/one && ln -s one/deeper {root}/two && ln -s ../../../../../../..{victim.path}/other {root}/three")
    for destination in ("/one", "/one/a/b", "/two/a", "/three/a", "/two"):
        machine.run(on(machine, calls, machine.bundle(mounting(destination), root).command))
    victim.is_untouched()


@pytest.mark.parametrize("calls", WAYS)
def test_security_07_cve_2021_30465_links_that_are_exchanged_meanwhile_lead_nowhere(machine: Machine, calls: str) -> None:
    # CVE-2021-30465, CVE-2024-45310: somebody in another container has the same volume.
    victim, root, volume = Victim(machine), machine.new_root(), machine.new_folder()
    compiled.put(machine, HERE / "exchange.c", f"{volume}.exchange")
    machine.sh(f"mkdir -p {volume}/folder/deep {root}/volume && ln -s {victim.path} {volume}/link")
    document = shell("exit 0")
    document["mounts"] += [
        {"destination": "/volume", "type": "bind", "source": volume, "options": ["bind"]},
        {"destination": "/volume/folder/deep", "type": "tmpfs", "source": "e2e-escaped"},
        {"destination": "/volume/folder/new/er", "type": "bind", "source": "/etc", "options": ["bind", "ro"]},
        {"destination": "/volume/folder", "type": "tmpfs", "source": "e2e-escaped"},
    ]
    rounds = 10 if machine.label != "native" else 25 if calls else 500
    command = on(machine, calls, machine.bundle(document, root).command)
    with machine.start([f"{volume}.exchange", volume, "folder", "link"]) as exchanging:
        assert exchanging.line() == "ready"
        words = " ".join(f"'{word}'" for word in command)
        # With the folder, and with a link that leads nowhere inside, it works; only where they are exchanged in between it may fail, which is often when the
        # machine does nothing else. That all failed would show nothing, so they go on until one has worked.
        machine.sh(f"""
            worked=0 round=0
            while [ $round -lt {rounds} ] || [ $worked = 0 ]; do
                if {words} >/dev/null 2>&1 </dev/null; then worked=1; fi
                round=$((round + 1))
                [ $round -lt {40 * rounds} ] || exit 1
            done
        """, limit=600)
    victim.is_untouched()


@pytest.mark.parametrize("calls", WAYS)
def test_security_08_cve_2024_45310_no_mount_point_is_made_outside_of_the_root(machine: Machine, calls: str) -> None:
    victim, root = Victim(machine), machine.new_root()
    machine.sh(f"ln -s {victim.path} {root}/a && mkdir {root}/b && ln -s ../../../../../../../..{victim.path} {root}/b/c")
    for destination in ("/a/b/c", "/b/c/d/e"):
        document = mounting(destination)
        # A file is made for a file.
        document["mounts"].append({"destination": f"{destination}/file", "type": "bind", "source": "/etc/hostname", "options": ["bind"]})
        machine.run(on(machine, calls, machine.bundle(document, root).command))
    document = spec("/bin/true", cwd="/a/made/for/cwd")
    machine.run(on(machine, calls, machine.bundle(document, root).command))
    victim.is_untouched()


def test_security_24_the_mount_table_of_the_host_is_the_same_before_and_after(machine: Machine) -> None:
    bundle = machine.bundle(mounting("/tmp/data"))
    command = " ".join(bundle.command)
    for propagation in ("private", "shared"):
        script = f"mount --make-r{propagation} /; cat /proc/self/mountinfo >{bundle.path}/before; {command}; cat /proc/self/mountinfo >{bundle.path}/after"
        machine.run(["unshare", "-m", "sh", "-c", script]).succeeded()
        assert machine.sh(f"cmp {bundle.path}/before {bundle.path}/after && wc -l <{bundle.path}/after").strip() != "0"


def test_security_24_mounts_of_the_container_do_not_reach_the_host_while_it_runs(machine: Machine) -> None:
    document = shell("echo ready; read wait")
    document["mounts"].append({"destination": "/mnt", "type": "tmpfs", "source": "e2e-visible"})
    with machine.start(machine.bundle(document, machine.new_root()).command) as running:
        assert running.line() == "ready"
        assert "e2e-visible" not in machine.sh("cat /proc/self/mountinfo")
        running.stdin.close()
        assert running.wait() in (0, 1)


@pytest.mark.parametrize("propagation", ["private", "slave"])
def test_security_24_mounts_do_not_reach_the_host_from_a_root_on_a_shared_mount(machine: Machine, propagation: str) -> None:
    root = machine.new_root()
    document = shell("exit 0")
    document["linux"]["rootfsPropagation"] = propagation
    bundle = machine.bundle(document, root)
    script = f"""
        mount --make-rshared /; mount -o bind {root} {root}; mount --make-shared {root}
        cat /proc/self/mountinfo >{bundle.path}/before; "$@"; cat /proc/self/mountinfo >{bundle.path}/after
    """
    machine.run(["unshare", "-m", "sh", "-ec", script, "sh", *bundle.command]).succeeded()
    machine.sh(f"cmp {bundle.path}/before {bundle.path}/after && [ -s {bundle.path}/after ]")
