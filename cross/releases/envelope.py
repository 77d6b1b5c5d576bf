"""Documents with their signatures: DSSE envelopes (secure-systems-lab/dsse, protocol.md) around a root or a release."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

from . import keys, layout
from .errors import ReleaseError

ROOT = "application/vnd.apus.root.v1+json"
RELEASE = "application/vnd.apus.release.v1+json"


def signed_bytes(kind: str, payload: bytes) -> bytes:
    """What is signed of an envelope."""
    return b"DSSEv1 %d %s %d %s" % (len(kind.encode()), kind.encode(), len(payload), payload)


def read(path: Path) -> dict[str, Any]:
    """An envelope from a file."""
    document = _document(path)
    if sorted(document) != ["payload", "payloadType", "signatures"] or document["payloadType"] not in (ROOT, RELEASE):
        raise ReleaseError(f"{path}: is no envelope with a root or a release")
    return document


def payload(envelope: dict[str, Any]) -> bytes:
    """What an envelope holds."""
    return base64.b64decode(envelope["payload"], validate=True)


def add_signature(envelope: dict[str, Any], private: Path) -> str:
    """Signs; a signature that the key has made before is replaced. Gives the key's id."""
    identity = keys.key_id(keys.public_pem(private))
    signature = base64.b64encode(keys.sign(private, signed_bytes(envelope["payloadType"], payload(envelope)))).decode()
    others = [one for one in envelope["signatures"] if one["keyid"] != identity]
    envelope["signatures"] = [*others, {"keyid": identity, "sig": signature}]
    return identity


def write(envelope: dict[str, Any], path: Path) -> None:
    """Writes an envelope, whole or not at all."""
    new = path.with_name(f".{path.name}.new")
    new.write_text(json.dumps(envelope, indent=1) + "\n")
    new.replace(path)


def root(description: Path) -> dict[str, Any]:
    """An envelope that nobody has signed yet, around the root that a file describes: the root itself, with the names of files in the place of keys."""
    document = _document(description)
    _require(document, description, {"version", "threshold", "keys", "images", "releases"})
    document["keys"] = _keys(document["keys"], description)
    for rule in document["releases"]:
        _require(rule, description, {"application", "threshold", "keys"})
        rule["keys"] = _keys(rule["keys"], description)
    for role in (document, *document["releases"]):
        if not 1 <= role["threshold"] <= len(role["keys"]):
            raise ReleaseError(f"{description}: threshold {role['threshold']} of {len(role['keys'])} keys")
    return _envelope(ROOT, document)


def release(description: Path) -> dict[str, Any]:
    """The same around a release: itself, with the paths of OCI layouts in the place of digests."""
    document = _document(description)
    _require(document, description, {"application", "version", "images", "minimumApus"}, {"comment"})
    for container, image in document["images"].items():
        if not image.startswith("sha256:"):
            document["images"][container] = layout.digest(description.parent / image)
    return _envelope(RELEASE, document)


def _keys(names: list[str], description: Path) -> list[str]:
    pems = [name if name.startswith("-----BEGIN") else (description.parent / name).read_text() for name in names]
    identities = [keys.key_id(pem) for pem in pems]
    if len(set(identities)) != len(identities):
        raise ReleaseError(f"{description}: a key is there twice")
    return pems


def _envelope(kind: str, document: dict[str, Any]) -> dict[str, Any]:
    return {"payloadType": kind, "payload": base64.b64encode(json.dumps(document).encode()).decode(), "signatures": []}


def _document(path: Path) -> dict[str, Any]:
    try:
        document = json.loads(path.read_text())
    except ValueError as error:
        raise ReleaseError(f"{path}: {error}") from None
    if not isinstance(document, dict):
        raise ReleaseError(f"{path}: is no JSON object")
    return document


def _require(document: dict[str, Any], path: Path, wanted: set[str], more: frozenset[str] | set[str] = frozenset()) -> None:
    missing, unknown = wanted - set(document), set(document) - wanted - more
    if missing:
        raise ReleaseError(f"{path}: {', '.join(sorted(missing))} is missing")
    if unknown:
        raise ReleaseError(f"{path}: {', '.join(sorted(unknown))} is not known")
