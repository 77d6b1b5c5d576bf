"""Signatures of images as cosign makes them, by OpenSSL, and the places in an image layout where they are found.

cosign itself is not in Debian. Its two forms are: a payload of JSON with a signature in an annotation (specs/SIGNATURE_SPEC.md of cosign), and a sigstore bundle with
a DSSE envelope (protobuf-specs, sigstore_bundle.proto).
"""

from __future__ import annotations

import base64
import hashlib
import json
import subprocess
from pathlib import Path
from typing import Any

SIMPLE = "application/vnd.dev.cosign.simplesigning.v1+json"
BUNDLE = "application/vnd.dev.sigstore.bundle.v0.3+json"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
EMPTY = "application/vnd.oci.empty.v1+json"


def make_key(folder: Path, name: str = "cosign") -> Path:
    """A new key over P-256: the path of the private one, beside which the public one ends in `.pub`."""
    private = folder / f"{name}.key"
    subprocess.run(["openssl", "ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", private], check=True, timeout=60)
    subprocess.run(["openssl", "ec", "-in", private, "-pubout", "-out", public_of(private)], check=True, capture_output=True, timeout=60)
    return private


def public_of(private: Path) -> Path:
    """The public key that belongs to a private one."""
    return private.with_suffix(".pub")


def sign(private: Path, message: bytes) -> str:
    """The ECDSA signature of a message, in base64."""
    made = subprocess.run(["openssl", "dgst", "-sha256", "-sign", private], input=message, check=True, capture_output=True, timeout=60)
    return base64.b64encode(made.stdout).decode()


def payload(reference: str, digest: str) -> bytes:
    """What cosign signs in the older form."""
    document = {
        "critical": {
            "identity": {"docker-reference": reference}, "image": {"docker-manifest-digest": digest}, "type": "cosign container image signature",
        },
        "optional": None,
    }
    return json.dumps(document, separators=(",", ":")).encode()


def statement(digest: str, predicate: str = "https://sigstore.dev/cosign/sign/v1") -> bytes:
    """What cosign signs in a bundle."""
    algorithm, _, digits = digest.partition(":")
    subject = [{"digest": {algorithm: digits}}]
    return json.dumps({"_type": "https://in-toto.io/Statement/v1", "subject": subject, "predicateType": predicate, "predicate": {}}).encode()


def envelope(kind: str, content: bytes) -> bytes:
    """What is signed of an envelope (DSSE, protocol.md)."""
    return b"DSSEv1 %d %s %d %s" % (len(kind), kind.encode(), len(content), content)


def bundle(private: Path, content: bytes) -> bytes:
    """A sigstore bundle around a statement."""
    kind = "application/vnd.in-toto+json"
    return json.dumps(
        {
            "mediaType": BUNDLE, "verificationMaterial": {"publicKey": {"hint": ""}, "tlogEntries": []},
            "dsseEnvelope": {
                "payload": base64.b64encode(content).decode(), "payloadType": kind, "signatures": [{"sig": sign(private, envelope(kind, content)), "keyid": ""}],
            },
        }
    ).encode()


def add_blob(layout: Path, content: bytes) -> dict[str, Any]:
    """Writes a blob into a layout; gives what a descriptor says of it."""
    digits = hashlib.sha256(content).hexdigest()
    (layout / "blobs/sha256" / digits).write_bytes(content)
    return {"digest": f"sha256:{digits}", "size": len(content)}


def add_to_index(layout: Path, content: dict[str, Any], **fields: Any) -> None:
    """Writes a document into a layout and lists it in its index."""
    index = json.loads((layout / "index.json").read_text())
    index["manifests"].append({"mediaType": content["mediaType"], **add_blob(layout, json.dumps(content).encode()), **fields})
    (layout / "index.json").write_text(json.dumps(index))


def attach_simple(layout: Path, private: Path, digest: str, reference: str, content: bytes | None = None, signature: str | None = None) -> None:
    """Signs in the older form: a manifest under the name that cosign gives it."""
    content = payload(reference, digest) if content is None else content
    signature = sign(private, content) if signature is None else signature
    layer = {"mediaType": SIMPLE, **add_blob(layout, content), "annotations": {"dev.cosignproject.cosign/signature": signature}}
    config = {"mediaType": "application/vnd.oci.image.config.v1+json", **add_blob(layout, b"{}")}
    manifest = {"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": [layer]}
    add_to_index(layout, manifest, annotations={"org.opencontainers.image.ref.name": digest.replace(":", "-") + ".sig"})


def attach_bundle(layout: Path, private: Path, subject: dict[str, Any], content: bytes | None = None, *, listed: bool = True) -> None:
    """Signs with a bundle: a manifest that has the image as its subject, listed in the layout's index or only among its blobs."""
    document = bundle(private, statement(subject["digest"]) if content is None else content)
    manifest = {
        "schemaVersion": 2, "mediaType": MANIFEST, "artifactType": BUNDLE, "config": {"mediaType": EMPTY, **add_blob(layout, b"{}")},
        "layers": [{"mediaType": BUNDLE, **add_blob(layout, document)}], "subject": {"mediaType": MANIFEST, "digest": subject["digest"], "size": subject["size"]},
        "annotations": {"dev.sigstore.bundle.content": "dsse-envelope", "dev.sigstore.bundle.predicateType": "https://sigstore.dev/cosign/sign/v1"},
    }
    if listed:
        add_to_index(layout, manifest, artifactType=BUNDLE)
    else:
        add_blob(layout, json.dumps(manifest).encode())
