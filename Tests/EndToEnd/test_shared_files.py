"""Two images with the same files in different layers have them once on the medium, and neither can tell."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import deny_calls
import layouts
import made_images
import pytest
from machines import Machine, Native
from test_crash_safety import content, killed_at_each_step

SAME = random.Random(1).randbytes(200_000)
COMMON = [layouts.folder("data"), layouts.file("data/same", SAME, mode=0o640, uid=7), layouts.file("data/small", b"small")]


@contextmanager
def two_images(machine: Machine) -> Iterator[tuple[list[str], list[str]]]:
    """Two images with the same files and a different one, and the unpacked layers."""
    names, places = [], []
    for changed in (b"old" * 50_000, b"old" * 49_999 + b"new"):
        name = made_images.import_made(machine, entries=[*COMMON, layouts.file("data/changed", changed)])
        layer = json.loads(machine.call("image", "inspect", name).succeeded().text)["layers"][0].split(":")[1]
        names.append(name)
        places.append(f"{machine.store}/layers/{layer}")
    try:
        yield names, places
    finally:
        for name in names:
            machine.call("image", "remove", name)


def state(machine: Machine, files: Sequence[str]) -> str:
    """All that a layer's file has: contents, number, and every attribute but its time of access."""
    return machine.sh(f"sha256sum {' '.join(files)}; stat -c '%i %h %f %u:%g %s %Y %Z' {' '.join(files)}")


def test_an_update_shares_what_it_has_not_changed(machine: Machine) -> None:
    with two_images(machine) as (names, places):
        inodes = {file: machine.sh(f"stat -c %i {places[0]}/{file} {places[1]}/{file}").split() for file in ("data/same", "data/changed", "data/small", "bin/busybox")}
        machine.call("image", "verify", *names).succeeded()
        machine.call("image", "remove", names[0]).succeeded()
        result = machine.call("image", "run", "--name", machine.new_name(), names[1], "--", "stat", "-c", "%a %u %s %h", "/data/same")
        machine.call("image", "verify", names[1]).succeeded()
    assert [file for file, (left, right) in inodes.items() if left == right] == ["data/same", "bin/busybox"]
    assert result.succeeded().text == "640 7 200000 1\n"


def test_no_write_of_a_container_reaches_what_another_image_has(machine: Machine) -> None:
    write = """
        busybox cp /bin/busybox /tmp/busybox
        echo more >>/data/same; stat -c %s /data/same; head -c 4 /dev/zero >/data/same; stat -c %s /data/same
        /tmp/busybox chmod 777 /data/same; /tmp/busybox chown 5:5 /data/same; touch -d '2001-01-01 00:00' /data/same
        /tmp/busybox ln /data/same /data/again; /tmp/busybox rm /data/same; stat -c '%s %a %u' /data/again
        /tmp/busybox chmod 4711 /bin/busybox; /tmp/busybox mv /bin/busybox /bin/moved; /tmp/busybox rm /bin/moved
    """
    with two_images(machine) as (names, places):
        files = [f"{place}/{file}" for place in places for file in ("data/same", "bin/busybox")]
        before = state(machine, files)
        for name in names:
            seen = machine.call("image", "run", "--name", machine.new_name(), name, "--", "sh", "-c", write)
            assert (seen.succeeded().text, seen.error) == ("200005\n4\n4 777 5\n", "")
        after = state(machine, files)
        machine.call("image", "verify", *names).succeeded()
    assert after == before


@pytest.mark.native
def test_overlays_that_copy_only_attributes_keep_shared_contents_apart(native: Native) -> None:
    """A kernel can be told to do that for all overlays (metacopy): what is below stays as it is then, too."""
    with two_images(native) as (names, places):
        file = f"{places[0]}/data/same"
        before = state(native, [file])
        native.sh(f"""
            set -e
            cd $(mktemp -d {native.volatile}/XXXXXX)
            mkdir upper-a upper-b work-a work-b a b
            trap 'umount a b 2>/dev/null; rm -rf "$PWD"' EXIT
            for one in a b; do mount -t overlay -o lowerdir={places[0]}:{places[1]},upperdir=upper-$one,workdir=work-$one,metacopy=on,volatile overlay $one; done
            chown 9:9 a/data/same
            test "$(stat -c %u b/data/same)" = 7
            chmod 600 a/data/same
            echo more >>a/data/same
            test "$(stat -c %s a/data/same)" = 200005
            test "$(stat -c '%s %a %u' b/data/same)" = '200000 640 7'
        """)
        after = state(native, [file])
        native.call("image", "verify", *names).succeeded()
    assert after == before


@pytest.mark.native
@pytest.mark.parametrize("without", ["", "openat2"])
def test_images_of_the_same_packages_share_them(alone: Native, without: str) -> None:
    """Those of redis and nginx were built each for itself, and have libraries of the same Debian packages."""
    for name in ("redis", "nginx"):
        command = alone.words("image", "import", "--name", name, alone.layout(name))
        alone.run(deny_calls.without(alone, without, command) if without else command).succeeded()
    shared = alone.sh(f"find {alone.store}/layers -type f -size +16k -links 2 -printf '%f\\n' | sort -u").split()
    alone.call("image", "verify").succeeded()
    assert "libcrypto.so.3" in shared and "libssl.so.3" in shared
    alone.call("image", "remove", "redis", "nginx")


@pytest.mark.native
def test_killed_at_each_step_of_sharing(native: Native, place: Path) -> None:
    """An import that is killed leaves the other image as it was, and the next command takes the links away."""
    store = native.new_folder(lasting=True)
    words = [native.apus, "--data-root", store]
    other = str(layouts.write(place / "other", [layouts.Layer([*COMMON, layouts.file("data/joined", SAME)])], architecture=native.architecture))
    entries = [*COMMON, layouts.file("data/joined", SAME), layouts.hardlink("b", "data/joined")]
    again = str(layouts.write(place / "again", [layouts.Layer(entries)], architecture=native.architecture))
    native.run([*words, "image", "import", "--name", "other", other]).succeeded()
    before = content(native, store)
    steps = "mkdirat,linkat,unlinkat,renameat,renameat2,openat2,sendfile,syncfs,fsync"
    count = 0
    for count in killed_at_each_step(native, steps, lambda: [*words, "image", "import", "--name", "again", again]):
        names = native.run([*words, "image", "list"]).succeeded().text
        assert native.sh(f"find {store}/tmp -mindepth 1; find {store}/layers -type f -links +2") == ""
        if "again" not in names:
            assert content(native, store) == before
            assert native.sh(f"find {store}/layers -type f -links +1") == ""
        native.run([*words, "image", "remove", "again"])
    assert count > 10
    native.run([*words, "image", "verify"]).succeeded()
    native.sh(f"rm -rf {store}")
