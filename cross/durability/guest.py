"""The emulated device: a kernel, a RAM disk with busybox and apus, and the disk whose power is cut."""

from __future__ import annotations

import random
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from harness import kernels, places, qemu, rootfs
from harness.cpio import Archive
from harness.errors import Deadline, DeviceError, UsageError
from harness.kernels import Kernel
from harness.modules import load_order
from harness.tools import call, find, require

from .disk import BLOCK, Disk

HERE = Path(__file__).resolve().parent
_DISK_SIZE = 512 << 20
_BOOT_LIMIT = 120.0
_APPLETS = (
    "awk", "cat", "cp", "cut", "dd", "find", "grep", "head", "insmod", "kill", "ls", "mdev", "mkdir", "mkfifo", "mount", "poweroff", "readlink", "rm", "sh",
    "sha256sum", "sleep", "sort", "stat", "sync", "tr", "umount", "uname", "usleep",
)


@dataclass(frozen=True)
class Setup:
    """What is the same at every boot. All files are in `folder`."""

    folder: Path
    kernel: Kernel
    file_system: str
    options: str
    """Mount options of the disk."""

    @classmethod
    def make(cls, folder: Path, kernel: str, file_system: str, options: str, images: Path) -> Setup:
        """Prepares the kernel and the read-only disks."""
        require(["qemu-system-aarch64", "mkfs.erofs", "mkfs.f2fs" if file_system == "f2fs" else "mke2fs"])
        prepared = kernels.prepare(kernel)
        if file_system not in prepared.data_file_systems:
            raise UsageError(f"the {kernel} kernel has no {file_system}: choose --kernel phone or --filesystem ext4")
        binary = places.BUILD / "device" / "aarch64" / "apus"
        if not binary.exists():
            raise UsageError(f"there is no {binary}: make it with cross/build aarch64")
        setup = cls(folder, prepared, file_system, options)
        setup._write_initramfs(binary)
        call(["mkfs.erofs", "--all-root", "-T0", folder / "images.erofs", images])
        return setup

    def _write_initramfs(self, binary: Path) -> None:
        archive = Archive()
        for name in ("bin", "data", "dev", "etc", "images", "modules", "proc", "run", "sys", "tmp"):
            archive.directory(name)
        # The kernel opens it for its first process before anything is mounted.
        archive.character_device("dev/console", 5, 1)
        archive.file("bin/busybox", (rootfs.userland() / "busybox").read_bytes(), 0o755)
        for applet in _APPLETS:
            archive.link(f"bin/{applet}", "busybox")
        archive.file("bin/apus", binary.read_bytes(), 0o755)
        archive.file("etc/mdev.conf", (places.CROSS / "guest" / "mdev.conf").read_bytes())
        archive.file("etc/passwd", b"root:x:0:0:root:/:/bin/sh\n")
        archive.file("init", (HERE / "init.sh").read_bytes(), 0o755)
        archive.file("work.sh", (HERE / "work.sh").read_bytes(), 0o755)
        for number, module in enumerate(self._modules()):
            archive.file(f"modules/{number:02}-{module.name}", module.read_bytes())
        (self.folder / "initramfs.cpio").write_bytes(archive.finish())

    def _modules(self) -> list[Path]:
        if self.kernel.modules is None:
            return []
        release = next(self.kernel.modules.iterdir())
        order = load_order(
            (release / "modules.dep").read_text(), (release / "modules.builtin").read_text(), ["virtio_mmio", "virtio_blk", "erofs", "overlay"]
        )
        return [release / path for path in order]

    @property
    def medium(self) -> Path:
        """The file that holds what is on the disk for good."""
        return self.folder / "medium.img"

    @property
    def console(self) -> Path:
        """What the present boot has said."""
        return self.folder / "console.log"

    def format(self) -> None:
        """Makes the disk anew."""
        self.medium.unlink(missing_ok=True)
        with self.medium.open("wb") as file:
            file.truncate(_DISK_SIZE)
        if self.file_system == "ext4":
            # All tables are marked as written, so that nothing is written later on which is not the store's.
            lazy = "lazy_itable_init=0,lazy_journal_init=0,assume_storage_prezeroed=1"
            call(["mke2fs", "-q", "-t", "ext4", "-b", str(BLOCK), "-m", "0", "-E", lazy, self.medium])
        else:
            call(["mkfs.f2fs", "-q", self.medium])

    def check_file_system(self) -> str:
        """What the file system's own check says of a disk that was unmounted; empty when it is sound."""
        command = ["e2fsck", "-f", "-n"] if self.file_system == "ext4" else ["fsck.f2fs", "--dry-run"]
        done = subprocess.run([find(command[0]), *command[1:], self.medium], capture_output=True, text=True, errors="replace", check=False)
        return "" if done.returncode == 0 else f"{command[0]} ended with status {done.returncode}: {' / '.join(done.stdout.splitlines()[-6:])}"

    def boot(self, orders: list[str], chance: random.Random) -> Boot:
        """Switches the device on; it begins with the first order by itself."""
        text = "".join(f"{line}\n" for line in orders).encode()
        (self.folder / "orders").write_bytes(text + b"\0" * (-len(text) % 65536 or 65536))
        if self.console.exists():
            self.console.rename(self.folder / "console.before.log")
        disk = Disk(self.medium, self.folder / "socket", chance)
        try:
            return Boot(self, disk, qemu.start(self._command_line(), self.folder / "qemu.log", owned=True, lifetime=0))
        except BaseException:
            disk.close()
            raise

    def _command_line(self) -> list[str]:
        words = ["console=ttyAMA0", "quiet", "panic=-1", "rdinit=/init", "printk.time=1", "printk.devkmsg=on", "random.trust_bootloader=on", *self.kernel.arguments]
        words += [f"powercut.data={self.file_system}", f"powercut.options={self.options}"]
        arguments = [
            "qemu-system-aarch64", "-accel", "tcg", "-machine", "virt", "-cpu", "cortex-a72", "-smp", "1", "-m", "256M", "-nodefaults", "-no-user-config",
            "-display", "none", "-no-reboot", "-rtc", "base=utc", "-chardev", f"file,id=console,path={self.console}", "-serial", "chardev:console",
            "-kernel", str(self.kernel.image), "-initrd", str(self.folder / "initramfs.cpio"), "-append", " ".join(words),
            "-drive", f"if=none,id=data,driver=nbd,cache=writeback,server.type=unix,server.path={self.folder / 'socket'}",
            "-device", f"virtio-blk-device,drive=data,serial=data,logical_block_size={BLOCK},physical_block_size={BLOCK}",
        ]
        for name, path in (("images", self.folder / "images.erofs"), ("orders", self.folder / "orders")):
            arguments += [
                "-drive", f"if=none,id={name},format=raw,read-only=on,file={path}", "-device", f"virtio-blk-device,drive={name},serial={name}",
            ]
        return arguments


class Boot:
    """A device that is on."""

    def __init__(self, setup: Setup, disk: Disk, process: qemu.Process) -> None:
        """Made by `Setup.boot`."""
        self._setup = setup
        self.disk = disk
        self._process = process

    @property
    def said(self) -> str:
        """Everything on the console."""
        try:
            return self._setup.console.read_text(errors="replace")
        except FileNotFoundError:
            return ""

    def wait(self, text: str, limit: float = _BOOT_LIMIT) -> bool:
        """Waits for a message; false when the power goes before, as `Disk.cut_after` may have it."""
        end = time.monotonic() + limit
        while f"powercut: {text}" not in self.said:
            if self.disk.went_off.wait(0.02):
                return False
            if not self._process.alive():
                if f"powercut: {text}" in self.said:
                    return True
                raise DeviceError(f"the device went off; its last lines: {qemu.tail(self._setup.console)}; emulator: {qemu.tail(self._setup.folder / 'qemu.log')}")
            if time.monotonic() > end:
                raise DeviceError(f"'{text}' was not said within {limit:g} s; the last lines: {qemu.tail(self._setup.console)}")
        return True

    def cut(self) -> tuple[int, int]:
        """Takes the power away; see `Cache.lose_power`."""
        self.disk.stop()
        self.end()
        return self.disk.lose_power()

    def end(self) -> None:
        """Ends the emulator."""
        self._process.kill(Deadline(30))

    def close(self) -> None:
        """Ends all of it."""
        self.end()
        self.disk.close()
