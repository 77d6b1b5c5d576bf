"""Images that must be refused, or imported without harm, by name: what an attacker or a broken disk hands to an importer.

Each maker gets the folder to write to, the architecture of the device, and the absolute path, on the device, of a folder outside the image, where a
layer tries to put `ESCAPED`. An importer that refuses ends with a status that is not zero and one clear line on standard error, and leaves nothing
behind; whatever it does, nothing has been put into that folder, nothing there is deleted, and no file of the device has changed.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

from layouts import Entry, Faults, Layer, device, file, folder, hardlink, symlink, write

#: The name of the file that a hostile layer tries to put outside the image.
ESCAPED = "apus-escaped"
#: A text that stops being JSON at this line and column (both from 1): at the comma that stands where the value of `config` should.
BAD_JSON = b'{\n  "schemaVersion": 2,\n  "config": ,\n  "layers": []\n}\n'
BAD_JSON_LINE, BAD_JSON_COLUMN = 3, 13

Maker = Callable[[Path, str, str], Path]
_SHELL = file("bin/true", b"\x7fELF", mode=0o755)


def _layers(*stacks: Callable[[str], Sequence[Entry]]) -> Maker:
    """An image whose layers are these; each gets the path of the folder outside."""
    return lambda place, architecture, outside: write(place, [Layer([_SHELL, *stack(outside)]) for stack in stacks], architecture=architecture)


def _faults(faults: Faults) -> Maker:
    """An image that is harmless but for these faults."""
    return lambda place, architecture, outside: write(place, [Layer([_SHELL])], architecture=architecture, faults=faults)


def _layer(**faults: object) -> Maker:
    """An image with one layer that is packed wrongly; it is long enough to be cut anywhere."""
    entries = [_SHELL, file("data", bytes(range(256)) * 512)]
    return lambda place, architecture, outside: write(place, [Layer(entries, **faults)], architecture=architecture)  # type: ignore[arg-type]


def _other(architecture: str) -> str:
    return "amd64" if architecture == "arm64" else "arm64"


def _up(outside: str) -> str:
    """`outside` as a name that climbs from any folder to the top."""
    return "../" * 40 + outside.lstrip("/")


#: Images whose documents or blobs are wrong. Each must be refused.
BROKEN: dict[str, Maker] = {
    "layer-digest": _faults(Faults(layer_digest=True)),
    "config-digest": _faults(Faults(config_digest=True)),
    "manifest-digest": _faults(Faults(manifest_digest=True)),
    "layer-size": _faults(Faults(layer_size=True)),
    "config-size": _faults(Faults(config_size=True)),
    "manifest-size": _faults(Faults(manifest_size=True)),
    "diff-id": _faults(Faults(diff_id=True)),
    "layer-missing": _faults(Faults(layer_missing=True)),
    "layout-version": _faults(Faults(version="2.0.0")),
    "index-not-json": _faults(Faults(index_text=BAD_JSON)),
    "manifest-not-json": _faults(Faults(manifest_text=BAD_JSON)),
    "config-not-json": _faults(Faults(config_text=BAD_JSON)),
    "manifest-cut": _faults(Faults(manifest_text=b'{"schemaVersion": 2, "config"')),
    "manifest-duplicate-key": _faults(Faults(manifest_text=b'{"schemaVersion": 2, "schemaVersion": 2}')),
    "manifest-deep": _faults(Faults(manifest_text=b"[" * 100_000)),
    "manifest-without-config": _faults(Faults(edit_manifest=lambda document: document.pop("config"))),
    "manifest-layers-is-text": _faults(Faults(edit_manifest=lambda document: document.update(layers="none"))),
    "manifest-size-is-text": _faults(Faults(edit_manifest=lambda document: document["config"].update(size="12"))),
    "manifest-size-negative": _faults(Faults(edit_manifest=lambda document: document["config"].update(size=-1))),
    "manifest-digest-climbs": _faults(Faults(edit_manifest=lambda document: document["layers"][0].update(digest="sha256:../../../../etc/passwd"))),
    "manifest-digest-unknown": _faults(Faults(edit_manifest=lambda document: document["layers"][0].update(digest="md5:d41d8cd98f00b204e9800998ecf8427e"))),
    "manifest-layer-unknown": _faults(Faults(edit_manifest=lambda document: document["layers"][0].update(mediaType="application/x-rar"))),
    "config-without-rootfs": _faults(Faults(edit_config=lambda document: document.pop("rootfs"))),
    "config-too-few-diff-ids": _faults(Faults(edit_config=lambda document: document["rootfs"].update(diff_ids=[]))),
    "config-cmd-is-text": _faults(Faults(edit_config=lambda document: document["config"].update(Cmd="sh"))),
    "other-architecture": lambda place, architecture, outside: write(place, [Layer([_SHELL])], architecture=_other(architecture)),
    "gzip-truncated": _layer(truncated=40),
    "gzip-without-trailer": _layer(truncated=4),
    "archive-truncated": _layer(truncated_archive=60_000),
    "archive-checksum": _layer(bad_checksum=True),
    "archive-header-huge": lambda place, architecture, outside: write(
        place, [Layer([_SHELL, file("f", pax={"comment": "x" * (64 << 20)})])], architecture=architecture,
    ),
}

#: Images whose layers try to reach out of the image. Each must be refused, or must stay inside.
ESCAPING: dict[str, Maker] = {
    "name-climbs": _layers(lambda outside: [file(f"{_up(outside)}/{ESCAPED}")]),
    "name-climbs-from-a-folder": _layers(lambda outside: [folder("a"), file(f"a/{_up(outside)}/{ESCAPED}")]),
    "name-absolute": _layers(lambda outside: [file(f"{outside}/{ESCAPED}")]),
    "name-absolute-many-slashes": _layers(lambda outside: [file(f"//{outside}/{ESCAPED}")]),
    "write-through-absolute-link": _layers(lambda outside: [symlink("out", outside), file(f"out/{ESCAPED}")]),
    "write-through-climbing-link": _layers(lambda outside: [symlink("out", _up(outside)), file(f"out/{ESCAPED}")]),
    "write-through-link-of-layer-below": _layers(lambda outside: [symlink("out", outside)], lambda outside: [file(f"out/{ESCAPED}")]),
    "write-through-two-links": _layers(lambda outside: [symlink("one", "two"), symlink("two", outside), file(f"one/{ESCAPED}")]),
    "folder-through-link": _layers(lambda outside: [symlink("out", outside), folder(f"out/{ESCAPED}")]),
    "link-through-link": _layers(lambda outside: [symlink("out", outside), symlink(f"out/{ESCAPED}", "/etc/passwd")]),
    "device-through-link": _layers(lambda outside: [symlink("out", outside), device(f"out/{ESCAPED}", 1, 3)]),
    "overwrite-through-file-link": _layers(lambda outside: [symlink("out", f"{outside}/{ESCAPED}"), file("out", b"overwritten")]),
    "hardlink-to-outside": _layers(lambda outside: [hardlink("passwd", _up("/etc/passwd")), file("passwd", b"overwritten")]),
    "hardlink-absolute": _layers(lambda outside: [hardlink("passwd", "/etc/passwd"), file("passwd", b"overwritten")]),
    "hardlink-through-link": _layers(lambda outside: [symlink("e", "/etc"), hardlink("passwd", "e/passwd"), file("passwd", b"overwritten")]),
    "hardlink-to-a-link-outside": _layers(
        lambda outside: [symlink("out", f"{outside}/{ESCAPED}"), hardlink("again", "out"), file("again", b"overwritten")],
    ),
    "whiteout-climbs": _layers(lambda outside: [file(f"a/{_up(outside)}/.wh.victim")]),
    "whiteout-of-parent": _layers(lambda outside: [folder("a"), file("a/.wh...")]),
    "whiteout-of-itself": _layers(lambda outside: [folder("a"), file("a/.wh..")]),
    "whiteout-through-link": _layers(lambda outside: [symlink("out", outside), file("out/.wh.victim")]),
    "opaque-through-link": _layers(lambda outside: [symlink("out", outside), file("out/.wh..wh..opq")]),
    "chmod-through-link": _layers(lambda outside: [symlink("out", outside), folder("out", mode=0o777)]),
    "device-node": _layers(lambda outside: [folder("dev"), device("dev/disk", 8, 0, block=True, mode=0o666)]),
    "file-below-a-file": _layers(lambda outside: [file("a", b"file"), file("a/b", b"below")]),
    "name-empty": _layers(lambda outside: [file("")]),
    "name-is-the-root": _layers(lambda outside: [file(".", b"not a folder")]),
    "hardlink-to-itself": _layers(lambda outside: [hardlink("self", "self")]),
    "link-loop": _layers(lambda outside: [symlink("a", "b"), symlink("b", "a"), file("a/x")]),
}

#: Harmless, but the index does not name it: it is imported under the name of its folder, or one that is given.
NAMELESS: Maker = _faults(Faults(no_ref=True))

#: All of them.
HOSTILE: dict[str, Maker] = {**BROKEN, **ESCAPING}
