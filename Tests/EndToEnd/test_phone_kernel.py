"""On a phone's kernel the same binary starts, and says what that kernel lacks instead of doing without."""

from __future__ import annotations

from collections.abc import Iterator

import checks
import pytest
from machines import Emulated, Machine
from specs import shell

from harness import Device, Options

pytestmark = pytest.mark.device


@pytest.fixture(scope="module")
def phone() -> Iterator[Machine]:
    """A device with the phone kernel and Android's cgroup layout."""
    with Device.boot(Options(kernel="phone", cgroups="android")) as device:
        yield Emulated(device, "phone")


def test_the_same_binary_starts(phone: Machine) -> None:
    assert "apus" in phone.call("--version").succeeded().text


def test_an_image_is_imported(phone: Machine) -> None:
    phone.image("redis")
    assert phone.call("image", "list").succeeded().lines[-1].startswith("redis")


def test_a_bundle_that_wants_a_pid_namespace_is_refused_with_the_option_of_the_kernel(phone: Machine) -> None:
    phone.run_bundle(shell("exit 0")).failed("CONFIG_PID_NS", status=1)
    assert phone.leftovers() == ""


def test_an_image_that_must_have_one_is_refused_in_the_same_way(phone: Machine) -> None:
    phone.run_image("true", options=["--require", "pid-namespace"]).failed("CONFIG_PID_NS", status=125)
    assert phone.leftovers() == ""


def test_another_namespace_that_it_lacks_is_named(phone: Machine) -> None:
    document = shell("exit 0")
    del document["hostname"]
    document["linux"]["namespaces"] = [{"type": "mount"}, {"type": "ipc"}]
    phone.run_bundle(document).failed("CONFIG_IPC_NS", status=1)
    assert phone.leftovers() == ""


def test_a_container_that_wants_only_what_the_kernel_has_runs(phone: Machine) -> None:
    document = shell("hostname; grep -c . /proc/self/mountinfo >/dev/null && exit 6")
    document["linux"]["namespaces"] = [{"type": name} for name in ("mount", "uts", "network")]
    document["linux"]["resources"] = {"memory": {"limit": 64 << 20}}
    result = phone.run_bundle(document)
    assert (result.status, result.text) == (6, "inside\n"), result.error
    assert phone.leftovers() == ""


def test_a_limit_on_processes_is_refused_with_the_option_of_the_kernel(phone: Machine) -> None:
    document = shell("exit 0")
    document["linux"]["namespaces"] = [{"type": name} for name in ("mount", "uts", "network")]
    document["linux"]["resources"] = {"pids": {"limit": 10}}
    phone.run_bundle(document).failed("CONFIG_CGROUP_PIDS", status=1)
    assert phone.leftovers() == ""


def test_a_power_cut_leaves_the_imported_image_whole(phone: Machine) -> None:
    assert isinstance(phone, Emulated)
    phone.image("busybox")
    phone.device.power_cut()
    phone.device.start()
    phone.prepare()
    assert {"busybox", "redis"} <= {line.split()[0] for line in phone.call("image", "list").succeeded().lines if line}


def test_check_tells_what_a_phone_lacks(phone: Machine) -> None:
    said = checks.machine_of(phone)
    assert said["verdict"] == "degraded"
    rows = checks.features(said)
    lacking = {
        "pid-namespace": "PID_NS", "ipc-namespace": "IPC_NS", "user-namespace": "USER_NS", "pids-controller": "CGROUP_PIDS", "cpu-quota": "CFS_BANDWIDTH",
        "mqueue": "POSIX_MQUEUE", "system-v-ipc": "SYSVIPC",
    }
    for key, option in lacking.items():
        assert rows[key]["verdict"] == ("missing" if key in ("mqueue", "system-v-ipc") else "stand-in"), rows[key]
        assert rows[key]["remedy"] == f"a kernel with CONFIG_{option}", rows[key]
        assert rows[key]["options"] == {f"CONFIG_{option}": "n"}
    present = ("mount-namespace", "uts-namespace", "network-namespace", "cgroup-namespace", "device-program", "freezer", "data-overlay", "seccomp", "erofs", "veth")
    for key in present:
        assert rows[key]["verdict"] == "works", rows[key]
    assert (rows["devices-controller"]["verdict"], rows["devices-controller"]["insteadNeeds"]) == ("stand-in", "device-program")
    places = {"memory-controller": "/dev/memcg", "cpu-controller": "/dev/cpuctl", "cpuset-controller": "/dev/cpuset"}
    assert {key: rows[key]["mountPoint"] for key in places} == places


@pytest.mark.parametrize("case", checks.AGREEMENTS, ids=lambda case: case.name.replace(" ", "-"))
def test_check_agrees_with_what_a_container_then_does(phone: Machine, case: checks.Agreement) -> None:
    checks.require_agreement(phone, case)
    assert phone.leftovers() == ""


def test_check_answers_for_an_image(phone: Machine) -> None:
    said = checks.document(phone.call("check", "--json", "--image", phone.image("redis")))["container"]
    assert said["verdict"] == "degraded"
    assert [sentence.split(": ")[1] for sentence in said["standIns"]] == ["pid-namespace", "ipc-namespace"]
    required = checks.document(phone.call("check", "--json", "--image", phone.image("redis"), "--require", "all"))["container"]
    assert (required["verdict"], required["standIns"]) == ("cannot run", [])
    assert {"pid-namespace", "ipc-namespace"} <= {asked["key"] for asked in required["asks"] if asked["verdict"] == "stand-in"}


def test_an_answer_takes_no_number_of_a_user(phone: Machine) -> None:
    phone.run_image("true").succeeded()
    before = phone.sh(f"cat {phone.store}/users")
    phone.call("check", "--json", "--image", phone.image("redis"))
    assert phone.sh(f"cat {phone.store}/users") == before
