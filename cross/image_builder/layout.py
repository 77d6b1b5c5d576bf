"""OCI image layouts (image-spec 1.0: image-layout.md, image-index.md, manifest.md, config.md): reading, checking, completing."""

import gzip
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .errors import BuildError
from .recipe import Config

#: Debian's name of an architecture -> the `variant` of the OCI platform (image-index.md, "platform variants").
VARIANTS: Mapping[str, str] = {"arm64": "v8", "amd64": ""}
TAG = "latest"
_REF_NAME = "org.opencontainers.image.ref.name"


@dataclass(frozen=True)
class Image:
    """The documents of the one image in a layout."""

    folder: Path
    index: dict[str, Any]
    manifest: dict[str, Any]
    config: dict[str, Any]

    @property
    def layers(self) -> list[Path]:
        """The layer files, lowest first."""
        return [blob(self.folder, layer["digest"]) for layer in self.manifest["layers"]]


def blob(folder: Path, digest: str) -> Path:
    """Where a layout keeps the content with this digest (`sha256:…`)."""
    return folder / "blobs" / "sha256" / digest.removeprefix("sha256:")


def read(folder: Path) -> Image:
    """Reads the documents; for a layout with one image in its index."""
    index = json.loads((folder / "index.json").read_bytes())
    if len(index["manifests"]) != 1:
        raise BuildError(f"{folder}: {len(index['manifests'])} images in the index, expected one")
    manifest = json.loads(blob(folder, index["manifests"][0]["digest"]).read_bytes())
    return Image(folder, index, manifest, json.loads(blob(folder, manifest["config"]["digest"]).read_bytes()))


def platform(architecture: str) -> dict[str, str]:
    """The OCI platform of an architecture."""
    variant = VARIANTS[architecture]
    return {"architecture": architecture, "os": "linux", **({"variant": variant} if variant else {})}


def complete(folder: Path, architecture: str) -> None:
    """Adds what umoci leaves out: the platform in the index and the variant in the configuration; drops what the image no longer refers to."""
    image = read(folder)
    old = image.index["manifests"][0]
    image.config.update(platform(architecture))
    image.manifest["config"] = {**image.manifest["config"], **_store(folder, image.config)}
    image.manifest.setdefault("mediaType", "application/vnd.oci.image.manifest.v1+json")
    descriptor = {"mediaType": old["mediaType"], **_store(folder, image.manifest), "platform": platform(architecture), "annotations": {_REF_NAME: TAG}}
    index = {"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json", "manifests": [descriptor]}
    (folder / "index.json").write_text(json.dumps(index, indent=2) + "\n", encoding="utf-8")
    used = {descriptor["digest"], image.manifest["config"]["digest"], *(layer["digest"] for layer in image.manifest["layers"])}
    for path in (folder / "blobs" / "sha256").iterdir():
        if f"sha256:{path.name}" not in used:
            path.unlink()
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)


def _store(folder: Path, document: dict[str, Any]) -> dict[str, Any]:
    content = json.dumps(document, separators=(",", ":")).encode()
    digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
    blob(folder, digest).write_bytes(content)
    return {"digest": digest, "size": len(content)}


def is_whole(folder: Path) -> bool:
    """Whether the layout is there and every blob has the content that its name promises."""
    try:
        descriptors = [read(folder).index["manifests"][0]]
        image = read(folder)
        descriptors += [image.manifest["config"], *image.manifest["layers"]]
        return all(_sha256(blob(folder, one["digest"])) == one["digest"] for one in descriptors)
    except (OSError, ValueError, KeyError, TypeError, BuildError):
        return False


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return "sha256:" + hashlib.file_digest(file, "sha256").hexdigest()


def check(folder: Path, architecture: str, config: Config) -> Image:
    """Checks a finished layout against the specification and against what its recipe asks for; the error says what differs."""
    if json.loads((folder / "oci-layout").read_bytes()) != {"imageLayoutVersion": "1.0.0"}:
        raise BuildError(f"{folder}/oci-layout: not version 1.0.0")
    image = read(folder)
    descriptor = image.index["manifests"][0]
    for one in (descriptor, image.manifest["config"], *image.manifest["layers"]):
        path = blob(folder, one["digest"])
        _same(folder, f"size of {one['digest']}", path.stat().st_size, one["size"])
        _same(folder, "digest", _sha256(path), one["digest"])
    _same(folder, "annotations", descriptor.get("annotations"), {_REF_NAME: TAG})
    _same(folder, "platform", descriptor.get("platform"), platform(architecture))
    _same(folder, "platform of the configuration", {key: image.config.get(key) for key in platform(architecture)}, platform(architecture))
    diff_ids = []
    for layer in image.manifest["layers"]:
        _same(folder, "mediaType of a layer", layer["mediaType"], "application/vnd.oci.image.layer.v1.tar+gzip")
        with gzip.open(blob(folder, layer["digest"])) as file:
            diff_ids.append("sha256:" + hashlib.file_digest(file, "sha256").hexdigest())
    _same(folder, "rootfs", image.config["rootfs"], {"type": "layers", "diff_ids": diff_ids})
    found = image.config.get("config", {})
    _same(folder, "config", {key: value for key, value in found.items() if value}, expected_config(config))
    return image


def expected_config(config: Config) -> dict[str, Any]:
    """The `config` object of the image configuration that a recipe asks for (config.md, "Properties")."""
    values = {
        "User": config.user,
        "ExposedPorts": {port: {} for port in config.ports},
        "Env": list(config.env),
        "Entrypoint": list(config.entrypoint),
        "Cmd": list(config.cmd),
        "Volumes": {volume: {} for volume in config.volumes},
        "WorkingDir": config.working_dir,
        "Labels": dict(config.labels),
        "StopSignal": config.stop_signal,
    }
    return {key: value for key, value in values.items() if value}


def _same(folder: Path, what: str, found: Any, expected: Any) -> None:
    if found != expected:
        raise BuildError(f"{folder}: {what}: found {json.dumps(found, sort_keys=True)}, expected {json.dumps(expected, sort_keys=True)}")
