"""OCI image layouts: the image that a release names, and a release that goes with its images."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from .errors import ReleaseError

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
EMPTY = "application/vnd.oci.empty.v1+json"


def digest(folder: Path) -> str:
    """The digest of the image, or of the index of images, in a layout that has one."""
    entries = [entry for entry in _index(folder)["manifests"] if "artifactType" not in entry and "kind" not in entry.get("annotations", {})]
    digests = {str(entry["digest"]) for entry in entries}
    if len(digests) != 1:
        raise ReleaseError(f"{folder}: has {len(digests)} images; name one by its digest")
    return digests.pop()


def attach(folder: Path, content: bytes, kind: str) -> None:
    """Puts a release among the images of a layout, in the place of one that is there: an artifact with a layer of its type (image-spec, manifest.md)."""
    index = _index(folder)
    empty = {"mediaType": EMPTY, **_add(folder, b"{}")}
    manifest = {
        "schemaVersion": 2, "mediaType": MANIFEST, "artifactType": kind, "config": empty, "layers": [{"mediaType": kind, **_add(folder, content)}],
    }
    entry = {"mediaType": MANIFEST, "artifactType": kind, **_add(folder, json.dumps(manifest).encode())}
    index["manifests"] = [one for one in index["manifests"] if one.get("artifactType") != kind] + [entry]
    new = folder / ".index.json.new"
    new.write_text(json.dumps(index))
    new.replace(folder / "index.json")


def _index(folder: Path) -> dict[str, Any]:
    path = folder / "index.json"
    try:
        index = json.loads(path.read_text())
    except ValueError as error:
        raise ReleaseError(f"{path}: {error}") from None
    if not isinstance(index, dict) or not isinstance(index.get("manifests"), list):
        raise ReleaseError(f"{path}: is no index of a layout")
    return index


def _add(folder: Path, content: bytes) -> dict[str, Any]:
    digits = hashlib.sha256(content).hexdigest()
    (folder / "blobs/sha256" / digits).write_bytes(content)
    return {"digest": f"sha256:{digits}", "size": len(content)}
