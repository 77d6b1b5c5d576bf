"""A medium that is full can be cleaned: images, what was left, and writable layers go, whatever fills it."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path

import layouts
import pytest
from machines import Emulated, Machine

from harness import Device, Options

RESERVE = 1 << 20


def wide() -> layouts.Layer:
    """Removing it makes a directory grow: many directories that are not empty, in one that is not the uppermost."""
    entries = [layouts.folder("w")]
    for number in range(1500):
        name = f"w/{'d' * 120}{number:05}"
        entries += [layouts.folder(name), layouts.folder(f"{name}/s"), layouts.file(f"{name}/s/f", b"x")]
    return layouts.Layer(entries)


def many() -> list[layouts.Layer]:
    """An image with as many layers as can be."""
    return [layouts.Layer([layouts.folder("p"), layouts.file(f"p/{number}", b"y" * 5000)]) for number in range(128)]


def put(machine: Machine, name: str, layers: list[layouts.Layer]) -> str:
    """Makes a layout on the machine; gives its path."""
    with tempfile.TemporaryDirectory() as folder:
        place = layouts.write(Path(folder) / name, layers, architecture=machine.architecture)
        machine.put(place, f"{machine.volatile}/{name}")
    return f"{machine.volatile}/{name}"


def fill(machine: Machine, folder: str) -> None:
    """Takes every block, the last ones by small files."""
    machine.sh(f"""
        for size in 1048576 65536 4096 4096; do
          dd if=/dev/zero of={folder}/filler-$size-$(ls {folder} | wc -l) bs=$size 2>/dev/null || :
          sync
        done
        number=0
        while [ $number -lt 2000 ] && echo full 2>/dev/null >{folder}/small-$number; do number=$((number + 1)); done
    """)


@contextlib.contextmanager
def small_ext4(native: Machine, *options: str) -> Iterator[str]:
    """A file system of its own, mounted; root has no blocks besides."""
    folder = native.new_folder(lasting=True)
    native.sh(f"""
        truncate -s 64M {folder}/medium
        mke2fs -q -t ext4 -b 4096 -m 0 {' '.join(options)} {folder}/medium
        mkdir {folder}/mounted
        mount -o loop {folder}/medium {folder}/mounted
    """)
    try:
        yield f"{folder}/mounted"
    finally:
        native.sh(f"umount {folder}/mounted; rm -r {folder}")


def cleans_up(machine: Machine, folder: str, all_inodes: bool = False) -> None:
    """Imports until the medium is full, and then removes everything again, without a word of complaint."""
    command = [machine.apus, "--root", machine.state, "--data-root", f"{folder}/store", "image"]
    layouts_of = {"wide": put(machine, "wide", [wide()]), "many": put(machine, "many", many())}
    machine.sh(f"mkdir {folder}/other")
    for name, place in layouts_of.items():
        machine.run([*command, "import", "--quiet", place]).succeeded()
    assert machine.sh(f"stat -c %s {folder}/store/reserve").strip() == str(RESERVE)
    if all_inodes:
        machine.sh(f"mkdir {folder}/other/many; cd {folder}/other/many; seq 6000 | xargs touch 2>/dev/null || :")
        assert machine.sh(f"stat -f -c %d {folder}").strip() == "0"
    fill(machine, f"{folder}/other")
    # What there is no room for ends with one line, and leaves nothing.
    before = machine.sh(f"ls -A {folder}/store/tmp {folder}/store/layers")
    machine.run([*command, "import", "--quiet", "--name", "new", put(machine, "new", [layouts.Layer([layouts.file("f", b"z" * 100_000)])])]).failed(
        "no space left", status=1)
    assert machine.sh(f"ls -A {folder}/store/tmp {folder}/store/layers") == before
    for name in layouts_of:
        result = machine.run([*command, "remove", name]).succeeded()
        assert result.error == "", result.error
    assert machine.run([*command, "list"]).succeeded().text == ""
    assert machine.sh(f"ls -A {folder}/store/tmp; ls -A {folder}/store/layers; find {folder}/store/blobs -type f") == ""
    # There is one again.
    assert machine.sh(f"stat -c '%s %b' {folder}/store/reserve").split()[0] == str(RESERVE)
    machine.sh(f"rm -r {folder}/other {' '.join(layouts_of.values())}")


@pytest.mark.native
def test_a_full_ext4_can_be_cleaned(native: Machine) -> None:
    with small_ext4(native) as folder:
        cleans_up(native, folder)


@pytest.mark.native
def test_an_ext4_without_inodes_can_be_cleaned(native: Machine) -> None:
    with small_ext4(native, "-N", "6000") as folder:
        native.sh(f"rm -rf {folder}/lost+found")
        cleans_up(native, folder, all_inodes=True)


@pytest.mark.native
def test_a_full_file_system_that_cannot_allocate_ahead_can_be_cleaned(native: Machine) -> None:
    """As ext3: files without extents, for which fallocate(2) fails with EOPNOTSUPP."""
    with small_ext4(native, "-O", "^extent,^64bit") as folder:
        cleans_up(native, folder)


@pytest.mark.device
def test_a_full_f2fs_can_be_cleaned() -> None:
    with Device.boot(Options(kernel="phone", cgroups="android", data="f2fs", data_size=128 << 20)) as device:
        machine = Emulated(device, "full f2fs")
        cleans_up(machine, "/data")


@pytest.mark.native
def test_a_full_medium_can_be_cleaned_without_the_reserve(native: Machine) -> None:
    """Killed after it was given up, with something else that takes what became free."""
    with small_ext4(native) as folder:
        command = [native.apus, "--root", native.state, "--data-root", f"{folder}/store", "image"]
        native.run([*command, "import", "--quiet", put(native, "wide", [wide()])]).succeeded()
        native.sh(f"mkdir {folder}/other; rm {folder}/store/reserve")
        fill(native, f"{folder}/other")
        assert native.run([*command, "remove", "wide"]).succeeded().error == ""
        assert native.sh(f"ls -A {folder}/store/tmp; ls -A {folder}/store/layers") == ""


@pytest.mark.native
def test_what_a_container_filled_the_medium_with_goes_with_it(native: Machine) -> None:
    with small_ext4(native) as folder:
        command = [native.apus, "--root", native.state, "--data-root", f"{folder}/store", "image"]
        native.run([*command, "import", "--quiet", native.layout("busybox")]).succeeded()
        before = native.sh(f"stat -f -c %f {folder}").strip()
        script = "mkdir d; cd d; n=0; while dd if=/dev/zero of=f$n bs=1M count=4 2>/dev/null; do n=$((n + 1)); done; echo full; exit 3"
        result = native.run([*command, "run", "--name", native.new_name(), "busybox", "--", "sh", "-c", script])
        assert (result.status, result.text, result.error) == (3, "full\n", "")
        native.sh("sync")
        assert native.sh(f"ls -A {folder}/store/containers; ls -A {folder}/store/tmp") == ""
        assert native.sh(f"stat -f -c %f {folder}").strip() == before
