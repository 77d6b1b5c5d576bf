"""A device under QEMU, from its first boot to its end."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO

from . import disks, engines, kernels, places, qemu, rootfs, state
from .connection import Connection, Result, Running, Stream, make_keys
from .errors import Deadline, DeviceError, UsageError
from .state import Options
from .tools import require

BOOT_LIMIT = 60.0
"""Seconds; a boot takes a tenth of it on an ordinary machine."""

_READY = "device: ready"


class Device:
    """A running device, or one that was running and can be booted again.

    Made by `Device.boot` or `Device.open`. A `with` statement ends it: without a name it vanishes, with one it is shut down and its disk stays.
    A device without a name, and one that was booted with `owned=True`, dies with the process that booted it.
    """

    def __init__(self, name: str | None, directory: Path, options: Options, lock: IO[str] | None, *, owned: bool) -> None:
        """Not for users: see `boot` and `open`."""
        self.name = name
        self.directory = directory
        self.options = options
        self._lock = lock
        self._owned = owned
        self._process: qemu.Process | None = None
        self._connection: Connection | None = None

    @classmethod
    def boot(cls, options: Options | None = None, *, name: str | None = None, timeout: float = BOOT_LIMIT, owned: bool | None = None) -> Device:
        """Boots a device and waits until it takes commands. A named one finds the data disk of its last boot.

        Without `options` a named device gets those that it had. Raises `DeviceTimeout` with the step it was in, or `DeviceError` with the console's last lines.
        """
        deadline = Deadline(timeout)
        if name is None:
            (options or Options()).check()
            directory, lock = state.temporary_directory()
            device = cls(None, directory, options or Options(), lock, owned=True)
            try:
                device.start(deadline)
            except BaseException:
                device.discard()
                raise
            return device
        directory = state.directory_of(name)
        directory.mkdir(parents=True, exist_ok=True)
        held = take(directory, deadline)
        try:
            known = state.load(directory)
            if known is not None and known.process.alive():
                raise UsageError(f"the device {name} is running already")
            chosen = options or (known.options if known else Options())
            chosen.check()
            if known is not None and (directory / "data.img").exists() and known.options.data != chosen.data:
                raise UsageError(f"the data disk of the device {name} is {known.options.data}; remove the device to make another one")
            device = cls(name, directory, chosen, None, owned=bool(owned))
            device.start(deadline)
            return device
        finally:
            if not (directory / "device.json").exists():
                shutil.rmtree(directory, ignore_errors=True)
            held.close()

    @classmethod
    def open(cls, name: str) -> Device:
        """A named device that is running."""
        device = cls.find(name)
        if device is None or not device.running:
            raise UsageError(f"the device {name} is not running; start it with: cross/device boot --name {name}")
        return device

    @classmethod
    def find(cls, name: str) -> Device | None:
        """A named device, running or not; None when there is none."""
        directory = state.directory_of(name)
        known = state.load(directory)
        if known is None:
            return None
        device = cls(name, directory, known.options, None, owned=False)
        device._process = known.process
        device._connection = Connection(directory, known.port)
        return device

    # Commands and files

    def run(
        self, command: Sequence[str], *, timeout: float = 60, data: bytes | None = None, stdin: Stream = subprocess.DEVNULL, stdout: Stream = subprocess.PIPE,
        stderr: Stream = subprocess.PIPE, terminal: bool = False,
    ) -> Result:
        """Runs a command in the guest (no shell in between) and returns its status and output.

        After `timeout` seconds it is killed there, and `DeviceTimeout` is raised.
        """
        deadline = Deadline(timeout)
        deadline.enter(f"running: {' '.join(command)}")
        return self.connection.run(command, deadline, data=data, stdin=stdin, stdout=stdout, stderr=stderr, terminal=terminal)

    def spawn(
        self, command: Sequence[str], *, stdin: Stream = subprocess.DEVNULL, stdout: Stream = subprocess.PIPE, stderr: Stream = subprocess.PIPE
    ) -> Running:
        """Starts a command in the guest and returns at once; use it in a `with` statement, which ends it."""
        return self.connection.start(command, stdin=stdin, stdout=stdout, stderr=stderr)

    def put(self, source: Path | str, target: str, *, timeout: float = 300) -> None:
        """Copies a file or directory into the guest."""
        self.connection.put(Path(source), target, Deadline(timeout))

    def get(self, source: str, target: Path | str, *, timeout: float = 300) -> None:
        """Copies a file or directory out of the guest."""
        self.connection.get(source, Path(target), Deadline(timeout))

    # Power

    def power_cut(self, *, timeout: float = 30) -> None:
        """Ends the emulator without warning. What the guest had not written to its disk is lost. `start` boots again with the same disk."""
        if self._process is None or not self._process.alive():
            raise UsageError("the device is not running: there is no power to cut")
        self._process.kill(Deadline(timeout))
        self._connection = None

    def stop(self, *, timeout: float = 60) -> None:
        """Shuts the device down: all processes end, the data disk is unmounted."""
        deadline = Deadline(timeout)
        deadline.enter("asking the device to shut down")
        # The connection may end before it has brought the status; whether the device goes off is what counts.
        with contextlib.suppress(DeviceError):
            self.connection.run(["poweroff"], deadline)
        deadline.enter("waiting for the device to shut down")
        while self.running:
            deadline.check(f"last console lines: {self._console_tail()}")
            time.sleep(0.02)
        self._connection = None

    def start(self, deadline: Deadline | None = None) -> None:
        """Boots a device that was stopped or whose power was cut, with the same options and the same data disk."""
        deadline = deadline or Deadline(BOOT_LIMIT)
        if self.running:
            raise UsageError("the device is running already")
        machine = self._prepare(deadline)
        try:
            self._launch(machine, deadline)
            self._await_console(_READY, deadline)
            deadline.enter("opening a connection to the device")
            while not self.connection.open(deadline):
                self._check(deadline)
                time.sleep(0.05)
        except BaseException:
            if self._process is not None and self._process.alive():
                self._process.kill(Deadline(10))
            raise

    def discard(self) -> None:
        """Cuts the power if it is on and removes everything that belongs to the device, its data disk included."""
        if self.running:
            self.power_cut()
        shutil.rmtree(self.directory, ignore_errors=True)
        if self._lock is not None:
            self._lock.close()

    # What it does

    @property
    def running(self) -> bool:
        """Whether the emulator runs."""
        return self._process is not None and self._process.alive()

    @property
    def connection(self) -> Connection:
        """The way in; fails when the device is off."""
        if self._connection is None or not self.running:
            raise DeviceError("the device is off" + (f"; last console lines: {self._console_tail()}" if self._process else ""))
        return self._connection

    @property
    def console(self) -> str:
        """Everything that the device has written to its console since it was switched on."""
        try:
            return (self.directory / "console.log").read_text(errors="replace")
        except FileNotFoundError:
            return ""

    def wait_for_console(self, text: str, *, timeout: float = 60, start: int = 0) -> None:
        """Waits until the console, from its character `start` on, contains `text`."""
        deadline = Deadline(timeout)
        deadline.enter(f"waiting for the console to say: {text}")
        while text not in self.console[start:]:
            self._check(deadline)
            time.sleep(0.01)

    def __enter__(self) -> Device:
        """Returns itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Ends the device: see the class."""
        if self.name is None:
            self.discard()
        elif self.running:
            self.stop()

    # Inside

    def _prepare(self, deadline: Deadline) -> qemu.Machine:
        format_data = "mkfs.f2fs" if self.options.data == "f2fs" else "mke2fs"
        require(["qemu-system-aarch64", "ssh", "ssh-keygen", "dropbearkey", "mkfs.erofs", format_data, "tar", "timeout"])
        options, here = self.options, self.directory
        deadline.enter("getting the kernel and the guest's programs")
        with deadline.paused():
            kernel = kernels.prepare(options.kernel)
            programs = rootfs.userland()
            engines_disk = engines.disk() if options.engines else None
        if options.data not in kernel.data_file_systems:
            raise UsageError(f"the {options.kernel} kernel has no {options.data} (CONFIG_{options.data.upper()}_FS): choose --kernel phone or --data ext4")
        deadline.enter("making the device's disks")
        make_keys(here)
        machine = qemu.Machine(
            kernel, here / "initramfs.cpio", here / "root.erofs", here / "data.img", disks.images_disk(), engines_disk, options.memory, options.cpus,
            options.cgroups, options.root == "ram", options.data, options.lifetime, options.append,
        )
        rootfs.build_initramfs(kernel, programs, machine.initramfs)
        rootfs.build_root(kernel, programs, rootfs.Access(here / "host_key", (here / "key.pub").read_text().strip()), machine.root)
        disks.make_data(machine.data, options.data, options.data_size)
        deadline.check()
        return machine

    def _launch(self, machine: qemu.Machine, deadline: Deadline) -> None:
        console = self.directory / "console.log"
        log = self.directory / "qemu.log"
        if console.exists():
            console.rename(self.directory / "console.previous.log")
        # Another program can take the free port before the emulator does.
        for _ in range(5):
            deadline.enter("starting the emulator")
            port = qemu.free_port()
            self._process = qemu.start(qemu.command_line(machine, port, console), log, owned=self._owned, lifetime=self.options.lifetime)
            self._connection = Connection(self.directory, port)
            state.save(self.directory, state.State(self.options, self._process, port))
            deadline.enter("waiting for the kernel's first message")
            self._wait(lambda: bool(self.console) or not self.running, deadline)
            if self.running:
                return
            if "host forwarding" not in log.read_text(errors="replace"):
                break
        raise DeviceError(f"the emulator ended at once: {qemu.tail(log)}; last console lines: {self._console_tail()}")

    def _await_console(self, text: str, deadline: Deadline) -> None:
        """Waits for `text` on a line of its own; the step follows what the device says."""
        while True:
            said = [line.strip() for line in self.console.splitlines() if line.startswith("device: ")]
            if text in said:
                return
            if said:
                deadline.enter(f"waiting for the device, which said last: {said[-1].removeprefix('device: ')}")
            self._check(deadline)
            time.sleep(0.01)

    def _wait(self, condition: Callable[[], bool], deadline: Deadline) -> None:
        while not condition():
            deadline.check(f"last console lines: {self._console_tail()}")
            time.sleep(0.01)

    def _check(self, deadline: Deadline) -> None:
        detail = f"last console lines: {self._console_tail()}"
        if not self.running:
            raise DeviceError(f"the device went off while {deadline.step}; {detail}; emulator: {qemu.tail(self.directory / 'qemu.log')}")
        deadline.check(detail)

    def _console_tail(self) -> str:
        return qemu.tail(self.directory / "console.log")


def take(directory: Path, deadline: Deadline) -> IO[str]:
    """The lock of a named device, which boots and ends it one at a time."""
    deadline.enter("waiting for another call that boots or ends this device")
    while True:
        lock = places.try_lock(directory / "lock")
        if lock is not None:
            return lock
        deadline.check()
        time.sleep(0.05)
