"""An image as large applications have it: many files, most of them small, that compress about as well as programs and texts do."""

import gzip
import hashlib
import io
import json
import platform
import random
import tarfile
from collections.abc import Iterator
from pathlib import Path

from .programs import DEBIAN_ARCHITECTURE

_LAYERS = 4


def make(place: Path, size: int) -> Path:
    """Writes a layout of gzip layers with so many bytes of files, the same each time."""
    (place / "blobs/sha256").mkdir(parents=True)
    (place / "oci-layout").write_text('{"imageLayoutVersion":"1.0.0"}')
    chance = random.Random(size)
    material = _material(chance)
    layers, diff_ids = [], []
    for number in range(_LAYERS):
        archive = _archive(chance, material, number, size // _LAYERS)
        diff_ids.append(_digest(archive))
        layers.append(_blob(place, "application/vnd.oci.image.layer.v1.tar+gzip", gzip.compress(archive, 6, mtime=0)))
    system = {"architecture": DEBIAN_ARCHITECTURE[platform.machine()], "os": "linux"}
    config = _document(place, "application/vnd.oci.image.config.v1+json", {**system, "config": {}, "rootfs": {"type": "layers", "diff_ids": diff_ids}})
    kind = "application/vnd.oci.image.manifest.v1+json"
    manifest = _document(place, kind, {"schemaVersion": 2, "mediaType": kind, "config": config, "layers": layers})
    manifest["annotations"] = {"org.opencontainers.image.ref.name": "latest"}
    (place / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": [manifest]}))
    return place


def _material(chance: random.Random) -> bytes:
    """What files are cut out of: words that come again and again, and bytes that do not compress between them; about a third remains of it."""
    words = [chance.randbytes(chance.randint(6, 20)) for _ in range(1024)]
    parts: list[bytes] = []
    length = 0
    while length < 8 << 20:
        part = chance.choice(words) if chance.random() < 0.9 else chance.randbytes(16)
        parts.append(part)
        length += len(part)
    return b"".join(parts)


def _archive(chance: random.Random, material: bytes, number: int, size: int) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name, length in _files(chance, number, size):
            if "/file-0000" in name:
                folder = tarfile.TarInfo(name.rpartition("/")[0])
                folder.type, folder.mode, folder.mtime = tarfile.DIRTYPE, 0o755, 1_700_000_000
                archive.addfile(folder)
            file = tarfile.TarInfo(name)
            file.size, file.mode, file.mtime = length, 0o644, 1_700_000_000
            start = chance.randrange(len(material) - (1 << 20))
            archive.addfile(file, io.BytesIO(material[start : start + length]))
    return buffer.getvalue()


def _files(chance: random.Random, number: int, size: int) -> Iterator[tuple[str, int]]:
    """Names and lengths: half of the files are below 4 KiB, and a few have most of the bytes, up to a mebibyte each."""
    count = 0
    while size > 0:
        length = min(int(chance.lognormvariate(8.3, 1.8)), 1 << 20, size)
        yield f"layer-{number}/folder-{count // 100:04}/file-{count % 100:04}", length
        size -= length
        count += 1


def _digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def _blob(place: Path, media_type: str, content: bytes) -> dict:
    digest = _digest(content)
    (place / "blobs" / digest.replace(":", "/")).write_bytes(content)
    return {"mediaType": media_type, "digest": digest, "size": len(content)}


def _document(place: Path, media_type: str, document: dict) -> dict:
    return _blob(place, media_type, json.dumps(document).encode())
