"""Behaviour 23 of shared/reference/oci-runtimes.md, 3b: a root that is moved over the host's (--no-pivot) hides what of the host would help to get out."""

from __future__ import annotations

import pytest
from machines import Machine
from specs import CAPABILITIES, shell


@pytest.mark.parametrize("options", [[], ["--no-pivot"]])
def test_security_23_procfs_and_sysfs_of_the_host_are_hidden(machine: Machine, options: list[str]) -> None:
    # In a user namespace of its own (for which root needs CAP_SETFCAP) the kernel mounts them only if the mount namespace has them open already.
    script = """
        mkdir /tmp/at
        unshare -Urmpfn sh -c 'mount -t proc proc /tmp/at' 2>/dev/null && echo "procfs is open"
        unshare -Urmpfn sh -c 'mount -t sysfs sysfs /tmp/at' 2>/dev/null && echo "sysfs is open"
        unshare -Ur true && echo "user namespaces work"
    """
    capabilities = {kind: [*CAPABILITIES, "CAP_SYS_ADMIN", "CAP_SETFCAP"] for kind in ("bounding", "effective", "permitted")}
    document = shell(script, capabilities=capabilities)
    document["linux"]["maskedPaths"].append("/sys/kernel")
    bundle = machine.bundle(document)
    other = machine.new_folder()
    # The host of the test has one more of each, in a mount namespace of its own.
    before = f"mount --make-rprivate /; mkdir {other}/proc {other}/sys; mount -t proc other {other}/proc; mount -t sysfs other {other}/sys; exec \"$@\""
    command = machine.words("run", *options, "--bundle", bundle.path, bundle.id)
    assert machine.run(["unshare", "-m", "sh", "-euc", before, "sh", *command]).succeeded().lines == ["user namespaces work"]
