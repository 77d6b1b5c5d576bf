"""OCI image layouts: the image that a release names."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from .errors import ReleaseError


def digest(folder: Path) -> str:
    """The digest of the image, or of the index of images, in a layout that has one."""
    entries = [entry for entry in _index(folder)["manifests"] if "artifactType" not in entry and "kind" not in entry.get("annotations", {})]
    digests = {str(entry["digest"]) for entry in entries}
    if len(digests) != 1:
        raise ReleaseError(f"{folder}: has {len(digests)} images; name one by its digest")
    return digests.pop()


def _index(folder: Path) -> dict[str, Any]:
    path = folder / "index.json"
    try:
        index = json.loads(path.read_text())
    except ValueError as error:
        raise ReleaseError(f"{path}: {error}") from None
    if not isinstance(index, dict) or not isinstance(index.get("manifests"), list):
        raise ReleaseError(f"{path}: is no index of a layout")
    return index
