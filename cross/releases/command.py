"""The command line of cross/release."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from . import envelope, keys, layout
from .errors import ReleaseError

_DESCRIPTION = """\
Makes the keys, the roots and the releases that Apus takes (docs/trust.md), and signs them. A root and a release begin as a file that describes
them: what is to be signed, as JSON, with names of files (of public keys; of OCI layouts) in the place of keys and digests, which begin in the file's
own folder.
"""
_EPILOGUE = """\
    cross/release key root.key                          # and root.pub
    cross/release key shop.key
    cross/release root root.json.in root.json --key root.key
    cross/release make shop-2.json.in shop-2.json --key shop.key
    cross/release sign shop-2.json --key other.key      # one more signature
    cross/release show shop-2.json
    cross/release attach shop-2.json LAYOUT             # for `apus image import --release`
"""


def main(arguments: Sequence[str]) -> int:
    """Runs the command; returns its exit status."""
    options = _parser().parse_args(arguments)
    try:
        options.do(options)
        return 0
    except (ReleaseError, OSError) as error:
        print(f"cross/release: {error}", file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="cross/release", description=_DESCRIPTION, epilog=_EPILOGUE, formatter_class=argparse.RawDescriptionHelpFormatter)
    verbs = parser.add_subparsers(required=True, metavar="VERB")

    key = verbs.add_parser("key", help="make a private key, and the public one beside it, which ends in .pub")
    key.add_argument("private", type=Path, metavar="FILE")
    key.set_defaults(do=lambda options: print(keys.make(options.private)))

    for verb, make, what in (("root", envelope.root, "a root"), ("make", envelope.release, "a release")):
        parser_of_verb = verbs.add_parser(verb, help=f"make {what} from its description, and sign it")
        parser_of_verb.add_argument("description", type=Path, metavar="DESCRIPTION")
        parser_of_verb.add_argument("output", type=Path, metavar="OUTPUT")
        parser_of_verb.add_argument("--key", action="append", type=Path, default=[], help="a private key to sign with; more than once for more")
        parser_of_verb.set_defaults(do=_make, make=make)

    sign = verbs.add_parser("sign", help="add signatures to a root or a release")
    sign.add_argument("envelope", type=Path, metavar="FILE")
    sign.add_argument("--key", action="append", type=Path, required=True, help="a private key to sign with; more than once for more")
    sign.set_defaults(do=lambda options: _sign(envelope.read(options.envelope), options.envelope, options.key))

    show = verbs.add_parser("show", help="print what is signed, and the ids of the keys that have signed")
    show.add_argument("envelope", type=Path, metavar="FILE")
    show.set_defaults(do=_show)

    attach = verbs.add_parser("attach", help="put a release among the images of an OCI layout")
    attach.add_argument("envelope", type=Path, metavar="FILE")
    attach.add_argument("layout", type=Path, metavar="LAYOUT")
    attach.set_defaults(do=_attach)
    return parser


def _make(options: argparse.Namespace) -> None:
    _sign(options.make(options.description), options.output, options.key)


def _sign(document: dict[str, object], path: Path, private: Sequence[Path]) -> None:
    for key in private:
        print(f"signed by key {envelope.add_signature(document, key)}")
    envelope.write(document, path)


def _show(options: argparse.Namespace) -> None:
    document = envelope.read(options.envelope)
    print(envelope.payload(document).decode())
    for signature in document["signatures"]:
        print(f"signed by key {signature['keyid']}")


def _attach(options: argparse.Namespace) -> None:
    document = envelope.read(options.envelope)
    if document["payloadType"] != envelope.RELEASE:
        raise ReleaseError(f"{options.envelope}: is no release")
    layout.attach(options.layout, options.envelope.read_bytes(), envelope.RELEASE)
