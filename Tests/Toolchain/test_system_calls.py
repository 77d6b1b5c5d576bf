"""The table of system calls that the SDK makes of libseccomp's (toolchain/sdk/system_calls.py)."""

from __future__ import annotations

import ctypes
import subprocess
from pathlib import Path

import pytest
from sdk.progress import BuildError
from sdk.system_calls import source

TABLE = """\
#syscall (v6.7.0-rc3 2023-11-30),x86,x86_64,x32,arm,aarch64,mips
accept,PNR,43,43,285,202,168
breakpoint,PNR,PNR,PNR,983041,PNR,PNR
cachectl,PNR,PNR,PNR,PNR,PNR,148
openat2,437,437,437,437,437,437
read,3,0,0,3,63,3
socket,359,41,41,281,198,183
"""
HEADER = """\
#define __PNR_socket\t\t\t\t-101
#define __PNR_accept\t\t\t\t-105
#define __PNR_breakpoint -10019
#define __PNR_cachectl -10103
#define __NR_read 3
"""
X86, X86_64, X32, ARM, AARCH64, MIPS = 0x40000003, 0xC000003E, 0x4000003E, 0x40000028, 0xC00000B7, 0x8


@pytest.fixture(scope="module")
def look_up(tmp_path_factory: pytest.TempPathFactory) -> ctypes._CFuncPtr:
    """The function that the generated file defines."""
    directory: Path = tmp_path_factory.mktemp("system-calls")
    (directory / "calls.c").write_text(source(TABLE, HEADER))
    subprocess.run(
        ["gcc", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", "-o", directory / "calls.so", directory / "calls.c"], check=True, timeout=60
    )
    function = ctypes.CDLL(directory / "calls.so").seccomp_syscall_resolve_name_arch
    function.argtypes = [ctypes.c_uint32, ctypes.c_char_p]
    return function


@pytest.mark.parametrize(
    ("architecture", "name", "number"),
    [
        (AARCH64, b"read", 63),
        (X86_64, b"read", 0),
        (X32, b"read", 0x40000000),
        (ARM, b"breakpoint", 0xF0001),
        (AARCH64, b"breakpoint", -10019),
        (X32, b"breakpoint", -10019),
        (X86, b"cachectl", -10103),
        (X86, b"accept", -105),
        (X86, b"socket", -101),
        (ARM, b"socket", 281),
        (AARCH64, b"rea", -1),
        (AARCH64, b"reads", -1),
        (AARCH64, b"", -1),
        (MIPS, b"read", -1),
    ],
)
def test_a_name_has_the_number_that_libseccomp_gives(look_up: ctypes._CFuncPtr, architecture: int, name: bytes, number: int) -> None:
    assert look_up(architecture, name) == number


def test_the_hosts_libseccomp_gives_the_same_for_every_name_here(look_up: ctypes._CFuncPtr) -> None:
    theirs = ctypes.CDLL("libseccomp.so.2").seccomp_syscall_resolve_name_arch
    theirs.argtypes = [ctypes.c_uint32, ctypes.c_char_p]
    for line in TABLE.splitlines()[1:]:
        name = line.split(",")[0].encode()
        # The pseudo numbers of the header here are not those of every version.
        for architecture in [X86, X86_64, X32, ARM, AARCH64]:
            mine = look_up(architecture, name)
            assert theirs(architecture, name) == mine or mine < -10000, name


@pytest.mark.parametrize(
    ("table", "header", "fault"),
    [
        (TABLE.replace("aarch64", "arm64"), HEADER, "no column aarch64"),
        (TABLE + "newer,PNR,500,500,500,500,500\n", HEADER, "no pseudo number for newer"),
        (TABLE + "huge,40000,1,1,1,1,1\n", HEADER, "the number 40000 of huge on x86 does not fit"),
    ],
)
def test_a_table_that_does_not_fit_ends_the_build(table: str, header: str, fault: str) -> None:
    with pytest.raises(BuildError, match=fault):
        source(table, header)
