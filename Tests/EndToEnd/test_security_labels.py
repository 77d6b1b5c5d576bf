"""Labels of security modules reach the kernel or are refused; what is written to /proc goes into procfs itself; each container has a key ring of its own."""

from __future__ import annotations

import deny_calls
import pytest
from machines import Machine
from specs import shell


def has_apparmor(machine: Machine) -> bool:
    """Whether AppArmor is at work there."""
    return machine.sh("cat /sys/module/apparmor/parameters/enabled 2>/dev/null || :") == "Y\n"


def has_selinux(machine: Machine) -> bool:
    """Whether SELinux is at work there."""
    return "selinuxfs" in machine.sh("cat /proc/filesystems")


def test_an_apparmor_profile_is_entered_or_refused(machine: Machine) -> None:
    document = shell("cat /proc/self/attr/apparmor/current 2>/dev/null || cat /proc/self/attr/current", apparmorProfile="unconfined")
    if has_apparmor(machine):
        assert machine.run_bundle(document).succeeded().text == "unconfined\n"
        document["process"]["apparmorProfile"] = "no-such-profile"
        machine.run_bundle(document).failed("process.apparmorProfile", "no profile no-such-profile is loaded")
    else:
        machine.run_bundle(document).failed("process.apparmorProfile", "CONFIG_SECURITY_APPARMOR")


def test_an_selinux_label_is_refused_where_there_is_no_selinux(machine: Machine) -> None:
    if has_selinux(machine):
        pytest.skip("SELinux is at work here")
    machine.run_bundle(shell("exit 0", selinuxLabel="system_u:system_r:x:s0")).failed("process.selinuxLabel", "CONFIG_SECURITY_SELINUX")
    document = shell("exit 0")
    document["linux"]["mountLabel"] = "system_u:object_r:x:s0"
    machine.run_bundle(document).failed("linux.mountLabel", "CONFIG_SECURITY_SELINUX")


def test_the_container_has_a_session_keyring_of_its_own(machine: Machine) -> None:
    document = shell("cat /proc/keys")
    document["linux"]["maskedPaths"] = []
    bundle = machine.bundle(document)
    rings = [line.split() for line in bundle.run().succeeded().lines if f"_ses.{bundle.id}" in line]
    assert len(rings) == 1, rings
    # All for the possessor; view, read, search and link for the user.
    assert (rings[0][4], rings[0][7]) == ("3f1b0000", "keyring")


@pytest.mark.native
def test_a_kernel_without_key_rings_runs_containers(native: Machine) -> None:
    bundle = native.bundle(shell("echo runs"))
    assert native.run(deny_calls.without(native, "keyctl", bundle.command)).succeeded().text == "runs\n"
