"""A device under QEMU, as a library: what the guest is like, commands, files, power."""

from __future__ import annotations

import os
import pty
import struct
import subprocess
import sys
import termios
import time
from fcntl import ioctl
from pathlib import Path

import pytest
from harness import Device, DeviceError, DeviceTimeout, Options, UsageError
from harness.errors import Deadline


def shell(device: Device, script: str) -> str:
    """Runs a shell script that must succeed, and returns its output."""
    result = device.run(["sh", "-c", script])
    assert result.status == 0, result
    return result.text


def mounts(device: Device) -> dict[str, tuple[str, set[str]]]:
    """Mount point -> (file system type, options)."""
    lines = [line.split() for line in shell(device, "cat /proc/mounts").splitlines()]
    return {fields[1]: (fields[2], set(fields[3].split(","))) for fields in lines}


class TestGuest:
    """What the device is like."""

    def test_the_root_is_read_only_and_can_be_left(self, debian: Device) -> None:
        assert mounts(debian)["/"][0] == "erofs"
        assert debian.run(["touch", "/x"]).status != 0
        script = "mount -t tmpfs none /tmp && mkdir /tmp/old && cp /bin/busybox /tmp && cd /tmp && pivot_root . old && exec ./busybox ls /"
        assert "old" in shell(debian, f"unshare -m sh -c '{script}'")

    def test_writable_places(self, debian: Device) -> None:
        shell(debian, "touch /run/x /tmp/x /data/x /var/lib/x && rm /run/x /tmp/x /data/x /var/lib/x")
        assert debian.run(["readlink", "-f", "/var/lib/apus"]).text == "/data/var/lib/apus\n", "images last"

    def test_clock_and_names(self, debian: Device) -> None:
        assert abs(int(shell(debian, "date +%s")) - time.time()) < 10
        assert shell(debian, "hostname").strip() == "device"

    def test_network(self, debian: Device) -> None:
        assert "127.0.0.1" in shell(debian, "ip address show up dev lo")
        assert debian.run(["nc", "-w", "2", "10.0.2.2", "22"]).status != 0, "the dev box is out of reach"

    def test_the_binary_and_the_images_are_there(self, debian: Device) -> None:
        assert debian.run(["apus", "image", "list"]).text == "apus was called with: image list\n"
        assert "oci-layout" in shell(debian, "ls /images/sample")
        assert "ro" in mounts(debian)["/images"][1]

    def test_modules_come_when_they_are_needed(self, debian: Device) -> None:
        shell(debian, "ip link add bridge0 type bridge && ip link add one type veth peer name two && ip link delete one && ip link delete bridge0")
        shell(debian, "mkdir /tmp/l /tmp/m && mount -t overlay -o lowerdir=/tmp/l:/bin none /tmp/m && umount /tmp/m")

    def test_memory_is_bounded(self, debian: Device) -> None:
        total = int(shell(debian, "awk '/^MemTotal/ { print $2 }' /proc/meminfo"))
        assert 200 << 10 < total < 256 << 10


class TestCgroups:
    """Each layout is what it promises to be."""

    def test_v2(self, debian: Device) -> None:
        assert mounts(debian)["/sys/fs/cgroup"][0] == "cgroup2"
        assert {"memory", "cpu", "pids"} <= set(shell(debian, "cat /sys/fs/cgroup/cgroup.controllers").split())

    @pytest.mark.parametrize("kernel", ["debian", "phone"])
    def test_v1_and_hybrid(self, build: Path, kernel: str) -> None:
        layout = "v1" if kernel == "debian" else "hybrid"
        with Device.boot(Options(kernel=kernel, cgroups=layout)) as device:
            found = mounts(device)
            assert found["/sys/fs/cgroup"][0] == "tmpfs"
            assert found["/sys/fs/cgroup/memory"][0] == "cgroup"
            assert "memory" in found["/sys/fs/cgroup/memory"][1]
            assert {"cpu", "cpuacct"} <= found["/sys/fs/cgroup/cpu,cpuacct"][1]
            assert shell(device, "readlink /sys/fs/cgroup/cpu") == "cpu,cpuacct\n"
            assert ("/sys/fs/cgroup/unified" in found) == (layout == "hybrid")
            assert ("/sys/fs/cgroup/pids" in found) == (kernel == "debian"), "the phone kernel has no pids controller"

    def test_android(self, phone: Device) -> None:
        found = mounts(phone)
        assert "memory" in found["/dev/memcg"][1] and "cpu" in found["/dev/cpuctl"][1] and "blkio" in found["/dev/blkio"][1]
        assert "noprefix" in found["/dev/cpuset"][1]
        assert found["/sys/fs/cgroup"][0] == "cgroup2"
        shell(phone, "test -e /dev/cpuset/cpus && test ! -e /dev/cpuset/cpuset.cpus")
        assert "memory" not in shell(phone, "cat /sys/fs/cgroup/cgroup.controllers")
        shell(phone, "mkdir /sys/fs/cgroup/x && test -e /sys/fs/cgroup/x/cgroup.freeze && rmdir /sys/fs/cgroup/x")


class TestPhone:
    """The phone kernel, f2fs, and the power."""

    def test_it_lacks_what_phones_lack(self, phone: Device) -> None:
        assert shell(phone, "ls /proc/self/ns | tr '\\n' ' '").split() == ["cgroup", "mnt", "net", "uts"]
        assert "# CONFIG_PID_NS is not set" in shell(phone, "zcat /proc/config.gz")
        assert "cgroup_disable=pressure" in shell(phone, "cat /proc/cmdline")

    def test_the_data_disk_is_mounted_as_on_android(self, phone: Device) -> None:
        kind, flags = mounts(phone)["/data"]
        assert kind == "f2fs" and {"nosuid", "nodev"} <= flags

    def test_a_power_cut_keeps_what_was_synced_only(self, phone: Device) -> None:
        shell(phone, "echo kept >/data/synced; sync; echo lost >/data/unsynced")
        phone.power_cut()
        with pytest.raises(DeviceError, match="the device is off"):
            phone.run(["true"])
        phone.start()
        assert shell(phone, "cat /data/synced") == "kept\n"
        assert phone.run(["cat", "/data/unsynced"]).status != 0

    def test_an_orderly_stop_keeps_everything(self, phone: Device) -> None:
        shell(phone, "echo late >/data/late")
        phone.stop()
        assert "device: off" in phone.console
        phone.start()
        assert shell(phone, "cat /data/late") == "late\n"

    def test_it_ends_by_itself(self, build: Path) -> None:
        with Device.boot(Options(kernel="phone", lifetime=5)) as device:
            end = time.monotonic() + 20
            while device.running and time.monotonic() < end:
                time.sleep(0.1)
            assert not device.running
            assert "device: off" in device.console


class TestCommands:
    """Commands in the guest."""

    def test_streams_and_status_pass(self, debian: Device) -> None:
        result = debian.run(["sh", "-c", "cat; echo problem >&2; exit 7"], data=b"in\0put\n" * 20000)
        assert (result.status, result.stderr) == (7, b"problem\n")
        assert result.stdout == b"in\0put\n" * 20000

    def test_arguments_pass_as_they_are(self, debian: Device) -> None:
        words = ["a b", "", "$HOME", "'quoted\"", "*", "new\nline", "ünï"]
        assert debian.run(["printf", "%s|", *words]).stdout.decode() == "".join(f"{word}|" for word in words)

    @pytest.mark.parametrize(("script", "status"), [("kill -9 $$", 137), ("kill -15 $$", 143), ("exit 255", 255), ("exit 0", 0)])
    def test_status(self, debian: Device, script: str, status: int) -> None:
        result = debian.run(["sh", "-c", script])
        assert (result.status, result.stderr) == (status, b"")

    def test_an_unknown_command_is_127(self, debian: Device) -> None:
        assert debian.run(["no-such-command"]).status == 127

    @pytest.mark.parametrize("length", [8_900, 9_100, 100_000])
    def test_a_long_command_runs_and_leaves_nothing(self, debian: Device, length: int) -> None:
        words = ["it's", "x" * length, ""]
        result = debian.run(["sh", "-c", 'for word; do echo ${#word}; done; cat; exit 255', "sh", *words], data=b"input")
        assert (result.status, result.text) == (255, f"4\n{length}\n0\ninput")
        assert debian.run(["sh", "-c", "ls /run/command-* 2>/dev/null"]).text == ""

    def test_the_time_limit_ends_a_long_one_in_the_guest(self, debian: Device) -> None:
        with pytest.raises(DeviceTimeout, match="after 1 s while running: sh -c sleep 4710"):
            debian.run(["sh", "-c", "sleep 4710 & sleep 4710", "x" * 20_000], timeout=1)
        assert "4710" not in shell(debian, "ps -o args | grep [s]leep")

    def test_a_connection_that_broke_is_made_anew(self, debian: Device) -> None:
        debian.connection.close()
        assert debian.run(["sh", "-c", "exit 255"]).status == 255
        assert debian.connection.answers()

    def test_the_time_limit_ends_it_in_the_guest(self, debian: Device) -> None:
        with pytest.raises(DeviceTimeout, match="after 1 s while running: sh -c sleep 4711"):
            debian.run(["sh", "-c", "sleep 4711 & sleep 4711"], timeout=1)
        assert "4711" not in shell(debian, "ps -o args | grep [s]leep")

    def test_spawned_ones_end_with_their_block(self, debian: Device) -> None:
        with debian.spawn(["sh", "-c", "echo up; sleep 4712"]) as running:
            assert running.process.stdout is not None
            assert running.process.stdout.readline() == b"up\n"
        assert "4712" not in shell(debian, "ps -o args | grep [s]leep")

    def test_they_are_not_exempt_from_the_oom_killer(self, debian: Device) -> None:
        assert shell(debian, "cat /proc/self/oom_score_adj") == "0\n"

    def test_a_terminal_resizes(self, debian: Device) -> None:
        ours, theirs = pty.openpty()
        ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 33, 77, 0, 0))
        code = (
            "import sys; sys.path.insert(0, sys.argv[1]); from harness import places; from pathlib import Path\n"
            "from harness.connection import Connection; from harness.errors import Deadline\n"
            "script = 'stty size; read x; stty size; exit 5'\n"
            "connection = Connection(Path(sys.argv[2]), int(sys.argv[3]))\n"
            "sys.exit(connection.run(['sh', '-c', script], Deadline(30), stdin=None, stdout=None, stderr=None, terminal=True).status)\n"
        )
        port = str(debian.connection.port)
        cross = str(Path(__file__).resolve().parents[2] / "cross")
        child = subprocess.Popen(
            [sys.executable, "-c", code, cross, str(debian.directory), port], stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True,
            preexec_fn=lambda: ioctl(0, termios.TIOCSCTTY, 0),
        )
        os.close(theirs)
        seen = read_until(ours, b"33 77")
        ioctl(ours, termios.TIOCSWINSZ, struct.pack("HHHH", 44, 88, 0, 0))
        time.sleep(0.5)
        os.write(ours, b"\n")
        seen += read_until(ours, b"44 88")
        assert child.wait(timeout=20) == 5, seen
        os.close(ours)


def read_until(descriptor: int, text: bytes) -> bytes:
    """Reads from a terminal until it has shown `text`."""
    seen = b""
    while text not in seen:
        part = os.read(descriptor, 4096)
        assert part, seen
        seen += part
    return seen


class TestFiles:
    """Copies both ways."""

    def test_a_directory_there_and_back(self, debian: Device, tmp_path: Path) -> None:
        source = tmp_path / "some where"
        (source / "deep").mkdir(parents=True)
        (source / "deep" / "file").write_bytes(os.urandom(3_000_000))
        (source / "run").write_text("#!/bin/sh\nexit 3\n")
        (source / "run").chmod(0o755)
        (source / "link").symlink_to("run")
        debian.put(source, "/data")
        assert debian.run(["/data/some where/link"]).status == 3
        debian.get("/data/some where", tmp_path / "back")
        assert (tmp_path / "back" / "deep" / "file").read_bytes() == (source / "deep" / "file").read_bytes()
        assert os.readlink(tmp_path / "back" / "link") == "run"
        with pytest.raises(DeviceError, match="exists already"):
            debian.put(source, "/data")

    def test_a_file_is_replaced(self, debian: Device, tmp_path: Path) -> None:
        for content in ("one", "two"):
            (tmp_path / "file").write_text(content)
            debian.put(tmp_path / "file", "/run/name")
            assert shell(debian, "cat /run/name") == content

    def test_a_missing_one_is_told(self, debian: Device, tmp_path: Path) -> None:
        with pytest.raises(DeviceError, match="No such file"):
            debian.get("/data/absent", tmp_path)
        with pytest.raises(DeviceError, match="no directory /nowhere"):
            debian.put(Path(__file__), "/nowhere/x")
        assert list(tmp_path.iterdir()) == []


class TestRefusals:
    """What cannot be, and what takes too long."""

    def test_debians_kernel_has_no_f2fs(self, build: Path) -> None:
        with pytest.raises(UsageError, match="CONFIG_F2FS_FS"):
            Device.boot(Options(data="f2fs"))

    def test_a_boot_that_takes_too_long_names_its_step(self, build: Path) -> None:
        before = set((build / "devices").iterdir())
        with pytest.raises(DeviceTimeout, match=r"timed out after 0.6 s while \w+"):
            Device.boot(Options(), timeout=0.6)
        assert set((build / "devices").iterdir()) <= before, "nothing is left of it"

    def test_a_guest_that_cannot_boot_is_told_with_its_console(self, build: Path) -> None:
        with pytest.raises(DeviceError, match="unknown cgroup layout 'v3'"):
            device = Device.boot(Options(kernel="phone"))
            try:
                device.stop()
                object.__setattr__(device.options, "cgroups", "v3")
                device.start()
            finally:
                device.discard()

    def test_a_console_text_is_waited_for(self, debian: Device) -> None:
        with pytest.raises(DeviceTimeout, match="waiting for the console to say: never said"):
            debian.wait_for_console("never said", timeout=0.2)
        before = len(debian.console)
        shell(debian, "echo said by a test >/dev/console")
        debian.wait_for_console("said by a test", start=before, timeout=5)

    def test_running_bounds(self, debian: Device) -> None:
        with debian.spawn(["sleep", "30"]) as running, pytest.raises(DeviceTimeout):
            running.wait(Deadline(0.2))
