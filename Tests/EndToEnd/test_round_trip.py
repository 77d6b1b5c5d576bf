"""Images of other tools' making are, unpacked, what umoci makes of them, bit for bit."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from machines import ROOT, Machine, Native, tool
from trees import content, differences, merged

pytestmark = pytest.mark.native
IMAGES = ["busybox", "mosquitto", "nginx", "redis"]


def unpacked(layout: Path, tag: str, place: Path) -> Path:
    """What umoci makes of an image of a layout."""
    tool("umoci", "unpack", "--image", f"{layout}:{tag}", str(place))
    return place / "rootfs"


def built(machine: Machine, image: str) -> Path:
    return ROOT / ".build" / "images" / machine.architecture / image


def compare(machine: Native, image: str, expected: Path, place: Path) -> None:
    """Compares an image of the store with a tree, and removes it."""
    (place / "merged").mkdir()
    with merged(machine, image, place / "merged") as root:
        assert differences(content(root), content(expected)) == []
    machine.call("image", "remove", image).succeeded()


@pytest.mark.parametrize("image", IMAGES)
def test_an_image_of_ours_is_what_umoci_unpacks(alone: Native, place: Path, image: str) -> None:
    layout = built(alone, image)
    alone.call("image", "import", "--name", "it", str(layout)).succeeded()
    compare(alone, "it", unpacked(layout, "latest", place / "umoci"), place)


@pytest.mark.parametrize("kind", ["docker-archive", "oci-archive"])
@pytest.mark.parametrize("image", IMAGES)
def test_what_skopeo_makes_of_an_image_is_still_what_umoci_unpacks(alone: Native, place: Path, image: str, kind: str) -> None:
    layout = built(alone, image)
    tool("skopeo", "copy", "--quiet", f"oci:{layout}", f"{kind}:{place}/image.tar:docker.io/library/{image}:1")
    alone.call("image", "import", "--name", "it", f"{place}/image.tar").succeeded()
    compare(alone, "it", unpacked(layout, "latest", place / "umoci"), place)


def change(root: Path) -> None:
    """What a build does to the image below: removes, replaces and adds things of every kind."""
    kept = [entry for entry in sorted(root.iterdir()) if entry.name not in ("bin", "etc", "lib") and entry.is_dir() and not entry.is_symlink()]
    assert kept, "an image without folders is no image for this test"
    # A folder that is removed and made anew hides what was in it.
    first = kept[0]
    tool("rm", "-rf", str(first))
    first.mkdir(mode=0o1777)
    (first / "new").write_bytes(b"new\n")
    # Not the lists of users: umoci looks into them.
    replaced = next(file for file in sorted(root.rglob("*")) if file.name not in ("passwd", "group") and file.is_file() and not file.is_symlink())
    replaced.unlink()
    replaced.symlink_to("/nowhere/at all")
    (root / "added").mkdir()
    file = root / "added" / "file"
    file.write_bytes(bytes(range(256)) * 300)
    os.link(file, root / "added" / "again")
    os.chown(file, 12345, 2_000_000_000)
    file.chmod(0o6751)
    os.setxattr(file, "user.note", b"\0\xff of umoci")
    # cap_net_raw=ep, as `setcap` writes it.
    os.setxattr(file, "security.capability", bytes.fromhex("0100000200200000000000000000000000000000"))
    os.mkfifo(root / "added" / "pipe", 0o620)
    (root / "added" / "a name with spaces, ünïcode and \n a line feed").write_bytes(b"")
    (root / "added" / ("n" * 255)).write_bytes(b"long")
    deep = root / "added"
    for _ in range(20):
        deep = deep / "twelve-bytes"
        deep.mkdir()
    (deep / "at the end").write_bytes(b"of more than 255 bytes of path")
    os.utime(file, ns=(1_234_567_890_123_456_789, 1_234_567_890_987_654_321))
    os.utime(root / "added" / "pipe", ns=(0, 0))


@pytest.mark.parametrize("image", IMAGES)
def test_what_umoci_repacks_is_what_it_unpacks(alone: Native, place: Path, image: str) -> None:
    layout = place / "image"
    tool("skopeo", "copy", "--quiet", f"oci:{built(alone, image)}", f"oci:{layout}:base")
    change(unpacked(layout, "base", place / "bundle"))
    tool("umoci", "repack", "--image", f"{layout}:more", str(place / "bundle"))
    tool("umoci", "remove", "--image", f"{layout}:base")
    alone.call("image", "import", "--name", "it", str(layout)).succeeded()
    compare(alone, "it", unpacked(layout, "more", place / "umoci"), place)
