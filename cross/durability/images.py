"""Images to lose power with: small ones that share layers, with everything of which a layer can be made, and what must be found of them afterwards."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import random
import tarfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_EPOCH = 1577836800
_COMMON = bytes(range(256)) * 400
_TOOLS = ("cat", "dd", "find", "ls", "sh", "sort")
_ARCHITECTURES = {"arm64": {"architecture": "arm64", "os": "linux", "variant": "v8"}, "amd64": {"architecture": "amd64", "os": "linux"}}

SCRIPT = "cat /version; ls /opaque; find /data /app -type f | sort; dd if=/dev/zero of=/written bs=65536 count=8 2>/dev/null; cat /app/*/large | dd of=/app/written 2>/dev/null"
"""What a container does: shows which files it sees, and writes to its own layer. The listing is compared by its hash."""


@dataclass(frozen=True)
class Image:
    """An image as a layout in a folder and as an archive of it."""

    name: str
    manifest: str
    """The digest by which `apus image list` knows it."""
    layers: dict[str, str]
    """ChainID without `sha256:` -> hash of the listing of the unpacked layer (`fingerprint` in work.sh)."""
    output: str
    """Hash of what `SCRIPT` prints in a container of it."""


@dataclass
class _Layer:
    """A layer in the making: its archive and what `fingerprint` will say of it."""

    archive: tarfile.TarFile
    bytes: io.BytesIO
    seen: list[str] = field(default_factory=list)
    files: set[str] = field(default_factory=set)
    hidden: set[str] = field(default_factory=set)

    @classmethod
    def new(cls) -> _Layer:
        content = io.BytesIO()
        made = cls(tarfile.open(fileobj=content, mode="w", format=tarfile.PAX_FORMAT), content)
        made.folder(".")
        return made

    def _add(self, name: str, kind: bytes, mode: int, content: bytes = b"", target: str = "", owner: int = 0) -> int:
        entry = tarfile.TarInfo(name)
        entry.type, entry.mode, entry.uid, entry.gid, entry.size, entry.linkname = kind, mode, owner, owner, len(content), target
        entry.mtime = _EPOCH + len(self.seen)
        self.archive.addfile(entry, io.BytesIO(content))
        return int(entry.mtime)

    def folder(self, name: str, mode: int = 0o755) -> None:
        time = self._add(name, tarfile.DIRTYPE, mode)
        self.seen.append(f"{_shown(name)} {0o040000 | mode:x} 0:0 {time}")

    def file(self, name: str, content: bytes, mode: int = 0o644, owner: int = 0) -> None:
        time = self._add(name, tarfile.REGTYPE, mode, content, owner=owner)
        self._have(name, content, mode, owner, time)

    def _have(self, name: str, content: bytes, mode: int, owner: int, time: int) -> None:
        self.seen.append(f"{_shown(name)} {0o100000 | mode:x} {owner}:{owner} {len(content)} {time}")
        self.seen.append(f"{hashlib.sha256(content).hexdigest()}  {_shown(name)}")
        self.files.add(f"/{name}")

    def hard_link(self, name: str, content: bytes) -> None:
        """A file with another name; both are as the first one."""
        first = f"{name}-first"
        time = self._add(first, tarfile.REGTYPE, 0o600, content)
        self._add(name, tarfile.LNKTYPE, 0o600, target=first)
        for each in (first, name):
            self._have(each, content, 0o600, 0, time)

    def link(self, name: str, target: str) -> None:
        time = self._add(name, tarfile.SYMTYPE, 0o777, target=target)
        self.seen += [f"{_shown(name)} a1ff 0:0 {len(target)} {time}", f"{_shown(name)} -> {target}"]

    def whiteout(self, folder: str, name: str) -> None:
        self._add(f"{folder}/.wh.{name}", tarfile.REGTYPE, 0o644)
        self.seen.append(f"{_shown(folder)}/{name} 0:0")
        self.hidden.add(f"/{folder}/{name}")

    def opaque(self, folder: str) -> None:
        self._add(f"{folder}/.wh..wh..opq", tarfile.REGTYPE, 0o644)

    def finish(self) -> bytes:
        self.archive.close()
        return self.bytes.getvalue()

    @property
    def fingerprint(self) -> str:
        return hashlib.sha256("".join(f"{line}\n" for line in sorted(self.seen)).encode()).hexdigest()


def _shown(name: str) -> str:
    return "." if name == "." else f"./{name}"


def _base(chance: random.Random, busybox: bytes, number: int) -> _Layer:
    layer = _Layer.new()
    for name in ("app", "bin", "data", "etc", "opaque", "tmp"):
        layer.folder(name, 0o1777 if name == "tmp" else 0o755)
    layer.file("bin/busybox", busybox, 0o755)
    for tool in _TOOLS:
        layer.link(f"bin/{tool}", "busybox")
    layer.file("etc/passwd", b"root:x:0:0:root:/:/bin/sh\n")
    layer.file("opaque/below", b"hidden by what is above\n")
    for index in range(60):
        layer.file(f"data/f{index:03}", chance.randbytes(chance.choice((0, 1, 100, 3000, 8000))), 0o640, owner=number)
    layer.hard_link("data/linked", chance.randbytes(5000))
    # The store has these once for both bases; or would have, but for the last byte; or has them until the other name comes.
    layer.file("data/same", _COMMON)
    layer.file("data/alike", _COMMON + bytes([number]))
    if number == 1:
        layer.file("data/joined-first", _COMMON, 0o600)
    else:
        layer.hard_link("data/joined", _COMMON)
    return layer


def _application(chance: random.Random, number: int) -> _Layer:
    layer = _Layer.new()
    layer.file("version", f"{number}\n".encode())
    layer.folder("app")
    layer.folder(f"app/{number}")
    layer.file(f"app/{number}/large", chance.randbytes(700_000 + number))
    for group in range(4):
        layer.folder(f"app/{number}/{group}", 0o750)
        for index in range(20):
            content = chance.randbytes(chance.randrange(12_000)) if chance.random() < 0.8 else b""
            layer.file(f"app/{number}/{group}/{index:02}", content, chance.choice((0o644, 0o755, 0o4755)), owner=chance.choice((0, 1000)))
    layer.hard_link(f"app/{number}/linked", chance.randbytes(50_000))
    layer.link(f"app/{number}/link", "../../data/f000")
    layer.folder("data")
    layer.whiteout("data", f"f{number:03}")
    if number % 2:
        layer.folder("opaque")
        layer.opaque("opaque")
        layer.file(f"opaque/{number}", b"")
    return layer


def _huge(chance: random.Random) -> _Layer:
    """More than an import keeps to itself: where it is killed later on, this layer stays for the next one (`Limits.bytesToKeep`)."""
    layer = _Layer.new()
    layer.file("huge", chance.randbytes(16 << 10) * (33 << 6))
    return layer


def make(folder: Path, architecture: str, busybox: bytes) -> list[Image]:
    """Writes the images, `NAME/` a layout and `NAME.tar` an archive. They are always the same."""
    chance = random.Random(1)
    bases = [_base(chance, busybox, number) for number in (1, 2)]
    applications = [_application(chance, number) for number in range(5)]
    huge = _huge(chance)
    made = {
        "one": [bases[0], applications[0]], "two": [bases[0], applications[0], applications[1]], "three": [bases[0], applications[2], applications[3]],
        "four": [bases[1], applications[4]], "five": [bases[1], applications[4], applications[1]], "large": [bases[1], huge, applications[3]],
    }
    archives = {id(layer): layer.finish() for layer in (*bases, *applications, huge)}
    return [_write(folder, name, architecture, [(layer, archives[id(layer)]) for layer in layers]) for name, layers in made.items()]


def _write(folder: Path, name: str, architecture: str, layers: list[tuple[_Layer, bytes]]) -> Image:
    place = folder / name
    (place / "blobs" / "sha256").mkdir(parents=True)

    def store(content: bytes, media_type: str) -> dict[str, Any]:
        digest = hashlib.sha256(content).hexdigest()
        (place / "blobs" / "sha256" / digest).write_bytes(content)
        return {"mediaType": media_type, "digest": f"sha256:{digest}", "size": len(content)}

    diff_ids = [f"sha256:{hashlib.sha256(content).hexdigest()}" for _, content in layers]
    platform = _ARCHITECTURES[architecture]
    config = {**platform, "config": {"Cmd": ["/bin/sh", "-c", SCRIPT], "Env": ["PATH=/bin"]}, "rootfs": {"type": "layers", "diff_ids": diff_ids}}
    blobs = [
        store(gzip.compress(content, 6, mtime=0), "application/vnd.oci.image.layer.v1.tar+gzip") if index != 1 else
        store(content, "application/vnd.oci.image.layer.v1.tar")
        for index, (_, content) in enumerate(layers)
    ]
    manifest = store(
        json.dumps({
            "schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "config": store(json.dumps(config).encode(), "application/vnd.oci.image.config.v1+json"), "layers": blobs,
        }).encode(), "application/vnd.oci.image.manifest.v1+json",
    )
    (place / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": [{**manifest, "platform": platform}]}))
    (place / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')
    with tarfile.open(folder / f"{name}.tar", "w") as archive:
        archive.add(place, ".")
    chains: dict[str, str] = {}
    chain = ""
    for (layer, _), diff_id in zip(layers, diff_ids, strict=True):
        # image-spec, config.md, "Layer ChainID"
        chain = f"sha256:{hashlib.sha256(f'{chain} {diff_id}'.encode()).hexdigest()}" if chain else diff_id
        chains[chain.removeprefix("sha256:")] = layer.fingerprint
    return Image(name, manifest["digest"], chains, _output([layer for layer, _ in layers]))


def _output(layers: list[_Layer]) -> str:
    """What `SCRIPT` sees, as overlayfs joins the layers."""
    files: set[str] = set()
    version = ""
    for layer in layers:
        files -= layer.hidden
        if any(line.startswith("./opaque ") for line in layer.seen) and layer.files & {f"/opaque/{number}" for number in range(10)}:
            files = {name for name in files if not name.startswith("/opaque/")}
        files |= layer.files
        numbers = [name for name in layer.files if name.count("/") == 3 and name.endswith("/large")]
        version = numbers[0].split("/")[2] if numbers else version
    opaque = sorted(name.removeprefix("/opaque/") for name in files if name.startswith("/opaque/"))
    shown = sorted(name for name in files if name.startswith(("/data/", "/app/")))
    return hashlib.sha256("".join(f"{line}\n" for line in [version, *opaque, *shown]).encode()).hexdigest()
