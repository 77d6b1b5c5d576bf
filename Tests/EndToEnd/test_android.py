"""What is different on Android: a machine with the properties of its init, the phone kernel and Android's cgroup layout."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from machines import Emulated, Machine
from specs import shell, spec

from harness import Device, Options

pytestmark = pytest.mark.device
WITHOUT = ("--best-effort", "pid-namespace,ipc-namespace")


@pytest.fixture(scope="module")
def android() -> Iterator[Machine]:
    """A phone's device, which has what Apus knows Android by."""
    with Device.boot(Options(kernel="phone", cgroups="android")) as device:
        machine = Emulated(device, "phone")
        machine.sh("mkdir -m 0711 /dev/__properties__")
        yield machine


def test_a_process_may_use_the_network_and_has_the_group_for_it(android: Machine) -> None:
    assert android.run_image("id", "-G").succeeded().text.split()[1:] == ["3003"]
    bundle = android.bundle(spec("/bin/id", "-G", user={"uid": 5, "gid": 6, "additionalGids": [7]}))
    groups = android.call("run", *WITHOUT, "--bundle", bundle.path, bundle.id).succeeded().text.split()
    assert groups[1:] == ["7", "3003"]


def test_the_session_keyring_stays_that_of_the_caller_with_its_keys_for_files(android: Machine) -> None:
    document = shell("cat /proc/keys")
    document["linux"]["maskedPaths"] = []
    bundle = android.bundle(document)
    assert "_ses." not in android.call("run", *WITHOUT, "--bundle", bundle.path, bundle.id).succeeded().text


def test_the_folders_are_where_android_has_room(android: Machine) -> None:
    name = android.new_name()
    android.sh(f"{android.apus} image import --name {name} {android.layout('busybox')}; {android.apus} image run {name} -- true 2>/dev/null")
    android.sh("ls -d /dev/apus /data/apus/layers")
    android.sh(f"{android.apus} image remove {name}; rm -r /data/apus /dev/apus")


def test_without_name_servers_the_hosts_network_is_told_to_have_none(android: Machine) -> None:
    android.sh("[ ! -e /etc/resolv.conf ]")
    result = android.run_image("true", options=["--network", "host"]).succeeded()
    assert "knows no name servers" in result.error
    assert android.run_image("cat", "/etc/resolv.conf", options=["--network", "host", "--dns", "192.0.2.1"]).text == "nameserver 192.0.2.1\n"


def test_devices_work_although_data_lets_none(android: Machine) -> None:
    android.sh("mount -o remount,nodev,nosuid /data")
    try:
        assert android.run_image("sh", "-c", "echo x >/dev/null && head -c 3 /dev/zero | wc -c").succeeded().text == "3\n"
    finally:
        android.sh("mount -o remount,dev,suid /data")
