"""Makes OCI image layouts for tests, sound ones and hostile ones, in memory and without any tool.

    layouts.write(folder, [layouts.Layer([layouts.folder("etc"), layouts.file("etc/motd", b"hello\\n")])])
    layouts.write(folder, [...], faults=layouts.Faults(layer_digest=True))
    for name, make in hostile.HOSTILE.items(): make(folder / name, "arm64", "/run/outside")     # hostile.py

A fault changes one thing and leaves everything else right: where a layer is truncated, its descriptor still has the digest and size of what is
stored, so that it is the truncation that is found and not something before it.
"""

import gzip
import hashlib
import io
import json
import subprocess
import tarfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

INDEX = "application/vnd.oci.image.index.v1+json"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
ZSTD_LAYER = "application/vnd.oci.image.layer.v1.tar+zstd"
REF_NAME = "org.opencontainers.image.ref.name"
#: A time for all entries: 2020-01-01.
EPOCH = 1577836800


@dataclass(frozen=True)
class Entry:
    """One entry of a layer, exactly as it will stand in the archive: no name is checked or changed."""

    name: str
    #: The typeflag of the header (pax(1)), as in tarfile: REGTYPE, DIRTYPE, SYMTYPE, LNKTYPE, CHRTYPE, BLKTYPE, FIFOTYPE.
    kind: bytes = tarfile.REGTYPE
    content: bytes = b""
    #: Where a link leads.
    target: str = ""
    mode: int = 0o644
    uid: int = 0
    gid: int = 0
    mtime: int = EPOCH
    #: Major and minor number of a device.
    device: tuple[int, int] = (0, 0)
    #: Records of an extended header (pax(1)), above what the entry itself needs.
    pax: Mapping[str, str] = field(default_factory=dict)


def file(name: str, content: bytes = b"", **more: Any) -> Entry:
    """A regular file."""
    return Entry(name, tarfile.REGTYPE, content, **more)


def folder(name: str, mode: int = 0o755, **more: Any) -> Entry:
    """A folder."""
    return Entry(name, tarfile.DIRTYPE, mode=mode, **more)


def symlink(name: str, target: str, **more: Any) -> Entry:
    """A symbolic link."""
    return Entry(name, tarfile.SYMTYPE, target=target, mode=0o777, **more)


def hardlink(name: str, target: str, **more: Any) -> Entry:
    """A hard link to an entry before it, or to whatever the target names."""
    return Entry(name, tarfile.LNKTYPE, target=target, **more)


def device(name: str, major: int, minor: int, block: bool = False, **more: Any) -> Entry:
    """A device node."""
    return Entry(name, tarfile.BLKTYPE if block else tarfile.CHRTYPE, device=(major, minor), **more)


def fifo(name: str, **more: Any) -> Entry:
    """A named pipe."""
    return Entry(name, tarfile.FIFOTYPE, **more)


def whiteout(name: str) -> Entry:
    """Deletes `name` of the layers below (layer.md, "Whiteouts")."""
    head, slash, tail = name.rpartition("/")
    return file(f"{head}{slash}.wh.{tail}")


def opaque(name: str) -> Entry:
    """Deletes all that the layers below have in the folder `name` (layer.md, "Opaque Whiteout")."""
    return file(f"{name}/.wh..wh..opq")


def with_xattr(entry: Entry, name: str, value: str) -> Entry:
    """The entry with an extended attribute, as GNU tar and Docker write it."""
    return Entry(**{**vars(entry), "pax": {**entry.pax, f"SCHILY.xattr.{name}": value}})


@dataclass(frozen=True)
class Layer:
    """A layer: entries in the order in which they stand in the archive, and what is wrong with its packing."""

    entries: Sequence[Entry]
    #: tarfile.PAX_FORMAT, GNU_FORMAT or USTAR_FORMAT: how a name of more than 100 bytes is written.
    format: int = tarfile.PAX_FORMAT
    #: This many bytes are missing at the end of the gzip stream.
    truncated: int = 0
    #: This many bytes are missing at the end of the archive, under a whole gzip stream.
    truncated_archive: int = 0
    #: Follows the gzip stream.
    trailing: bytes = b""
    #: The first header's checksum is wrong.
    bad_checksum: bool = False
    #: Packed by `zstd` with these words instead of gzip.
    zstd: Sequence[str] | None = None
    #: Stands before the packed archive.
    leading: bytes = b""

    def archive(self) -> bytes:
        """The uncompressed archive."""
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w", format=self.format) as archive:
            for entry in self.entries:
                header = tarfile.TarInfo()
                header.name, header.type, header.linkname, header.size = entry.name, entry.kind, entry.target, len(entry.content)
                header.mode, header.uid, header.gid, header.mtime = entry.mode, entry.uid, entry.gid, entry.mtime
                header.devmajor, header.devminor = entry.device
                header.pax_headers = dict(entry.pax)
                archive.addfile(header, io.BytesIO(entry.content))
        content = bytearray(buffer.getvalue())
        if self.bad_checksum:
            content[148:156] = b"000000\0 "
        return bytes(content[: len(content) - self.truncated_archive])

    def blob(self) -> bytes:
        """The layer as it is stored."""
        packed = gzip.compress(self.archive(), mtime=0)
        if self.zstd is not None:
            packed = subprocess.run(["zstd", "-q", "-c", *self.zstd], input=self.archive(), capture_output=True, check=True).stdout
        return self.leading + packed[: len(packed) - self.truncated] + self.trailing


Edit = Callable[[dict[str, Any]], None]


@dataclass(frozen=True)
class Faults:
    """What is wrong with a layout. Each flag is about the first layer, where it is about a layer."""

    #: The descriptor has the digest of something else, and the blob is stored under that name.
    layer_digest: bool = False
    config_digest: bool = False
    manifest_digest: bool = False
    #: The descriptor's size is one byte more than the blob has.
    layer_size: bool = False
    config_size: bool = False
    manifest_size: bool = False
    #: The configuration promises another uncompressed content.
    diff_id: bool = False
    #: The blob is not there.
    layer_missing: bool = False
    #: The index does not name the image.
    no_ref: bool = False
    #: The text of a document is replaced; the descriptor fits the new text.
    index_text: bytes | None = None
    manifest_text: bytes | None = None
    config_text: bytes | None = None
    #: The version in the file oci-layout.
    version: str = "1.0.0"
    #: Changes a document before it is written; the descriptors fit the result.
    edit_config: Edit | None = None
    edit_manifest: Edit | None = None
    edit_index: Edit | None = None


SOUND = Faults()


def write(
    place: Path, layers: Sequence[Layer], *, architecture: str = "amd64", tag: str = "latest", config: Mapping[str, Any] | None = None, faults: Faults = SOUND,
) -> Path:
    """Writes a layout with one image into the new folder `place`. `config` is the `config` object of the image configuration; `architecture` is OCI's name."""
    (place / "blobs" / "sha256").mkdir(parents=True)
    (place / "oci-layout").write_text(json.dumps({"imageLayoutVersion": faults.version}), encoding="utf-8")
    system = {"architecture": architecture, "os": "linux", **({"variant": "v8"} if architecture == "arm64" else {})}
    descriptors, diff_ids = [], []
    for number, layer in enumerate(layers):
        first = number == 0
        media_type = LAYER if layer.zstd is None else ZSTD_LAYER
        descriptors.append(_store(place, media_type, layer.blob(), faults.layer_digest and first, faults.layer_size and first))
        diff_ids.append(_digest(b"something else" if faults.diff_id and first else layer.archive()))
    if faults.layer_missing:
        _blob(place, descriptors[0]["digest"]).unlink()
    document = {**system, "config": dict(config or {"Cmd": ["/bin/true"]}), "rootfs": {"type": "layers", "diff_ids": diff_ids}}
    content = _document(document, faults.edit_config, faults.config_text)
    config_descriptor = _store(place, CONFIG, content, faults.config_digest, faults.config_size)
    document = {"schemaVersion": 2, "mediaType": MANIFEST, "config": config_descriptor, "layers": descriptors}
    content = _document(document, faults.edit_manifest, faults.manifest_text)
    manifest = {**_store(place, MANIFEST, content, faults.manifest_digest, faults.manifest_size), "platform": system}
    if not faults.no_ref:
        manifest["annotations"] = {REF_NAME: tag}
    document = {"schemaVersion": 2, "mediaType": INDEX, "manifests": [manifest]}
    (place / "index.json").write_bytes(_document(document, faults.edit_index, faults.index_text))
    return place


def _document(document: dict[str, Any], edit: Edit | None, text: bytes | None) -> bytes:
    if edit is not None:
        edit(document)
    return text if text is not None else json.dumps(document).encode()


def _digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def _blob(place: Path, digest: str) -> Path:
    return place / "blobs" / "sha256" / digest.removeprefix("sha256:")


def _store(place: Path, media_type: str, content: bytes, wrong_digest: bool, wrong_size: bool) -> dict[str, Any]:
    digest = _digest(content + b"something else" if wrong_digest else content)
    _blob(place, digest).write_bytes(content)
    return {"mediaType": media_type, "digest": digest, "size": len(content) + (1 if wrong_size else 0)}
