"""What SELinux denies is told with its reason: a device whose policy permits everything but to mount."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator

import pytest
from machines import Emulated, Machine
from specs import shell

from harness import Device, Options

pytestmark = pytest.mark.device

_INITIAL = (
    "kernel security unlabeled fs file file_labels init any_socket port netif netmsg node igmp_packet icmp_socket tcp_socket sysctl_modprobe sysctl sysctl_fs "
    "sysctl_kernel sysctl_net sysctl_net_unix sysctl_vm sysctl_dev kmod policy scmp_packet devnull"
).split()
#: One type for everything. The kernel permits what the policy does not know of (handleunknown), so that of the classes that stand here only is denied what stands here.
_POLICY = f"""
(handleunknown allow)
(class filesystem (mount))
(class process (transition dyntransition))
(classorder (filesystem process))
(sensitivity s0) (sensitivityorder (s0)) (category c0) (categoryorder (c0)) (sensitivitycategory s0 (c0))
(user u) (role r) (type thing) (userrole u r) (roletype r thing) (userlevel u (s0)) (userrange u ((s0) (s0 (c0))))
{"".join(f"(sid {name}) (sidcontext {name} (u r thing ((s0) (s0))))" for name in _INITIAL)}
(sidorder ({" ".join(_INITIAL)}))
(allow thing self (process (transition dyntransition)))
"""


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """A device with SELinux and the policy, which is not enforced yet."""
    folder = tmp_path_factory.mktemp("policy")
    (folder / "policy.cil").write_text(_POLICY)
    subprocess.run(["secilc", "-c", "33", "-o", "policy", "-f", "contexts", "policy.cil"], cwd=folder, check=True, timeout=60)
    with Device.boot(Options(append="lsm=selinux selinux=1")) as device:
        made = Emulated(device, "selinux")
        made.image("busybox")
        made.put(folder / "policy", "/tmp/policy")
        made.sh("mount -t selinuxfs selinuxfs /sys/fs/selinux; dd if=/tmp/policy of=/sys/fs/selinux/load bs=1M")
        yield made


@pytest.fixture
def enforcing(machine: Machine) -> Iterator[Machine]:
    """The policy is enforced for the length of a test, which mounts nothing besides."""
    machine.sh("echo 1 >/sys/fs/selinux/enforce")
    yield machine
    machine.sh("echo 0 >/sys/fs/selinux/enforce")


def test_a_denial_is_told_with_the_domain_and_the_rule_that_is_missing(enforcing: Machine) -> None:
    result = enforcing.run_image("true").failed("permission denied", status=125)
    assert "; SELinux denies u:r:thing { mount } on filesystem / of u:r:thing; a policy permits it by \"allow thing thing:filesystem { mount };\"" in result.error


def test_a_denial_in_the_new_process_is_told_by_the_command(enforcing: Machine) -> None:
    enforcing.run_bundle(shell("exit 0")).failed("SELinux denies u:r:thing { mount }", status=1)


def test_without_a_denial_permission_denied_stays_alone(enforcing: Machine) -> None:
    result = enforcing.call("--log", "/proc/sys/kernel/ostype", "list").failed("ostype: permission denied")
    assert "SELinux" not in result.error


def test_what_is_not_enforced_is_not_told(machine: Machine) -> None:
    assert machine.run_image("echo", "works").succeeded().text == "works\n"
