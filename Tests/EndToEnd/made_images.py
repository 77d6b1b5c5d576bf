"""Images that a test makes for itself: a busybox and whatever the test is about."""

from __future__ import annotations

import functools
import json
import tarfile
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import layouts
from machines import ROOT, Machine

PASSWD = b"root:x:0:0:root:/root:/bin/sh\nalice:x:1000:1001:Alice:/home/alice:/bin/sh\nbob:x:1002:1002::/home/bob:/bin/sh\n"
GROUP = b"root:x:0:\nalice:x:1001:\nbob:x:1002:\naudio:x:29:alice,bob\nvideo:x:44:bob,alice\nempty:x:50:\n"
_PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@functools.cache
def busybox(architecture: str) -> bytes:
    """The static busybox of the test image of that name."""
    place = ROOT / ".build" / "images" / architecture / "busybox"

    def blob(digest: str) -> Path:
        return place / "blobs" / digest.replace(":", "/")

    manifest = json.loads(blob(json.loads((place / "index.json").read_text())["manifests"][0]["digest"]).read_text())
    with tarfile.open(blob(manifest["layers"][0]["digest"])) as archive:
        content = archive.extractfile("usr/bin/busybox")
        assert content is not None
        return content.read()


def base(architecture: str) -> list[layouts.Entry]:
    """A shell and its tools, users and groups."""
    tools = ["sh", "id", "env", "cat", "ls", "pwd", "stat", "echo", "grep", "true", "touch", "readlink", "hostname", "head", "sleep"]
    return [
        layouts.folder("bin"), layouts.folder("etc"), layouts.folder("root", mode=0o700), layouts.folder("home"),
        layouts.folder("home/alice", uid=1000, gid=1001), layouts.folder("tmp", mode=0o1777),
        layouts.file("bin/busybox", busybox(architecture), mode=0o755), *(layouts.symlink(f"bin/{tool}", "busybox") for tool in tools),
        layouts.file("etc/passwd", PASSWD), layouts.file("etc/group", GROUP),
    ]


def import_made(
    machine: Machine, config: Mapping[str, Any] | None = None, entries: Sequence[layouts.Entry] = (), above: Sequence[layouts.Layer] = (),
    options: Sequence[str] = (),
) -> str:
    """Makes an image of a busybox, these entries and the layers above, and imports it with these options; gives its name. `config` is the `config` of its
    configuration."""
    name = machine.new_name()
    layer = layouts.Layer([*base(machine.architecture), *entries])
    with tempfile.TemporaryDirectory() as folder:
        place = layouts.write(Path(folder) / name, [layer, *above], architecture=machine.architecture, config={"Env": [_PATH], "Cmd": ["sh"], **(config or {})})
        machine.put(place, f"{machine.volatile}/{name}")
    machine.call("image", "import", *options, "--name", name, f"{machine.volatile}/{name}").succeeded()
    machine.sh(f"rm -rf {machine.volatile}/{name}")
    return name


def run_made(machine: Machine, name: str, *words: str, options: Sequence[str] = ()) -> Any:
    """Runs such an image and removes it."""
    command = ["--", *words] if words else []
    try:
        return machine.call("image", "run", "--name", machine.new_name(), *options, name, *command)
    finally:
        machine.call("image", "remove", name).succeeded()
