"""The engines themselves, as Debian builds them. Their packages are unpacked into the cache and never installed: an installed engine would start its daemon,
change the machine's firewall, and take the place of the engine that its owner may have from somewhere else.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from machines import ROOT

sys.path.insert(0, str(ROOT / "cross"))

from harness import places  # noqa: E402  (the line above makes it importable)
from harness.packages import Archive  # noqa: E402
from harness.tools import notice  # noqa: E402

#: Where each program is in the packages, by the name that it gets. The libraries that they need are in packages.txt.
PROGRAMS = {
    "buildah": "usr/bin/buildah",
    "catatonit": "usr/bin/catatonit",
    "conmon": "usr/bin/conmon",
    "containerd": "usr/bin/containerd",
    "containerd-shim-runc-v2": "usr/bin/containerd-shim-runc-v2",
    "ctr": "usr/bin/ctr",
    "docker": "usr/bin/docker",
    "docker-init": "usr/bin/tini-static",
    "dockerd": "usr/sbin/dockerd",
    "podman": "usr/bin/podman",
}

PACKAGES = ("buildah", "catatonit", "conmon", "containerd", "docker.io", "podman", "tini")

#: What containerd and its client are on a device: they need the C library alone.
DEVICE_PROGRAMS = ("containerd", "containerd-shim-runc-v2", "ctr")
DEVICE_PACKAGES = ("containerd",)


def programs(architecture: str = "amd64") -> Path:
    """The folder with the engines' programs for an architecture (Debian's name of it), from the cache; fetched when it is not there."""
    names, packages = (tuple(PROGRAMS), PACKAGES) if architecture == "amd64" else (DEVICE_PROGRAMS, DEVICE_PACKAGES)
    recipe = places.recipe_hash(*(word.encode() for word in (*names, *(PROGRAMS[name] for name in names), *packages)))
    folder = places.cache() / "engines" / f"{architecture}-{recipe}"
    with places.locked(folder.with_suffix(".lock")):
        if not folder.exists():
            notice("fetching the container engines from Debian; they stay in the cache")
            with places.staged(folder) as stage:
                tree = stage / "packages"
                versions = Archive(architecture).unpack(packages, tree)
                for name in names:
                    shutil.copyfile(tree / PROGRAMS[name], stage / name)
                    (stage / name).chmod(0o755)
                shutil.rmtree(tree)
                (stage / "versions").write_text("".join(f"{name} {version}\n" for name, version in sorted(versions.items())))
    return folder
