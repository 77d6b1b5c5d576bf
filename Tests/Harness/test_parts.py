"""The parts of the harness that need no emulator."""

from __future__ import annotations

import gzip
import os
import subprocess
from pathlib import Path

import pytest
from harness import DeviceError, DeviceTimeout, Options, UsageError, cpio, disks, kernels, modules, options, packages, places, qemu, state, tools
from harness.errors import Deadline

DEP = """\
kernel/fs/erofs/erofs.ko: kernel/lib/libcrc32c.ko
kernel/lib/libcrc32c.ko:
kernel/drivers/virtio/virtio.ko: kernel/drivers/virtio/virtio_ring.ko
kernel/drivers/virtio/virtio_ring.ko:
kernel/drivers/virtio/virtio_mmio.ko: kernel/drivers/virtio/virtio.ko kernel/drivers/virtio/virtio_ring.ko
kernel/drivers/md/dm-verity.ko:
"""


class TestModules:
    """Which modules are loaded, and in which order."""

    def test_what_a_module_needs_comes_before_it(self) -> None:
        order = [modules.module_name(path) for path in modules.load_order(DEP, "", ["virtio_mmio", "erofs"])]
        assert order == ["virtio_ring", "virtio", "virtio_mmio", "libcrc32c", "erofs"]

    def test_each_is_loaded_once(self) -> None:
        order = modules.load_order(DEP, "", ["virtio", "virtio_mmio", "virtio"])
        assert len(order) == len(set(order)) == 3

    def test_builtin_ones_need_no_file(self) -> None:
        assert modules.load_order(DEP, "kernel/fs/ext4/ext4.ko\n", ["ext4"]) == []

    def test_dashes_in_file_names_are_underscores(self) -> None:
        assert modules.load_order(DEP, "", ["dm_verity"]) == ["kernel/drivers/md/dm-verity.ko"]

    def test_an_unknown_module_is_an_error(self) -> None:
        with pytest.raises(DeviceError, match="no module f2fs"):
            modules.load_order(DEP, "", ["f2fs"])

    def test_the_list_in_the_tree_is_valid(self) -> None:
        wanted = modules.read_wanted((places.CROSS / "guest" / "modules").read_text())
        assert {"virtio_blk", "erofs"} <= {module.name for module in wanted if module.at_boot}

    def test_a_bad_line_is_named(self) -> None:
        with pytest.raises(DeviceError, match="line 2"):
            modules.read_wanted("boot a # fine\nsometimes b\n")


class TestPhoneKernel:
    """What is accepted as the phone kernel."""

    def test_the_configuration_inside_an_image_is_found(self) -> None:
        text = "CONFIG_EXT4_FS=y\n# CONFIG_PID_NS is not set\n"
        image = b"\0" * 100 + b"IKCFG_ST" + b"not it" + b"IKCFG_ST" + gzip.compress(text.encode()) + b"IKCFG_ED" + b"\1" * 50
        assert kernels.configuration_of(image) == text

    def test_an_image_without_one_is_refused(self) -> None:
        with pytest.raises(DeviceError, match="CONFIG_IKCONFIG"):
            kernels.configuration_of(b"IKCFG_ST" * 10)

    def test_unmet_settings_are_named(self) -> None:
        wanted = kernels.settings("# a comment\nCONFIG_A=y\nCONFIG_B=16\n# CONFIG_C is not set\n# CONFIG_D is not set\n")
        assert kernels.unmet(wanted, "CONFIG_A=y\nCONFIG_B=8\nCONFIG_C=y\n") == ["# CONFIG_C is not set", "CONFIG_B=16"]

    def test_comments_do_not_change_the_kernel(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        before = kernels.phone_kernel_directory()
        fragment = (places.CROSS / "kernels" / "phone.fragment").read_text()
        changed = tmp_path / "phone.fragment"
        monkeypatch.setattr(kernels, "_FRAGMENT", changed)
        changed.write_text("# another comment\n" + fragment)
        assert kernels.phone_kernel_directory() == before
        changed.write_text(fragment.replace("CONFIG_PSI=y\n", ""))
        assert kernels.phone_kernel_directory() != before

    def test_a_seed_with_another_configuration_is_refused(self, tmp_path: Path) -> None:
        fragment = (places.CROSS / "kernels" / "phone.fragment").read_text()
        effective = fragment.replace("# CONFIG_PID_NS is not set", "CONFIG_PID_NS=y")
        image = b"IKCFG_ST" + gzip.compress(effective.encode()) + b"IKCFG_ED"
        (tmp_path / "phone-6.1.Image.gz").write_bytes(gzip.compress(image))
        (tmp_path / "phone-6.1.fragment").write_text(fragment)
        cache = tmp_path / "cache"
        done = subprocess.run(
            [places.CROSS / "kernels" / "seed", tmp_path], env={**os.environ, "APUS_CACHE": str(cache)}, capture_output=True, text=True, check=False
        )
        assert done.returncode == 1
        assert "CONFIG_PID_NS is not set" in done.stderr
        assert not list(cache.rglob("Image"))


class TestArchive:
    """The initramfs, read back by cpio's own rules."""

    def test_entries(self) -> None:
        archive = cpio.Archive()
        archive.directory("dev")
        archive.character_device("dev/console", 5, 1)
        archive.file("init", b"hello", 0o755)
        archive.link("sh", "init")
        entries = {name: (mode, device, content) for name, mode, device, content in read_archive(archive.finish())}
        assert entries["dev"] == (0o040755, (0, 0), b"")
        assert entries["dev/console"] == (0o020600, (5, 1), b"")
        assert entries["init"] == (0o100755, (0, 0), b"hello")
        assert entries["sh"] == (0o120777, (0, 0), b"init")
        assert list(entries)[-1] == "TRAILER!!!"


def read_archive(data: bytes) -> list[tuple[str, int, tuple[int, int], bytes]]:
    """The entries of a newc archive: name, mode, device, content."""
    entries = []
    offset = 0
    while offset < len(data):
        assert data[offset : offset + 6] == b"070701"
        numbers = [int(data[offset + 6 + 8 * index : offset + 14 + 8 * index], 16) for index in range(13)]
        size, name_size = numbers[6], numbers[11]
        name = data[offset + 110 : offset + 109 + name_size].decode()
        start = (offset + 110 + name_size + 3) // 4 * 4
        entries.append((name, numbers[1], (numbers[9], numbers[10]), data[start : start + size]))
        offset = (start + size + 3) // 4 * 4
    return entries


class TestDebianSources:
    """Which of the machine's sources are used."""

    def test_only_debians_own_suites(self) -> None:
        targets = "http://d/debian/ bookworm main\nhttp://d/debian/ bookworm-security main\nhttp://x/ cloud-sdk-bookworm main\nhttp://y/ nodistro main\n"
        lines = packages.debian_sources(targets, "bookworm")
        assert [line.split("] ")[1] for line in lines] == ["http://d/debian/ bookworm main", "http://d/debian/ bookworm-security main"]
        assert all("signed-by=/usr/share/keyrings/debian-archive-keyring.gpg" in line for line in lines)

    def test_package_stanzas(self) -> None:
        text = "Package: linux-image-cloud-arm64\nVersion: 6.1.2-1\nDepends: linux-image-6.1.0-2-cloud-arm64 (= 6.1.2-1), other:any | third\n\n"
        assert packages.parse_show(text) == [
            packages.Package("linux-image-cloud-arm64", "6.1.2-1", ("linux-image-6.1.0-2-cloud-arm64", "other"))
        ]


class TestCommandLine:
    """Options, and the machine that they describe."""

    def test_given_options_go_over_those_of_the_last_boot(self) -> None:
        known = Options(kernel="phone", memory=512 << 20)
        chosen = options.machine_options(options.parse(["boot", "--cgroups", "v1", "--memory", "64M"]), known)
        assert chosen == Options(kernel="phone", cgroups="v1", memory=64 << 20)

    def test_the_command_keeps_its_own_options(self) -> None:
        assert options.parse(["run", "--kernel", "phone", "--", "ls", "--kernel", "-t"]).command == ["ls", "--kernel", "-t"]

    @pytest.mark.parametrize(
        "words",
        [[], ["fly"], ["boot", "--kernel", "plan9"], ["run"], ["boot", "--memory", "much"], ["boot", "--timeout", "0"], ["power-cut", "--when-output", "x"]],
    )
    def test_wrong_ones_end_with_status_2(self, words: list[str]) -> None:
        with pytest.raises(SystemExit) as caught:
            options.parse(words)
        assert caught.value.code == 2

    @pytest.mark.parametrize(("text", "bytes_"), [("1", 1), ("3K", 3072), ("256M", 256 << 20), ("2G", 2 << 30)])
    def test_sizes(self, text: str, bytes_: int) -> None:
        assert disks.parse_size(text) == bytes_

    @pytest.mark.parametrize("text", ["", "M", "-1M", "1T", "1.5G", "9999999999999"])
    def test_what_is_not_a_size(self, text: str) -> None:
        with pytest.raises(UsageError):
            disks.parse_size(text)

    @pytest.mark.parametrize("name", ["", "tmp-1", "A", "a/b", "..", "-a", "a" * 32])
    def test_what_is_not_a_name(self, name: str) -> None:
        with pytest.raises(UsageError):
            state.directory_of(name)

    def test_the_machine_reaches_nothing_and_is_reached_from_loopback_only(self) -> None:
        kernel = kernels.Kernel(Path("/k"), ("cgroup_disable=pressure",), (), None, ("ext4",), "")
        machine = qemu.Machine(kernel, Path("/i"), Path("/r"), Path("/a,b"), None, None, 256 << 20, 2, "android", True, "ext4", 60, "lsm=selinux")
        words = qemu.command_line(machine, 4711, Path("/c"))
        assert "user,id=net,restrict=on,hostfwd=tcp:127.0.0.1:4711-:22" in words
        assert {"cgroup_disable=pressure", "device.root=ram", "lsm=selinux"} <= set(words[words.index("-append") + 1].split())
        assert any(word.endswith("read-only=off,file=/a,,b") for word in words), "a comma in a file name is doubled"

    def test_every_program_is_in_the_package_list(self) -> None:
        listed = {line.split()[0] for line in (places.CROSS / "packages.txt").read_text().splitlines() if line and not line.startswith("#")}
        essential = {"apt", "dpkg", "tar", "coreutils"}
        assert set(tools.PACKAGES.values()) - essential <= listed


    def test_a_missing_program_is_named_with_its_package(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(tools, "_SEARCH", str(tmp_path))
        with pytest.raises(UsageError, match="apt-get install --no-install-recommends openssh-client qemu-system-arm"):
            tools.require(["ssh-keygen", "qemu-system-aarch64", "ssh"])


class TestDeadline:
    """Time limits."""

    def test_the_step_is_named(self) -> None:
        deadline = Deadline(0.0001)
        deadline.step = "waiting for the kernel's first message"
        while deadline.remaining() > 0:
            pass
        with pytest.raises(DeviceTimeout, match="while waiting for the kernel's first message; last console lines: x"):
            deadline.check("last console lines: x")


class TestState:
    """What is kept between calls."""

    def test_round_trip(self, tmp_path: Path) -> None:
        kept = state.State(Options(kernel="phone"), qemu.Process(12, "345"), 6789)
        state.save(tmp_path, kept)
        assert state.load(tmp_path) == kept

    def test_damage_is_told(self, tmp_path: Path) -> None:
        (tmp_path / "device.json").write_text('{"options": {"kernel": "phone"')
        with pytest.raises(DeviceError, match="damaged"):
            state.load(tmp_path)

    def test_what_a_killed_owner_left_is_removed(self, build: Path) -> None:
        orphan = build / "devices" / "tmp-orphan"
        orphan.mkdir(parents=True)
        (orphan / "lock").touch()
        directory, lock = state.temporary_directory()
        other, other_lock = state.temporary_directory()
        assert not orphan.exists()
        assert directory.exists() and other.exists(), "a directory in use stays"
        for path, held in ((directory, lock), (other, other_lock)):
            held.close()
            (path / "lock").unlink()
            path.rmdir()

    def test_a_failed_stage_leaves_nothing(self, tmp_path: Path) -> None:
        with pytest.raises(ValueError), places.staged(tmp_path / "result") as stage:
            (stage / "half").touch()
            raise ValueError
        assert list(tmp_path.iterdir()) == []
