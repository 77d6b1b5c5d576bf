"""The machines that the end-to-end tests run on: this one, and a device under QEMU. Both take the same commands, so that one test can be for both."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import re
import select
import shlex
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import compiled
import pytest

ROOT = Path(__file__).resolve().parents[2]
"""The work tree."""

sys.path.insert(0, str(ROOT / "cross"))

import commander  # noqa: E402  (the line above makes what it imports importable)

from harness import Device, Running  # noqa: E402
from harness.errors import Deadline, DeviceError  # noqa: E402

LIMIT = 30.0
"""Seconds that a command may take before the test fails; nothing here takes a tenth of it."""


_NUMBERS = itertools.count()
"""Of names, which no two machines share either: files of tests use a device after each other."""


def binary(architecture: str) -> Path:
    """The device binary, which must have been built."""
    path = ROOT / ".build" / "device" / architecture / "apus"
    if not path.exists():
        pytest.fail(f"{path.relative_to(ROOT)} is not there; build it with: cross/build {architecture}")
    return path


#: A line of an import's progress.
PROGRESS = re.compile(r"apus: (layer \d+ of \d+: (\d+ [KM]iB|is there already)|writing to the medium)\n")


@dataclass(frozen=True)
class Result:
    """What a command did. Death by a signal is status 128 + signal."""

    status: int
    stdout: bytes
    stderr: bytes

    @property
    def text(self) -> str:
        """The output as text."""
        return self.stdout.decode(errors="replace")

    @property
    def lines(self) -> list[str]:
        """The lines of the output."""
        return self.text.splitlines()

    @property
    def error(self) -> str:
        """What was said on standard error, as text, without `progress`."""
        return "".join(line for line in self.stderr.decode(errors="replace").splitlines(keepends=True) if not PROGRESS.fullmatch(line))

    @property
    def progress(self) -> list[str]:
        """The lines by which an import that nobody watches on a terminal says how far it is."""
        return [line.rstrip("\n") for line in self.stderr.decode(errors="replace").splitlines(keepends=True) if PROGRESS.fullmatch(line)]

    def succeeded(self) -> Result:
        """Itself, if the command ended well."""
        assert self.status == 0, f"status {self.status}: {self.error}"
        return self

    def failed(self, *parts: str, status: int | None = None) -> Result:
        """Itself, if the command was refused as it must be: a status that is not 0, nothing on standard output, and one line that has every part."""
        assert self.status == status if status is not None else self.status != 0, f"status {self.status}: {self.error}"
        assert self.stdout == b""
        assert self.error.count("\n") == 1 and self.error.endswith("\n"), f"not one line: {self.error!r}"
        assert self.error.startswith("apus: "), self.error
        for part in parts:
            assert part in self.error, self.error
        return self


def tool(*words: str) -> None:
    """Runs a program of this machine that a test needs; if it fails, so does the test, with what it said."""
    done = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{' '.join(words)}: {done.stderr}"


class Process:
    """A command that runs on a machine."""

    def __init__(self, process: subprocess.Popen[bytes], remote: Running | None = None) -> None:
        """Made by `Machine.start`."""
        self._process = process
        self._remote = remote
        self._output = b""
        assert process.stdin is not None
        self.stdin = process.stdin
        #: Lines that a test has read and wants to have again.
        self.said: list[str] = []
        #: Its process number on the machine, which it says itself before anything else.
        self.number = int(self.line())

    def _read(self, end: float) -> bytes:
        """What has come of its output; empty at the end of it. Fails at the time `end`."""
        assert self._process.stdout is not None
        ready, _, _ = select.select([self._process.stdout], [], [], max(0.0, end - time.monotonic()))
        assert ready, f"it says nothing more, after {self._output!r}"
        return os.read(self._process.stdout.fileno(), 65536)

    def line(self) -> str:
        """The next line of its output, without the end; empty when there is no more."""
        end = time.monotonic() + LIMIT
        while b"\n" not in self._output:
            more = self._read(end)
            if not more:
                break
            self._output += more
        line, _, self._output = self._output.partition(b"\n")
        return line.decode(errors="replace").rstrip("\r")

    def rest(self) -> str:
        """The output up to its end."""
        end = time.monotonic() + LIMIT
        while more := self._read(end):
            self._output += more
        text, self._output = self._output.decode(errors="replace"), b""
        return text

    def wait(self, limit: float = LIMIT) -> int:
        """Its exit status."""
        if self._remote is not None:
            return self._remote.wait(Deadline(limit))
        return status_of(self._process.wait(timeout=limit))


def status_of(code: int) -> int:
    return code if code >= 0 else 128 - code


class Machine:
    """A machine with Apus on it. A test has its own state and its own names; images are imported once."""

    #: As on the command line of pytest: `native`, `v2`, `hybrid`...
    label: str
    #: OCI's name of the architecture.
    architecture: str
    #: The path of apus on the machine.
    apus: str
    #: Folders on the machine that are ours: one that need not last, and one on a file system for images.
    volatile: str
    lasting: str

    def __init__(self) -> None:
        """Sets up what every machine has."""
        self._images: set[str] = set()
        self._rootfs = ""
        #: The program that looks for what containers have left, once it is on the machine.
        self._finder = ""
        #: What every command of apus is run by, such as a program that denies it system calls.
        self.wrapper: list[str] = []

    # What a kind of machine must know

    def run(self, command: Sequence[str], *, data: bytes | None = None, limit: float = LIMIT) -> Result:
        """Runs a command to its end; without `data` its input is empty."""
        raise NotImplementedError

    def start(self, command: Sequence[str]) -> contextlib.AbstractContextManager[Process]:
        """Starts a command, which is killed at the end of the `with` statement if it is still there. Its output and error output come together."""
        raise NotImplementedError

    def layout(self, name: str) -> str:
        """Where a built test image lies on the machine."""
        raise NotImplementedError

    def put(self, source: Path, target: str) -> None:
        """Copies a file or folder to the machine, under a name that is not there yet."""
        raise NotImplementedError

    # What follows from it

    @property
    def state(self) -> str:
        """Where apus keeps the state of containers."""
        return f"{self.volatile}/state"

    @property
    def store(self) -> str:
        """Where apus keeps images."""
        return f"{self.lasting}/store"

    def words(self, *words: str) -> list[str]:
        """A command of apus, with our folders."""
        return [*self.wrapper, self.apus, "--root", self.state, "--data-root", self.store, *words]

    def call(self, *words: str, data: bytes | None = None, limit: float = LIMIT) -> Result:
        """Runs a command of apus."""
        return self.run(self.words(*words), data=data, limit=limit)

    def sh(self, script: str, *, data: bytes | None = None, limit: float = LIMIT) -> str:
        """Runs a shell script on the machine, which must succeed; gives its output."""
        return self.run(["sh", "-c", f"set -eu\n{script}"], data=data, limit=limit).succeeded().text

    def new_name(self) -> str:
        """A name that no other test has."""
        return f"e2e-{os.getpid()}-{next(_NUMBERS)}"

    def new_folder(self, lasting: bool = False) -> str:
        """An empty folder."""
        path = f"{self.lasting if lasting else self.volatile}/{self.new_name()}"
        self.sh(f"mkdir -p {path}")
        return path

    def write(self, path: str, content: bytes) -> None:
        """Writes a file."""
        self.sh(f"cat >{shlex.quote(path)}", data=content, limit=30 + (len(content) >> 20) * 2)

    def image(self, name: str) -> str:
        """Imports a built test image, once; gives its name."""
        if name not in self._images:
            self.call("image", "import", self.layout(name), limit=180).succeeded()
            self._images.add(name)
        return name

    def prune_images(self) -> None:
        """Removes every image that nothing uses; the test images are imported again when they are wanted."""
        self.call("image", "prune", "--all").succeeded()
        self._images.clear()

    def run_image(self, *words: str, image: str = "busybox", options: Sequence[str] = (), data: bytes | None = None) -> Result:
        """`apus image run OPTIONS IMAGE -- WORDS`, with a container name of ours unless the options give one."""
        named = [] if "--name" in options else ["--name", self.new_name()]
        command = ["--", *words] if words else []
        return self.call("image", "run", *named, *options, self.image(image), *command, data=data)

    def new_root(self) -> str:
        """A root file system of its own for a test, with a static busybox and a few folders."""
        path = self.new_folder(lasting=True)
        layer = json.loads(self.sh(f"cat {self.layout('busybox')}/index.json"))["manifests"][0]["digest"]
        manifest = json.loads(self.sh(f"cat {self._blob(layer)}"))
        script = [f"tar -xzf {self._blob(layer['digest'])} -C {path}" for layer in manifest["layers"]]
        self.sh("\n".join([*script, f"mkdir -p {path}/proc {path}/sys {path}/dev {path}/tmp", f"chmod 1777 {path}/tmp"]))
        return path

    def _blob(self, digest: str) -> str:
        return f"{self.layout('busybox')}/blobs/{digest.replace(':', '/')}"

    def bundle(self, document: dict[str, Any] | bytes, root: str = "") -> Bundle:
        """A bundle with this config.json. Its root is `root`, or one that tests share and nobody may change."""
        if not root:
            self._rootfs = self._rootfs or self.new_root()
            root = self._rootfs
        path = self.new_folder()
        if isinstance(document, dict):
            document.setdefault("root", {})["path"] = root
            document = json.dumps(document, indent=1).encode()
        self.write(f"{path}/config.json", document)
        return Bundle(self, path, self.new_name(), root)

    def run_bundle(self, document: dict[str, Any] | bytes, root: str = "", data: bytes | None = None) -> Result:
        """Runs a bundle with this config.json to its end."""
        return self.bundle(document, root).run(data=data)

    def leftovers(self) -> str:
        """What containers have left on the machine: mounts, cgroups, processes, state, staging and writable layers; empty when there is nothing. Locks and
        compiled filters stay.

        Processes that were killed are given a moment to be gone; nothing else goes by itself.
        """
        for _ in range(20):
            left = self._leftovers()
            if left == "":
                break
            time.sleep(0.1)
        return left

    def _leftovers(self) -> str:
        if not self._finder:
            finder = f"{self.lasting}/leftovers"
            compiled.put(self, Path(__file__).with_name("leftovers.c"), finder)
            self._finder = finder
        words = [self._finder, self.apus, self.state, self.store, self.volatile, self.lasting, f"e2e-{os.getpid()}-"]
        return self.run(words).succeeded().text

    def require_nothing_left(self) -> None:
        """Fails if containers have left something. What runs is ended then: it could keep a processor busy for ever, and other tests would fail for it."""
        left = self.leftovers()
        if left != "":
            delete = shlex.join(self.words("delete", "--force"))
            self.run(["sh", "-c", f"""
                for folder in {self.state}/*/; do {delete} "$(basename "$folder")"; done
                find $(awk '$0 ~ / - cgroup2? / {{ print $5 }}' /proc/self/mountinfo) -path '*/e2e-{os.getpid()}-*/cgroup.procs' -exec cat {{}} + |
                  while read -r number; do kill -9 "$number"; done
                sleep 0.2
                find $(awk '$0 ~ / - cgroup2? / {{ print $5 }}' /proc/self/mountinfo) -depth -type d -path '*/e2e-{os.getpid()}-*' -exec rmdir {{}} \\;
            """])
        assert left == "", left


@dataclass(frozen=True)
class Bundle:
    """A bundle on a machine, and the id for its container."""

    machine: Machine
    path: str
    id: str
    root: str

    @property
    def command(self) -> list[str]:
        """What runs it."""
        return self.machine.words("run", "--bundle", self.path, self.id)

    def run(self, data: bytes | None = None) -> Result:
        """Runs it to its end."""
        return self.machine.run(self.command, data=data)


def announced(command: Sequence[str]) -> list[str]:
    """The command, started by a shell that says its process number first and then becomes it."""
    return ["sh", "-c", 'echo $$; exec "$@" 2>&1', "sh", *command]


class Native(Machine):
    """This machine."""

    label = "native"
    architecture = "amd64"

    def __init__(self, folder: Path, apus: Path) -> None:
        """`folder` is for all files of the tests."""
        super().__init__()
        self.apus = str(apus)
        self.volatile = str(folder / "volatile")
        self.lasting = str(folder / "lasting")
        for path in (self.volatile, self.lasting):
            Path(path).mkdir()

    def run(self, command: Sequence[str], *, data: bytes | None = None, limit: float = LIMIT) -> Result:
        """See Machine."""
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            try:
                output, error = process.communicate(data, timeout=limit)
            except BaseException:
                process.kill()
                raise
            return Result(status_of(process.returncode), output, error)

    @contextlib.contextmanager
    def start(self, command: Sequence[str]) -> Iterator[Process]:
        """See Machine."""
        with subprocess.Popen(announced(command), stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
            try:
                yield Process(process)
            finally:
                process.kill()

    def layout(self, name: str) -> str:
        """See Machine."""
        return str(ROOT / ".build" / "images" / self.architecture / name)

    def put(self, source: Path, target: str) -> None:
        """See Machine."""
        self.run(["cp", "-a", str(source), target]).succeeded()


class Emulated(Machine):
    """A device under QEMU."""

    architecture = "arm64"
    apus = "/usr/bin/apus"

    def __init__(self, device: Device, label: str) -> None:
        """The device must be running."""
        super().__init__()
        name = self.new_name()
        self.volatile, self.lasting = f"/run/{name}", f"/data/{name}"
        self.device = device
        self.label = label
        self._commander: commander.Commander | None = None
        self._turn = threading.Lock()
        self.prepare()

    def prepare(self) -> None:
        """Makes our folders; to be called again after each boot."""
        self.sh(f"mkdir -p {self.volatile} {self.lasting}")
        self._finder = ""

    def run(self, command: Sequence[str], *, data: bytes | None = None, limit: float = LIMIT) -> Result:
        """See Machine."""
        size = max(sum(len(word.encode()) + 1 for word in command), len(data or b""))
        # It does one thing at a time.
        if size <= commander.LIMIT and self._turn.acquire(blocking=False):
            try:
                return Result(*self._told(command, data, limit))
            finally:
                self._turn.release()
        result = self.device.run(command, timeout=limit, data=data)
        return Result(result.status, result.stdout, result.stderr)

    def _told(self, command: Sequence[str], data: bytes | None, limit: float) -> tuple[int, bytes, bytes]:
        if self._commander is None or self._commander.connection is not self.device.connection:
            self._commander = commander.Commander(self.device)
        try:
            return self._commander.run(command, data, limit)
        except DeviceError:
            self._commander.close()
            self._commander = None
            raise

    def remove(self) -> None:
        """Removes our folders, so that the device is as it was."""
        self.sh(f"rm -rf {self.volatile} {self.lasting}")

    @contextlib.contextmanager
    def start(self, command: Sequence[str]) -> Iterator[Process]:
        """See Machine."""
        with self.device.spawn(announced(command), stdin=subprocess.PIPE) as running:
            yield Process(running.process, running)

    def layout(self, name: str) -> str:
        """See Machine."""
        return f"/images/{name}"

    def put(self, source: Path, target: str) -> None:
        """See Machine."""
        self.device.put(source, target)
