"""The emulator: its command line, its process, and the console that it writes."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import socket
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from .errors import Deadline, DeviceError
from .kernels import Kernel
from .tools import find

GRACE = 60
"""Seconds after a device's lifetime at which the emulator is ended if the guest has not switched itself off."""

_PR_SET_PDEATHSIG = 1


@dataclass(frozen=True)
class Machine:
    """The emulated hardware and what it boots. Sizes in bytes."""

    kernel: Kernel
    initramfs: Path
    root: Path
    data: Path
    images: Path | None
    engines: Path | None
    memory: int
    cpus: int
    cgroups: str
    keeps_ram_disk: bool
    """Whether the guest stays on the first RAM disk, with a copy of what is on the disk for the root."""
    data_file_system: str
    lifetime: int
    """Seconds after which the guest switches itself off."""
    append: str
    """More words for the kernel's command line."""


def kernel_arguments(machine: Machine) -> list[str]:
    """The kernel's command line.

    What protects a kernel from the faults of a processor protects nothing here, and costs an emulated one a third of its time: with kpti each system call throws
    the emulator's translations of addresses away.
    """
    return [
        "console=ttyAMA0", "quiet", "kpti=0", "mitigations=off", "panic=-1", "rdinit=/init", "random.trust_bootloader=on", f"device.cgroups={machine.cgroups}",
        f"device.root={'ram' if machine.keeps_ram_disk else 'disk'}", f"device.data={machine.data_file_system}",
        f"device.lifetime={machine.lifetime}", *machine.kernel.arguments, *machine.append.split(),
    ]


def command_line(machine: Machine, port: int, console: Path) -> list[str]:
    """The emulator's arguments. `port` on the dev box's loopback leads to the guest's way in; the guest reaches nothing (restrict=on).

    cache=writeback: a flush by the guest reaches the dev box's disk; writes before it are kept by the dev box's kernel.
    """
    arguments = [
        "qemu-system-aarch64", "-accel", "tcg,thread=multi", "-machine", "virt", "-cpu", "cortex-a72", "-smp", str(machine.cpus),
        "-m", f"{machine.memory >> 20}M", "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot", "-rtc", "base=utc",
        "-chardev", f"file,id=console,path={_escaped(console)}", "-serial", "chardev:console",
        "-kernel", str(machine.kernel.image), "-initrd", str(machine.initramfs), "-append", " ".join(kernel_arguments(machine)),
        "-netdev", f"user,id=net,restrict=on,hostfwd=tcp:127.0.0.1:{port}-:22", "-device", "virtio-net-device,netdev=net",
        "-device", "virtio-rng-device",
    ]
    disks: list[tuple[str, Path, bool]] = [("root", machine.root, True), ("data", machine.data, False)]
    disks += [(name, path, True) for name, path in (("images", machine.images), ("engines", machine.engines)) if path is not None]
    for name, path, read_only in disks:
        mode = "on" if read_only else "off"
        arguments += [
            "-drive", f"if=none,id={name},format=raw,cache=writeback,discard=unmap,read-only={mode},file={_escaped(path)}",
            "-device", f"virtio-blk-device,drive={name},serial={name}",
        ]
    return arguments


def _escaped(path: Path) -> str:
    """A comma in an option's value is written twice."""
    return str(path).replace(",", ",,")


def free_port() -> int:
    """A port of the loopback that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass(frozen=True)
class Process:
    """An emulator by its process id and start time, which together name a process for ever (ids are reused)."""

    pid: int
    started: str

    def alive(self) -> bool:
        """Whether it still runs. A child of this process that has ended is taken off the process table."""
        with contextlib.suppress(ChildProcessError):
            os.waitpid(self.pid, os.WNOHANG)
        return _start_time(self.pid) == self.started

    def kill(self, deadline: Deadline) -> None:
        """Ends it at once, as a power cut does, and waits until it is gone."""
        deadline.enter("ending the emulator")
        if self.alive():
            # The process leads a group; that of a device without an owner is `timeout`, with the emulator in its group.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.pid, signal.SIGKILL)
        # The emulator must be gone as well, or its lock on the data disk would stop the next one.
        while _group_runs(self.pid):
            deadline.check()
            time.sleep(0.01)
        self.alive()


def _status(pid: str) -> list[str] | None:
    """The fields of /proc/PID/stat after the name, from field 3 on (proc(5)); None when the process is gone or a zombie."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return None if fields[0] in "ZX" else fields


def _start_time(pid: int) -> str | None:
    fields = _status(str(pid))
    return fields[19] if fields else None


def _group_runs(group: int) -> bool:
    """Whether a process of the group is left."""
    found = (_status(name) for name in os.listdir("/proc") if name.isdigit())
    return any(fields is not None and fields[2] == str(group) for fields in found)


def start(arguments: Sequence[str], log: Path, *, owned: bool, lifetime: int) -> Process:
    """Starts the emulator. An owned one dies with this process, whatever ends it; another one is bounded by `lifetime` seconds and a grace period."""
    command = [find(arguments[0]), *arguments[1:]]
    if not owned:
        command = [find("timeout"), "--signal=KILL", str(lifetime + GRACE), *command]
    parent = os.getpid()
    library = ctypes.CDLL(None, use_errno=True)

    def bind_to_owner() -> None:
        library.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)

    with log.open("wb") as output:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True, preexec_fn=bind_to_owner if owned else None
        )
    started = _start_time(process.pid)
    # The object would warn that its process still runs; whoever holds the device reaps it.
    process.returncode = 0
    if started is None:
        raise DeviceError(f"the emulator did not start: {tail(log)}")
    return Process(process.pid, started)


def tail(path: Path, lines: int = 8) -> str:
    """The last lines of a text file in one line, for an error message."""
    try:
        text = path.read_bytes()[-4096:].decode(errors="replace")
    except FileNotFoundError:
        text = ""
    kept = [line.strip() for line in text.splitlines() if line.strip()][-lines:]
    return " | ".join(kept) if kept else "(nothing)"
