"""libseccomp's table of system calls as a C file that holds nothing else.

libseccomp itself keeps each number in four bytes, for sixteen architectures, and what looks one up reaches the code that makes filters: 65 KB of a program that
only asks for numbers (docs/decisions/seccomp-filters.md).
"""

from __future__ import annotations

import re
import string

from .progress import BuildError

#: The columns of syscalls.csv that are kept: what the devices and dev boxes of Apus run (Sources/CSeccomp).
_COLUMNS = ["x86", "x86_64", "x32", "arm", "aarch64"]
#: The calls that 32-bit x86 makes through socketcall(2) and ipc(2) by their pseudo numbers; libseccomp gives these even where the call has a number by now.
_MULTIPLEXED = range(-299, -99)
#: The numbers of the calls that only 32-bit ARM has begin here (__ARM_NR_BASE).
_ARM_PRIVATE = 0xF0000
#: Where the private calls are in a column of 16 bits: from the least number on.
_LEAST = -0x8000

_SOURCE = string.Template("""\
/* Made by toolchain/sdk/system_calls.py from syscalls.csv and seccomp-syscalls.h of libseccomp; LGPL-2.1, as they are. */
#include <seccomp.h>
#include <stdint.h>
#include <string.h>

static const char names[] =
$names;

/* Where the name begins, and the number on x86, x86_64, x32, arm and aarch64; in the order of the names' bytes. */
static const struct call {
  uint16_t name;
  int16_t numbers[5];
} calls[] = {
$calls
};

int seccomp_syscall_resolve_name_arch(uint32_t architecture, const char *name) {
  unsigned column;
  switch (architecture) {
  case SCMP_ARCH_X86: column = 0; break;
  case SCMP_ARCH_X86_64: column = 1; break;
  case SCMP_ARCH_X32: column = 2; break;
  case SCMP_ARCH_ARM: column = 3; break;
  case SCMP_ARCH_AARCH64: column = 4; break;
  default: return __NR_SCMP_ERROR;
  }
  unsigned low = 0, high = sizeof calls / sizeof *calls;
  while (low < high) {
    unsigned middle = (low + high) / 2;
    const struct call *call = &calls[middle];
    int order = strcmp(name, names + call->name);
    if (order < 0) {
      high = middle;
    } else if (order > 0) {
      low = middle + 1;
    } else {
      int number = call->numbers[column];
      if (number < $least + 0x100) return $arm_private + (number - $least);
      return number >= 0 && architecture == SCMP_ARCH_X32 ? number | 0x40000000 : number;
    }
  }
  return __NR_SCMP_ERROR;
}
""")


def source(table: str, header: str) -> str:
    """The C file that defines `seccomp_syscall_resolve_name_arch` for the columns that are kept, and gives for each name what libseccomp gives."""
    pseudo = {name: int(number) for name, number in re.findall(r"^#define __PNR_(\w+)\s+\(?(-\d+)\)?\s*$", header, re.MULTILINE)}
    first, *rows = [line.split(",") for line in table.splitlines()]
    absent = [column for column in _COLUMNS if column not in first]
    if absent:
        raise BuildError(f"syscalls.csv of libseccomp has no column {', '.join(absent)}")
    places = [first.index(column) for column in _COLUMNS]
    names, calls = [], []
    start = 0
    for row in sorted(rows, key=lambda row: row[0].encode()):
        numbers = [_number(row[0], column, row[place], pseudo) for column, place in zip(_COLUMNS, places, strict=True)]
        names.append(f'  "{row[0]}\\0"')
        calls.append(f"  {{{start}, {{{', '.join(map(str, numbers))}}}}},")
        start += len(row[0]) + 1
    if start > 0xFFFF:
        raise BuildError(f"the names of libseccomp's system calls are {start} bytes, more than 16 bits count")
    return _SOURCE.substitute(names="\n".join(names), calls="\n".join(calls), least=f"({_LEAST})", arm_private=_ARM_PRIVATE)


def _number(name: str, column: str, text: str, pseudo: dict[str, int]) -> int:
    """What stands for a number in 16 bits."""
    if column == "x86" and pseudo.get(name, 0) in _MULTIPLEXED:
        return pseudo[name]
    if text == "PNR":
        if name not in pseudo:
            raise BuildError(f"seccomp-syscalls.h of libseccomp has no pseudo number for {name}")
        number = pseudo[name]
    else:
        number = int(text)
        if column == "arm" and _ARM_PRIVATE <= number < _ARM_PRIVATE + 0x100:
            return _LEAST + (number - _ARM_PRIVATE)
    if not _LEAST + 0x100 <= number <= 0x7FFF:
        raise BuildError(f"the number {number} of {name} on {column} does not fit into 16 bits")
    return number
