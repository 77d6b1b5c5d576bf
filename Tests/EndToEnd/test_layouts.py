"""The images that the tests make are what they claim to be: the sound ones sound, and each hostile one wrong in the way that its name says."""

import json
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Any

import hostile
import layouts
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "cross"))

from image_builder import layout  # noqa: E402  (the image builder's checks are another reader of the same format)
from image_builder.errors import BuildError  # noqa: E402
from image_builder.recipe import Config  # noqa: E402

LONG = "folder/" * 20 + "n" * 120


def entries(place: Path) -> list[list[tarfile.TarInfo]]:
    """The entries of each layer."""
    result = []
    for path in layout.read(place).layers:
        with tarfile.open(path, "r:gz") as archive:
            result.append(archive.getmembers())
    return result


def sound(place: Path) -> None:
    """Reads everything in a layout; raises if anything is wrong with it."""
    layout.check(place, "arm64", Config(cmd=("/bin/true",)))
    entries(place)


@pytest.mark.parametrize("form", [tarfile.PAX_FORMAT, tarfile.GNU_FORMAT])
def test_a_sound_image_with_everything(tmp_path: Path, form: int) -> None:
    attribute = [layouts.with_xattr(layouts.file("attribute", b"x"), "user.apus", "value")] if form == tarfile.PAX_FORMAT else []
    lower = [
        layouts.folder("a"), layouts.file("a/one", b"1", uid=1000, gid=1000, mode=0o4755), layouts.symlink("link", "a/one"), layouts.hardlink("again", "a/one"),
        layouts.fifo("pipe"), layouts.device("null", 1, 3), layouts.file(LONG, b"long"), *attribute,
    ]
    place = layouts.write(
        tmp_path / "image", [layouts.Layer(lower, format=form), layouts.Layer([layouts.whiteout("a/one"), layouts.opaque("a")])], architecture="arm64",
    )
    sound(place)
    first, second = entries(place)
    assert [(entry.name, entry.type) for entry in first] == [(entry.name, entry.kind) for entry in lower]
    assert [entry.name for entry in second] == ["a/.wh.one", "a/.wh..wh..opq"]
    by_name = {entry.name: entry for entry in first}
    assert (by_name["a/one"].uid, by_name["a/one"].mode, by_name["again"].linkname) == (1000, 0o4755, "a/one")
    assert (by_name["null"].devmajor, by_name["null"].devminor) == (1, 3)
    if attribute:
        assert by_name["attribute"].pax_headers["SCHILY.xattr.user.apus"] == "value"


def test_another_tool_accepts_a_sound_image(tmp_path: Path) -> None:
    place = layouts.write(tmp_path / "image", [layouts.Layer([layouts.file("a", b"1")])], architecture="amd64")
    result = subprocess.run(["skopeo", "inspect", f"oci:{place}:latest"], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    assert json.loads(result.stdout)["Architecture"] == "amd64"


@pytest.mark.parametrize("name", sorted(hostile.BROKEN))
def test_a_broken_image_is_found_out_by_another_reader(tmp_path: Path, name: str) -> None:
    place = hostile.BROKEN[name](tmp_path / name, "arm64", "/nowhere")
    if name == "archive-header-huge":
        with tarfile.open(layout.read(place).layers[0], "r:gz") as archive:
            assert len(archive.getmember("f").pax_headers["comment"]) == 64 << 20
        return
    with pytest.raises((BuildError, ValueError, KeyError, TypeError, OSError, EOFError, AttributeError, RecursionError, tarfile.ReadError)):
        sound(place)


@pytest.mark.parametrize("name", ["layer-digest", "config-digest", "manifest-digest", "layer-size", "config-size", "manifest-size", "diff-id"])
def test_a_wrong_promise_is_the_only_fault(tmp_path: Path, name: str) -> None:
    plain = layouts.write(tmp_path / "plain", [layouts.Layer([layouts.file("bin/true", b"\x7fELF", mode=0o755)])], architecture="arm64")
    broken = hostile.BROKEN[name](tmp_path / "broken", "arm64", "/nowhere")
    assert [entry.name for entry in entries(broken)[0]] == [entry.name for entry in entries(plain)[0]]
    with pytest.raises(BuildError, match={"diff-id": "rootfs"}.get(name, name.split("-")[1])):
        sound(broken)


def test_the_place_of_the_mistake_in_the_text() -> None:
    with pytest.raises(json.JSONDecodeError) as caught:
        json.loads(hostile.BAD_JSON)
    assert (caught.value.lineno, caught.value.colno) == (hostile.BAD_JSON_LINE, hostile.BAD_JSON_COLUMN)


@pytest.mark.parametrize("name", sorted(hostile.ESCAPING))
def test_an_escaping_image_is_sound_as_a_layout(tmp_path: Path, name: str) -> None:
    sound(hostile.ESCAPING[name](tmp_path / name, "arm64", "/nowhere"))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("name-climbs", [("../" * 40 + "outside/apus-escaped", tarfile.REGTYPE, "")]),
        ("name-absolute", [("/outside/apus-escaped", tarfile.REGTYPE, "")]),
        ("write-through-absolute-link", [("out", tarfile.SYMTYPE, "/outside"), ("out/apus-escaped", tarfile.REGTYPE, "")]),
        ("hardlink-absolute", [("passwd", tarfile.LNKTYPE, "/etc/passwd"), ("passwd", tarfile.REGTYPE, "")]),
        ("device-node", [("dev", tarfile.DIRTYPE, ""), ("dev/disk", tarfile.BLKTYPE, "")]),
        ("file-below-a-file", [("a", tarfile.REGTYPE, ""), ("a/b", tarfile.REGTYPE, "")]),
    ],
)
def test_names_stand_in_the_archive_as_they_are(tmp_path: Path, name: str, expected: list[Any]) -> None:
    place = hostile.ESCAPING[name](tmp_path / name, "arm64", "/outside")
    assert [(entry.name, entry.type, entry.linkname) for entry in entries(place)[0]][1:] == expected
