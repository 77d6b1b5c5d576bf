"""How mounts spread between the container and the host: linux.rootfsPropagation, and the propagation of single mounts."""

from __future__ import annotations

import pytest
from machines import Machine
from specs import shell

ROOT_LINE = "awk '$5 == \"/\" { for (i = 7; $i != \"-\"; i++) printf \"%s \", $i; print \"\" }' /proc/self/mountinfo"

#: Runs a command, and fails with the mounts that are new after it. (Those of other programs here may go at any time, with the folders that they are on.)
UNCHANGED = """
cat /proc/self/mountinfo >"/tmp/before.$$"; "$@"
if diff "/tmp/before.$$" /proc/self/mountinfo | grep '^[>+]' >&2; then exit 9; fi
rm "/tmp/before.$$"
"""


def fields(text: str) -> set[str]:
    """The kinds among the optional fields of a line of mountinfo: `shared`, `master`, `unbindable`."""
    return {word.split(":")[0] for word in text.split()}


@pytest.mark.parametrize("propagation", ["slave", "rslave", "private", "rprivate", "shared", "rshared", "unbindable", "runbindable"])
@pytest.mark.parametrize("host", ["shared", "private"])
def test_the_propagation_of_the_root(machine: Machine, propagation: str, host: str) -> None:
    document = shell(ROOT_LINE)
    document["linux"]["rootfsPropagation"] = propagation
    root = machine.new_root()
    bundle = machine.bundle(document, root)
    # In a mount namespace of its own, so that the machine's is not touched: the root on a mount that is shared, or not.
    script = f"mount --bind {root} {root}; mount --make-r{host} /; {UNCHANGED}"
    found = fields(machine.run(["unshare", "-m", "sh", "-euc", script, "sh", *bundle.command]).succeeded().text)
    kind = propagation.removeprefix("r") if propagation != "runbindable" else "unbindable"
    if kind == "slave":
        assert found == ({"master"} if host == "shared" else set())
    elif kind == "private":
        assert found == set()
    else:
        assert kind in found and "master" not in found


BIND = """
mount -t tmpfs volume $1; mount --make-shared $1; mkdir $1/late; shift
"$@"
if grep -q ' late ' /proc/self/mountinfo; then echo reached; else echo kept; fi
"""


@pytest.mark.parametrize(
    ("root", "mount", "expected"),
    [("rshared", "rshared", "reached"), ("shared", "shared", "reached"), ("", "rslave", "kept"), ("rshared", "rprivate", "kept")],
)
def test_a_mount_in_a_shared_volume_reaches_the_host_only_if_that_is_asked_for(machine: Machine, root: str, mount: str, expected: str) -> None:
    folder = machine.new_folder()
    document = shell("mount -t tmpfs late /data/late && echo mounted")
    document["process"]["capabilities"] = {kind: ["CAP_SYS_ADMIN"] for kind in ("bounding", "effective", "permitted")}
    document["mounts"].append({"destination": "/data", "type": "bind", "source": folder, "options": ["rbind", mount]})
    if root:
        document["linux"]["rootfsPropagation"] = root
    command = machine.bundle(document, machine.new_root()).command
    result = machine.run(["unshare", "-m", "--propagation", "private", "sh", "-euc", BIND, "sh", folder, *command])
    assert result.succeeded().lines == ["mounted", expected]


def test_a_root_that_spreads_leaves_nothing_on_the_host(machine: Machine) -> None:
    folder, root = machine.new_folder(), machine.new_root()
    document = shell("exit 0")
    document["linux"]["rootfsPropagation"] = "rshared"
    document["mounts"].append({"destination": "/data", "type": "bind", "source": folder, "options": ["rbind", "rshared"]})
    script = f"mount --bind {root} {root}; mount --make-rshared /; {UNCHANGED}"
    machine.run(["unshare", "-m", "sh", "-euc", script, "sh", *machine.bundle(document, root).command]).succeeded()
