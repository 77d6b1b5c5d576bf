"""Keys over the curve P-256, as files in PEM, by the program openssl: it asks for the pass phrase of a key that has one."""

from __future__ import annotations

import hashlib
import os
import subprocess
from pathlib import Path

from .errors import ReleaseError


def _openssl(*words: str | Path, data: bytes = b"") -> bytes:
    try:
        done = subprocess.run(["openssl", *words], input=data, capture_output=True, check=False)
    except FileNotFoundError:
        raise ReleaseError("openssl is not installed (Debian package openssl)") from None
    if done.returncode != 0:
        said = done.stderr.decode(errors="replace").strip().splitlines()
        raise ReleaseError(f"openssl {words[0]}: {said[0] if said else f'status {done.returncode}'}")
    return done.stdout


def make(private: Path) -> Path:
    """Makes a new private key, which only its owner may read, and beside it the public one, which ends in `.pub`; gives the path of that."""
    public = public_of(private)
    for path in (private, public):
        if path.exists():
            raise ReleaseError(f"{path}: exists already")
    descriptor = os.open(private, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(_openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"))
    public.write_text(public_pem(private))
    return public


def public_of(private: Path) -> Path:
    """Where the public key of a private one is put."""
    return private.with_suffix(".pub")


def public_pem(private: Path) -> str:
    """The public key of a private one, in PEM."""
    return _openssl("pkey", "-in", private, "-pubout").decode()


def key_id(public: str) -> str:
    """What signatures call a public key: the SHA-256 of its DER. Throws for one that is not over P-256."""
    der = _openssl("pkey", "-pubin", "-outform", "DER", data=public.encode())
    # SEQUENCE { SEQUENCE { id-ecPublicKey, secp256r1 }, BIT STRING { (RFC 5480): the same for all, with the point uncompressed.
    if len(der) != 91 or not der.startswith(bytes.fromhex("3059301306072a8648ce3d020106082a8648ce3d030107034200")):
        raise ReleaseError("a public key is not over the curve P-256")
    return hashlib.sha256(der).hexdigest()


def sign(private: Path, message: bytes) -> bytes:
    """The signature of a message by ECDSA with SHA-256."""
    return _openssl("dgst", "-sha256", "-sign", private, data=message)
