"""A root that is moved over the host's (--no-pivot), for machines whose own root is the first RAM disk."""

from __future__ import annotations

import pytest
from machines import Machine
from specs import shell
from test_propagation import UNCHANGED


def run(machine: Machine, document: dict, *options: str, root: str = "", before: str = "") -> list[str]:
    """Runs it with the root moved, in a mount namespace where nothing may be new afterwards; gives the lines of its output."""
    bundle = machine.bundle(document, root)
    command = machine.words("run", "--bundle", bundle.path, *options, bundle.id)
    return machine.run(["unshare", "-m", "sh", "-euc", before + UNCHANGED, "sh", *command]).succeeded().lines


def test_the_container_is_as_with_pivot_root(machine: Machine) -> None:
    script = "ls /; cat /proc/1/comm; grep -c . /proc/self/mounts; touch /x 2>/dev/null || echo read-only; cd /; cd ../../..; ls -d bin; readlink /proc/self/root"
    usual, moved = run(machine, shell(script)), run(machine, shell(script), "--no-pivot")
    assert usual == moved


@pytest.mark.native
@pytest.mark.parametrize("host", ["private", "shared"])
@pytest.mark.parametrize("propagation", ["", "rshared"])
def test_nothing_reaches_the_host(native: Machine, host: str, propagation: str) -> None:
    document = shell("echo runs")
    if propagation:
        document["linux"]["rootfsPropagation"] = propagation
    root = native.new_root()
    before = f"mount --bind {root} {root}; mount --make-r{host} /; ls /proc/self >/dev/null; ls /sys/fs >/dev/null\n"
    assert run(native, document, "--no-pivot", root=root, before=before) == ["runs"]


@pytest.mark.native
def test_without_a_session_keyring_the_callers_is_kept(native: Machine) -> None:
    document = shell("cat /proc/keys")
    document["linux"]["maskedPaths"] = []
    bundle = native.bundle(document)
    command = native.words("run", "--bundle", bundle.path, "--no-new-keyring", bundle.id)
    assert f"_ses.{bundle.id}" not in native.run(command).succeeded().text
