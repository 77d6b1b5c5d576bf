"""What a program file must be before it goes to a device, read from its ELF headers (elf(5))."""

from __future__ import annotations

import struct
from dataclasses import dataclass

#: e_machine of the architectures that Embedded Swift and Linux share.
_MACHINES = {"EM_386": 3, "EM_ARM": 40, "EM_X86_64": 62, "EM_AARCH64": 183, "EM_RISCV": 243}
_ET_DYN = 3
_PT_LOAD, _PT_DYNAMIC, _PT_INTERP, _PT_GNU_STACK = 1, 2, 3, 0x6474E551
_PF_X, _PF_W = 1, 2
_DT_NULL, _DT_NEEDED, _DT_TEXTREL, _DT_FLAGS_1 = 0, 1, 22, 0x6FFFFFFB
_DF_1_PIE = 0x08000000


@dataclass(frozen=True)
class Segment:
    """One program header: its type and flags, where its bytes are in the file, and their address."""

    kind: int
    flags: int
    offset: int
    address: int
    size: int


def faults(content: bytes, machine: str) -> list[str]:
    """Everything that keeps the program from being a static, position-independent program for `machine` (a constant of elf.h); empty if it is fine."""
    if content[:4] != b"\x7fELF" or len(content) < 64 or content[5] != 1:
        return ["not a little-endian ELF file"]
    if machine not in _MACHINES:
        return [f"{machine} is not known to cross/binary/elf.py"]
    wide = content[4] == 2
    kind, number = struct.unpack_from("<HH", content, 16)
    segments = _segments(content, wide)
    wrong = []
    if number != _MACHINES[machine]:
        wrong.append(f"made for machine {number} instead of {machine} ({_MACHINES[machine]})")
    if kind != _ET_DYN:
        wrong.append("not position-independent (not ET_DYN)")
    if any(segment.kind == _PT_INTERP for segment in segments):
        wrong.append("wants a dynamic loader (PT_INTERP)")
    if any(segment.kind == _PT_LOAD and segment.flags & _PF_X and segment.flags & _PF_W for segment in segments):
        wrong.append("has memory that is both writable and executable")
    stacks = [segment.flags for segment in segments if segment.kind == _PT_GNU_STACK]
    if len(stacks) != 1 or stacks[0] & _PF_X:
        wrong.append("has an executable stack")
    dynamic = _dynamic(content, wide, segments)
    if any(tag == _DT_NEEDED for tag, _ in dynamic):
        wrong.append("needs a shared library (DT_NEEDED)")
    if any(tag == _DT_TEXTREL for tag, _ in dynamic):
        wrong.append("its code would be relocated (DT_TEXTREL)")
    if not any(tag == _DT_FLAGS_1 and value & _DF_1_PIE for tag, value in dynamic):
        wrong.append("a library, not a program (no DF_1_PIE)")
    return wrong


def loaded_segments(content: bytes) -> list[Segment]:
    """The segments of a 64-bit program that are mapped when it is executed."""
    return [segment for segment in _segments(content, wide=True) if segment.kind == _PT_LOAD]


def _segments(content: bytes, wide: bool) -> list[Segment]:
    start, size, count = (*struct.unpack_from("<Q", content, 32), *struct.unpack_from("<HH", content, 54)) if wide else (
        *struct.unpack_from("<I", content, 28), *struct.unpack_from("<HH", content, 42))  # fmt: skip
    segments = []
    for index in range(count):
        at = start + index * size
        if wide:
            kind, flags, offset, address, _, length = struct.unpack_from("<IIQQQQ", content, at)
        else:
            kind, offset, address, _, length, _, flags = struct.unpack_from("<IIIIIII", content, at)
        segments.append(Segment(kind, flags, offset, address, length))
    return segments


def _dynamic(content: bytes, wide: bool, segments: list[Segment]) -> list[tuple[int, int]]:
    entry = "<QQ" if wide else "<II"
    entries = []
    for segment in segments:
        if segment.kind == _PT_DYNAMIC:
            for tag, value in struct.iter_unpack(entry, content[segment.offset : segment.offset + segment.size]):
                if tag == _DT_NULL:
                    break
                entries.append((tag, value))
    return entries
