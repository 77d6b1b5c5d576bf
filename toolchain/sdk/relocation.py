"""Compact relocations (DT_RELR) for the start code of a musl that is older than 1.2.4, which brought them."""

from __future__ import annotations

from pathlib import Path

from .progress import BuildError

_END = "#endif\n\n\tstage2_func dls2;"
#: An even entry is the address of a word to relocate; an odd one has a bit for each of the 63 words that follow (31 where a word has 32 bits).
_CODE = """\
	size_t *entry = 0, *place = 0, count = 0;
	for (i=0; dynv[i]; i+=2) {
		if (dynv[i]==36 /* DT_RELR */) entry = (void *)(base + dynv[i+1]);
		if (dynv[i]==35 /* DT_RELRSZ */) count = dynv[i+1] / sizeof(size_t);
	}
	for (; count; entry++, count--) {
		if (*entry % 2 == 0) {
			place = (void *)(base + *entry);
			*place++ += base;
			continue;
		}
		size_t bits = *entry >> 1;
		for (i=0; bits; i++, bits >>= 1) if (bits & 1) place[i] += base;
		place += 8*sizeof(size_t) - 1;
	}
"""


def add_compact_relocations(source: Path) -> None:
    """Changes musl's ldso/dlstart.c, of which the start code of a static position-independent program (rcrt1.o) is made, unless it knows them."""
    file = source / "ldso/dlstart.c"
    text = file.read_text()
    if "DT_RELR" in text:
        return
    if text.count(_END) != 1:
        raise BuildError(f"{file.name} of musl is not what toolchain/sdk/relocation.py can change; look at what became of it")
    file.write_text(text.replace(_END, _CODE + _END))
