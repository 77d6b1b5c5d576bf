"""Network devices that config.json moves into the container (`linux.netDevices`). Apus runs in a network namespace of the test's own, in which it makes pairs of
virtual Ethernet devices, so that nothing of this machine's network is touched."""

from __future__ import annotations

import json
import shlex
from typing import Any

import pytest
from machines import Machine, Result
from specs import shell
from user_namespaces import namespace

SHOW = "cd /sys/class/net; for device in *; do [ $device = lo ] || echo $device $(cat $device/mtu) $(cat $device/flags); done; ip addr show"


LIST = "ip -o link | cut -d : -f 2 | cut -d @ -f 1"

#: Makes a pair with these two names. The ip of busybox takes no name for the second.
PAIR = 'pair() { ip link add $1 type veth peer name $2; ip link show $2 >/dev/null 2>&1 || ip link set veth0 name $2; }'


def moving(devices: dict[str, Any], script: str = SHOW) -> dict[str, Any]:
    document = shell(script)
    document["linux"]["netDevices"] = devices
    return document


def in_own_network(machine: Machine, script: str) -> Result:
    """Runs a script in a new network namespace with a pair of devices, v0 and v1; the namespace ends with it."""
    prepared = f"{PAIR}; pair v0 v1; {script}"
    return machine.run(["unshare", "--net", "--mount", "sh", "-euc", prepared])


def run(machine: Machine, document: dict[str, Any]) -> str:
    return shlex.join(machine.bundle(document).command)


def test_a_device_is_moved_with_its_addresses_and_attributes(machine: Machine) -> None:
    prepare = "ip link set v0 mtu 1400 address 02:00:00:00:00:77; ip addr add 10.1.2.3/24 dev v0; ip addr add fd00::7/64 dev v0"
    result = in_own_network(machine, f"{prepare}; {run(machine, moving({'v0': {}}))}; echo host; {LIST}").succeeded()
    assert "v0 1400 0x1003" in result.lines, result.text
    assert "link/ether 02:00:00:00:00:77" in result.text
    assert "inet 10.1.2.3/24" in result.text and "inet6 fd00::7/64 scope global" in result.text
    # It went, and with its network namespace it ends, as virtual devices do.
    assert "v0" not in result.text.split("host\n")[-1].split()


def test_addresses_of_a_smaller_scope_stay_behind(machine: Machine) -> None:
    prepare = "ip addr add 10.1.2.3/24 dev v0; ip addr add 10.9.9.9/24 scope host dev v0; ip addr add 10.8.8.8/24 scope link dev v0"
    result = in_own_network(machine, f"{prepare}; {run(machine, moving({'v0': {}}))}").succeeded()
    assert "10.1.2.3/24" in result.text and "10.9.9.9" not in result.text and "10.8.8.8" not in result.text


def test_a_device_gets_another_name(machine: Machine) -> None:
    result = in_own_network(machine, f"ip link set v0 up; ip addr add 10.1.2.3/24 dev v0; {run(machine, moving({'v0': {'name': 'inside0'}}))}").succeeded()
    assert "inside0 1500 0x1003" in result.lines and "10.1.2.3/24" in result.text


def test_several_devices(machine: Machine) -> None:
    result = in_own_network(machine, run(machine, moving({"v0": {"name": "a"}, "v1": {"name": "b"}}))).succeeded()
    assert [line.split()[0] for line in result.lines[:2]] == ["a", "b"]


def test_a_container_with_users_of_its_own_gets_one(machine: Machine) -> None:
    document = moving({"v0": {"name": "in0"}})
    document["linux"]["namespaces"].append({"type": "user"})
    for kind in ("uidMappings", "gidMappings"):
        document["linux"][kind] = [{"containerID": 0, "hostID": 100000, "size": 65536}]
    result = in_own_network(machine, f"ip addr add 10.1.2.3/24 dev v0; {run(machine, document)}").succeeded()
    assert "in0 1500 0x1003" in result.lines and "10.1.2.3/24" in result.text


def joining(machine: Machine, devices: dict[str, Any], inside: str, after: str) -> Result:
    """Runs a container in a network namespace that is there, in which `inside` has run before, and `after` runs at the end."""
    document = moving(devices, "exit 0")
    namespace(document, "network")["path"] = "/run/apus-test-net"
    return in_own_network(machine, f"""
        touch /run/apus-test-net; unshare --net=/run/apus-test-net sh -euc {shlex.quote(f"{PAIR}; {inside}")}
        status=0; {run(machine, document)} || status=$?
        nsenter --net=/run/apus-test-net sh -euc {shlex.quote(after)}
        echo host; ip -o link | cut -d : -f 2 | cut -d @ -f 1
        umount /run/apus-test-net; rm /run/apus-test-net; exit $status
    """)


def test_a_namespace_that_is_joined_keeps_the_device(machine: Machine) -> None:
    result = joining(machine, {"v0": {}}, "true", LIST).succeeded()
    assert result.text.split() == ["lo", "v0", "host", "lo", "v1"]


def test_a_name_that_is_taken_is_refused_and_nothing_moves(machine: Machine) -> None:
    result = joining(machine, {"v1": {}, "v0": {"name": "taken"}}, "pair taken other", LIST)
    assert result.status == 1
    assert "linux.netDevices.v0: the network namespace of the container has a device taken already" in result.error
    assert sorted(result.text.split("host")[1].split()) == ["lo", "v0", "v1"]


def test_the_kernel_numbers_a_name_that_ends_in_a_percent_sign_and_d(machine: Machine) -> None:
    devices = {"v0": {"name": "n%d"}, "v1": {"name": "n%d"}}
    result = joining(machine, devices, "pair n0 other", LIST).succeeded()
    assert sorted(result.text.split("host")[0].split()) == ["lo", "n0", "n1", "n2", "other"]


def test_a_device_that_is_not_there(machine: Machine) -> None:
    result = in_own_network(machine, f"{run(machine, moving({'v1': {}, 'nothere': {}}))} || echo status $?; {LIST}")
    assert "linux.netDevices.nothere: the network namespace of the runtime has no such device" in result.error
    assert result.text.split()[:2] == ["status", "1"] and sorted(result.text.split()[2:]) == ["lo", "v0", "v1"]


@pytest.mark.parametrize("what", ["hook", "mount", "program"])
def test_devices_come_back_when_the_container_is_not_made(machine: Machine, what: str) -> None:
    document = moving({"v0": {"name": "in0"}})
    if what == "hook":
        document["hooks"] = {"createRuntime": [{"path": "/bin/false"}]}
    elif what == "mount":
        document["mounts"].append({"destination": "/data", "type": "bind", "source": "/not/there", "options": ["bind"]})
    else:
        document["process"]["args"] = ["/not/there"]
    prepare = "ip addr add 10.1.2.3/24 dev v0; ip link set v0 up; ip link set v1 up"
    result = in_own_network(machine, f"{prepare}; {run(machine, document)} || echo status $?; ip addr show dev v0")
    assert "status 1" in result.lines
    assert "inet 10.1.2.3/24" in result.text and ",UP,LOWER_UP>" in result.text


def test_the_network_of_the_runtime_is_no_containers(machine: Machine) -> None:
    document = moving({"v0": {}})
    namespace(document, "network")["path"] = "/proc/self/ns/net"
    result = in_own_network(machine, f"{run(machine, document)} || echo status $?; {LIST}")
    assert "linux.netDevices.v0: the namespace /proc/self/ns/net is the one that apus runs in" in result.error
    assert sorted(result.text.split()[2:]) == ["lo", "v0", "v1"]


def test_features_tells_it(machine: Machine) -> None:
    assert json.loads(machine.call("features").succeeded().text)["linux"]["netDevices"] == {"enabled": True}
