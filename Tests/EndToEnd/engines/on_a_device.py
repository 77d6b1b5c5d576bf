"""Engines on the emulated device, from the disk that `cross/device boot --engines` attaches. They are set up as docs/engines.md has it."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from engine import eventually, settled
from machines import Emulated, Result

#: The name that Podman gives to the test image.
IMAGE = "localhost/images/busybox"
#: The same image for containerd.
CONTAINERD_IMAGE = "localhost/busybox:latest"
LIMIT = 120.0
"""Seconds that a command may take: the programs are large and the processor is emulated."""


class Podman:
    """Podman on the device."""

    def __init__(self, machine: Emulated) -> None:
        """Takes the test image."""
        self.machine = machine
        self.call("pull", "--quiet", "oci:/images/busybox").succeeded()

    def call(self, *words: str, data: bytes | None = None) -> Result:
        """Runs a command of Podman to its end."""
        return self.machine.run(["podman", *words], data=data, limit=LIMIT)

    def run_container(self, *words: str, options: Sequence[str] = (), data: bytes | None = None) -> Result:
        """`podman run --rm`, without a network."""
        return self.call("run", "--rm", "--network", "none", *options, IMAGE, *words, data=data)

    @contextlib.contextmanager
    def container(self, *words: str, options: Sequence[str] = ()) -> Iterator[str]:
        """A container in the background, removed at the end of the `with` statement; gives its name."""
        name = self.machine.new_name()
        self.call("run", "--detach", "--name", name, "--network", "none", *options, IMAGE, *words).succeeded()
        try:
            yield name
        finally:
            self.call("rm", "--force", "--time", "0", name).succeeded()

    def state(self, name: str) -> dict[str, Any]:
        """The state of a container."""
        return json.loads(self.call("inspect", "--type", "container", name).succeeded().text)[0]["State"]

    def control(self, name: str, *files: str) -> list[str]:
        """Control files of a container's group, without the ends of lines."""
        process = self.state(name)["Pid"]
        names = " ".join(files)
        return self.machine.sh(f"cd /sys/fs/cgroup$(sed -n s/^0:://p /proc/{process}/cgroup); for file in {names}; do cat $file; done").splitlines()

    def leftovers(self) -> list[str]:
        """What is left of containers; empty when there is nothing."""
        return settled(self._leftovers, limit=10)

    def _leftovers(self) -> list[str]:
        # The pods' infrastructure and the monitors have groups that Podman keeps.
        return self.machine.sh("""
            exec 2>/dev/null
            find /run/apus -mindepth 1 ! -name .lock ! -path '/run/apus/.seccomp*' || :
            find /sys/fs/cgroup/libpod_parent /sys/fs/cgroup/machine.slice -mindepth 1 -type d -name 'libpod-[0-9a-f]*' || :
            grep -F /var/lib/containers/storage/overlay/ /proc/self/mountinfo || :
            ls -ld /proc/[0-9]*/exe | grep -e 'exe -> /engines/bin/conmon' -e 'exe -> /usr/bin/apus' || :
        """).splitlines()


class Containerd:
    """containerd on the device, with `ctr`."""

    def __init__(self, machine: Emulated) -> None:
        """The daemon must be running. Takes the test image."""
        self.machine = machine
        eventually(lambda: self.call("version").status, 0)
        script = f"tar -C /images/busybox -cf - . | ctr image import --index-name {CONTAINERD_IMAGE} -"
        machine.run(["sh", "-c", script], limit=LIMIT).succeeded()

    def call(self, *words: str, data: bytes | None = None) -> Result:
        """Runs a command of `ctr` to its end."""
        return self.machine.run(["ctr", *words], data=data, limit=LIMIT)

    def words(self, name: str, *words: str, options: Sequence[str] = ()) -> list[str]:
        """The words of `ctr run` for a container on Apus."""
        return ["run", "--runc-binary", "/usr/bin/apus", *options, CONTAINERD_IMAGE, name, *words]

    @contextlib.contextmanager
    def container(self, *words: str, options: Sequence[str] = ()) -> Iterator[str]:
        """A container in the background, removed at the end of the `with` statement; gives its name."""
        name = self.machine.new_name()
        self.call(*self.words(name, *words, options=["--detach", *options])).succeeded()
        try:
            yield name
        finally:
            self.call("task", "delete", "--force", name)
            self.call("container", "rm", name).succeeded()

    def status(self, name: str) -> str:
        """The state of a container's task; empty without one."""
        lines = [line.split() for line in self.call("task", "ls").succeeded().lines]
        return next((line[2] for line in lines if line[0] == name), "")

    def exec(self, name: str, *words: str, options: Sequence[str] = ()) -> Result:
        """Runs a command in a container."""
        return self.call("task", "exec", "--exec-id", self.machine.new_name(), *options, name, *words)

    def leftovers(self) -> str:
        """What is left of containers; empty when there is nothing."""
        return self.machine.sh("""
            exec 2>/dev/null
            find /run/containerd/runc /sys/fs/cgroup/default -mindepth 1 ! -name .lock ! -name default ! -name 'cgroup.*' -name 'e2e-*' || :
            ls -ld /proc/[0-9]*/exe | grep -e 'exe -> /engines/bin/containerd-shim' -e 'exe -> /usr/bin/apus' || :
        """)


def containerfile(machine: Emulated, text: str) -> str:
    """A folder with this Containerfile on the device."""
    folder = machine.new_folder(lasting=True)
    machine.write(str(Path(folder) / "Containerfile"), text.encode())
    return folder
