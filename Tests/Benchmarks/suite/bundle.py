"""The OCI bundle that every runtime gets."""

import json
import shutil
from pathlib import Path

from .processes import output_of


def make_bundle(folder: Path, arguments: list[str]) -> Path:
    """Makes a bundle of the static busybox at `folder`; its config.json is what Debian's `runc spec` writes, without a terminal and with a cgroup namespace."""
    binaries = folder / "rootfs/bin"
    binaries.mkdir(parents=True)
    for name in ("proc", "dev", "sys"):
        (folder / "rootfs" / name).mkdir()
    shutil.copy("/bin/busybox", binaries / "busybox")
    for applet in ("true", "sleep"):
        (binaries / applet).symlink_to("busybox")
    output_of(["runc", "spec", "--bundle", folder])
    file = folder / "config.json"
    config = json.loads(file.read_text())
    config["process"]["terminal"] = False
    config["process"]["args"] = arguments
    if all(namespace["type"] != "cgroup" for namespace in config["linux"]["namespaces"]):
        config["linux"]["namespaces"].append({"type": "cgroup"})
    file.write_text(json.dumps(config, indent=2))
    return folder
