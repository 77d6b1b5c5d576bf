"""The table of architectures, toolchain/architectures.tsv."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path

from .progress import BuildError


@dataclass(frozen=True)
class Architecture:
    """One row of the table."""

    #: What `cross/build` and the SDK's name (`apus-NAME`) call it.
    name: str
    #: The triple of the Embedded Swift standard library in the toolchain.
    swift_triple: str
    #: The triple for which clang compiles C.
    c_triple: str
    #: The triple of Debian's cross compiler, which names the folders in the binary packages.
    gnu_triple: str
    #: Debian's name, as in `linux-libc-dev-NAME-cross`; also the name in OCI image indexes.
    debian: str
    #: The constant of elf.h for the machine.
    elf_machine: str
    #: Extra flags for C, `-` for none.
    c_flags: str
    #: Extra flags for the linker of the program, with which the code of the whole program is made; `-` for none.
    linker_flags: str

    def extra_c_flags(self) -> list[str]:
        """The extra flags as a list."""
        return _words(self.c_flags)

    def extra_linker_flags(self) -> list[str]:
        """The extra flags of the linker as a list."""
        return _words(self.linker_flags)


def _words(column: str) -> list[str]:
    return [] if column == "-" else column.split()


def read_architectures(table: Path) -> list[Architecture]:
    """All rows of the table, in its order."""
    width = len(fields(Architecture))
    rows = []
    for number, line in enumerate(table.read_text().splitlines(), start=1):
        if not line.strip() or line.startswith("#"):
            continue
        columns = line.split("\t")
        if len(columns) != width:
            raise BuildError(f"{table}: line {number}: {len(columns)} columns instead of {width}")
        rows.append(Architecture(*columns))
    return rows
