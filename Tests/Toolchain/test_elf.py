"""What cross/build lets through to a device."""

from __future__ import annotations

import struct

import pytest
from binary.elf import faults

_LOAD, _DYNAMIC, _INTERP, _STACK = 1, 2, 3, 0x6474E551
_READ_EXECUTE, _READ_WRITE, _ALL = 5, 6, 7
_PIE = (0x6FFFFFFB, 0x08000000)


def program(
    *,
    machine: int = 183,
    kind: int = 3,
    code: int = _READ_EXECUTE,
    stack: int = _READ_WRITE,
    tags: tuple[tuple[int, int], ...] = (_PIE,),
    more: int | None = None,
) -> bytes:
    """A 64-bit ELF file of headers only."""
    dynamic = b"".join(struct.pack("<QQ", *tag) for tag in [*tags, (0, 0), (1, 1)])
    kinds = [(_LOAD, code), (_DYNAMIC, _READ_WRITE), (_STACK, stack)] + ([(more, 4)] if more is not None else [])
    offset = 64 + 56 * len(kinds)
    header = b"\x7fELF\x02\x01\x01" + bytes(9) + struct.pack("<HHIQQQIHHHHHH", kind, machine, 1, 0, 64, 0, 0, 64, 56, len(kinds), 0, 0, 0)
    table = b"".join(struct.pack("<IIQQQQQQ", name, flags, offset, 0, 0, len(dynamic), 0, 0) for name, flags in kinds)
    return header + table + dynamic


def test_a_static_pie_is_fine() -> None:
    assert faults(program(), "EM_AARCH64") == []


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (program(machine=62), "made for machine 62 instead of EM_AARCH64 (183)"),
        (program(kind=2), "not position-independent (not ET_DYN)"),
        (program(more=_INTERP), "wants a dynamic loader (PT_INTERP)"),
        (program(code=_ALL), "has memory that is both writable and executable"),
        (program(stack=_ALL), "has an executable stack"),
        (program(tags=(_PIE, (1, 5))), "needs a shared library (DT_NEEDED)"),
        (program(tags=(_PIE, (22, 0))), "its code would be relocated (DT_TEXTREL)"),
        (program(tags=()), "a library, not a program (no DF_1_PIE)"),
        (b"#!/bin/sh\n", "not a little-endian ELF file"),
    ],
)
def test_each_fault_is_named(content: bytes, fault: str) -> None:
    assert faults(content, "EM_AARCH64") == [fault]
