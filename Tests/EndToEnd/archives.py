"""Makes archives with images for tests, sound ones and hostile ones: as `docker save` of old and new Docker makes them, and OCI archives."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import lzma
import tarfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from layouts import Entry, Layer, file, folder, hardlink, symlink

_SHELL = file("bin/true", b"\x7fELF", mode=0o755)


def pack(entries: Sequence[Entry]) -> bytes:
    """An archive of these entries."""
    return Layer(entries).archive()


def of_folder(place: Path, first: Sequence[Entry] = (), without: Sequence[str] = ()) -> bytes:
    """An archive of all files in a folder, such as an image layout."""
    found = [path for path in sorted(place.rglob("*")) if path.is_file() and path.name not in without]
    return pack([*first, *(file(str(path.relative_to(place)), path.read_bytes()) for path in found)])


def configuration(architecture: str, layers: Sequence[bytes]) -> bytes:
    """The configuration of an image with these layers, unpacked."""
    document = {
        "architecture": architecture, "os": "linux", "config": {"Cmd": ["sh"], "Env": ["PATH=/bin"]},
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{hashlib.sha256(layer).hexdigest()}" for layer in layers]},
    }
    return json.dumps(document).encode()


def saved(
    architecture: str, layers: Sequence[bytes], tags: Sequence[str] | None = ("saved:1",), *, stored: Sequence[bytes] | None = None,
    edit: Callable[[list[Any]], None] = lambda _: None, more: Sequence[Entry] = (),
) -> bytes:
    """What `docker save` of Docker 24 and before writes. A layer that comes twice is a link the second time. `stored` are the layers that are really there."""
    config = configuration(architecture, layers)
    name = f"{hashlib.sha256(config).hexdigest()}.json"
    entries, names, seen = [file(name, config)], [], {}
    for number, layer in enumerate(stored or layers):
        directory = hashlib.sha256(b"%d" % number + layer).hexdigest()
        names.append(f"{directory}/layer.tar")
        entries += [folder(f"{directory}/"), file(f"{directory}/VERSION", b"1.0"), file(f"{directory}/json", b"{}")]
        entries.append(symlink(names[-1], f"../{seen[layer]}") if layer in seen else file(names[-1], layer))
        seen.setdefault(layer, names[-1])
    listing: list[Any] = [{"Config": name, "RepoTags": None if tags is None else list(tags), "Layers": names}]
    edit(listing)
    return pack([*entries, file("manifest.json", json.dumps(listing).encode() + b"\n"), *more])


Maker = Callable[[str], bytes]
_LAYER = pack([_SHELL, file("data", bytes(range(256)) * 64)])


def _listed(**changes: Any) -> Maker:
    return lambda architecture: saved(architecture, [_LAYER], edit=lambda listing: listing[0].update(changes))


def _entries(*entries: Entry) -> Maker:
    return lambda architecture: saved(architecture, [_LAYER], more=entries)


def _bomb(_: str) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz", compresslevel=9) as archive:
        header = tarfile.TarInfo("blobs/zeros")
        header.size = 400 << 20
        archive.addfile(header, _Zeros())  # type: ignore[arg-type]
    return buffer.getvalue()


class _Zeros:
    """A file of zeros without end."""

    def read(self, count: int) -> bytes:
        return bytes(count)


def _zipped(architecture: str, *, without: int = 0, damaged: bool = False) -> bytes:
    """A compressed archive, without its last bytes, or with another byte in the middle."""
    whole = bytearray(gzip.compress(saved(architecture, [_LAYER]), mtime=0))
    if damaged:
        whole[len(whole) // 2] ^= 0xFF
    return bytes(whole[: len(whole) - without])


#: Archives that must be refused, each with what the error says.
HOSTILE: dict[str, tuple[Maker, str]] = {
    "empty": (lambda _: b"", "no manifest.json"),
    "no-archive": (lambda _: b"GIF89a" * 200, "checksum"),
    "no-image": (lambda _: pack([file("readme", b"hello")]), "no manifest.json"),
    "cut": (lambda architecture: saved(architecture, [_LAYER])[:9000], "ends too early"),
    "gzip-damaged": (lambda architecture: _zipped(architecture, damaged=True), ""),
    "gzip-cut": (lambda architecture: _zipped(architecture, without=100), "ends too early"),
    "bomb": (_bomb, "200 times"),
    "xz": (lambda architecture: lzma.compress(saved(architecture, [_LAYER])), "xz"),
    "entry-climbs": (_entries(file("../../escaped", b"x")), "leads out of the archive"),
    "entry-twice": (_entries(file("manifest.json", b"[]")), "manifest.json: is in the archive twice"),
    "entry-sparse": (_entries(file("sparse", pax={"GNU.sparse.major": "1"})), "sparse"),
    "link-climbs": (_entries(symlink("a/link", "../../../etc/passwd")), "leads out of the archive"),
    "link-to-the-machine": (_listed(Layers=["evil"]), "is not in"),
    "many-entries": (lambda _: pack([file(f"{number}") for number in range(16385)]), "more than 16384 entries"),
    "list-is-an-object": (lambda architecture: pack([file("manifest.json", b"{}")]), "manifest.json"),
    "list-without-config": (_listed(Config=None), "Config"),
    "list-climbs": (_listed(Config="../../../../etc/passwd"), "is not in"),
    "list-absolute": (_listed(Layers=["/etc/passwd"]), "is not in"),
    "list-has-too-few-layers": (_listed(Layers=[]), "0 layers"),
    "config-renamed": (
        lambda architecture: saved(
            architecture, [_LAYER], more=[file("0" * 64 + ".json", configuration(architecture, [_LAYER]))],
            edit=lambda listing: listing[0].update(Config="0" * 64 + ".json"),
        ), "its content has digest",
    ),
    "layer-changed": (lambda architecture: saved(architecture, [_LAYER], stored=[pack([_SHELL])]), "its content has digest"),
    "layer-changed-and-packed": (
        lambda architecture: saved(architecture, [_LAYER], stored=[Layer([_SHELL]).blob()]), "its uncompressed content has digest",
    ),
    "layer-is-a-loop": (_listed(Layers=["loop"]), "is not in"),
    "hard-link-of-a-layer-climbs": (_entries(hardlink("x", "../../etc/passwd")), "leads out of the archive"),
    "other-architecture": (lambda architecture: saved("s390x", [_LAYER]), "s390x"),
}
