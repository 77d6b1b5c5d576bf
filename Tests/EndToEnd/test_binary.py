"""The device binary: one static file, small."""

from __future__ import annotations

import subprocess
import sys

import pytest
from conftest import binary
from machines import ROOT

sys.path.insert(0, str(ROOT / "toolchain"))

from binary.elf import faults  # noqa: E402  (the builder's own check, in cross/; its error type is in toolchain/)
from binary.order import ORDER  # noqa: E402
from sdk.architectures import read_architectures  # noqa: E402
from sdk.command import find_compiler  # noqa: E402

ARCHITECTURES = {row.name: row for row in read_architectures(ROOT / "toolchain" / "architectures.tsv")}


@pytest.mark.parametrize("architecture", sorted(ARCHITECTURES))
def test_it_is_static(architecture: str) -> None:
    assert faults(binary(architecture).read_bytes(), ARCHITECTURES[architecture].elf_machine) == []


def test_the_devices_has_at_most_980_kibibytes() -> None:
    # The budget for everything is a mebibyte; supervision is still to come into it.
    assert binary("aarch64").stat().st_size <= 980 * 1024


@pytest.mark.parametrize("architecture", sorted(ARCHITECTURES))
def test_its_debug_symbols_are_beside_it(architecture: str) -> None:
    debug = binary(architecture).with_name("apus.debug").read_bytes()
    assert debug[:4] == b"\x7fELF" and b".debug_info" in debug


@pytest.mark.parametrize("architecture", sorted(ARCHITECTURES))
def test_it_has_the_functions_that_stand_first(architecture: str) -> None:
    # Else cross/order has to find them anew (docs/decisions/code-order.md).
    debug = binary(architecture).with_name("apus.debug").read_bytes()
    names = ORDER.read_text().split()
    assert len(names) > 500 and sum(f"\0{name}\0".encode() in debug for name in names) >= 0.8 * len(names)


@pytest.mark.parametrize("function", ["swift_bridgeObjectRetain", "swift_bridgeObjectRetain_n"])
@pytest.mark.parametrize("architecture", sorted(ARCHITECTURES))
def test_it_retains_tagged_pointers_by_functions_of_its_own(architecture: str, function: str) -> None:
    # Those of Swift's runtime give back another pointer than they got; which calls that breaks is chance (docs/decisions/bridge-object.md).
    debug, tools = binary(architecture).with_name("apus.debug"), find_compiler().tools
    addresses = {name: address for address, _, name in (line.split() for line in _output(tools / "llvm-nm", "--defined-only", debug).splitlines())}
    source = _output(tools / "llvm-symbolizer", f"--exe={debug}", f"0x{addresses[function]}")
    assert "/Sources/CLinux/bridge_object.c:" in source, source


@pytest.mark.parametrize("architecture", sorted(ARCHITECTURES))
def test_it_has_none_of_swifts_unicode_tables(architecture: str) -> None:
    # They cost more than the rest; a String that is compared or hashed by characters brings them in.
    debug = binary(architecture).with_name("apus.debug").read_bytes()
    assert b"_swift_stdlib_getNormData" not in debug


def _output(*words: object) -> str:
    return subprocess.run([str(word) for word in words], capture_output=True, text=True, timeout=60, check=True).stdout
