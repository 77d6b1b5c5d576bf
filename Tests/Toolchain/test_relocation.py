"""What toolchain/sdk/relocation.py makes of musl's start code."""

from __future__ import annotations

from pathlib import Path

import pytest
from sdk.progress import BuildError
from sdk.relocation import add_compact_relocations

START = "\t\t*rel_addr = base + rel[2];\n\t}\n#endif\n\n\tstage2_func dls2;\n"


def start_code(source: Path, text: str) -> Path:
    (source / "ldso").mkdir()
    (source / "ldso/dlstart.c").write_text(text)
    return source / "ldso/dlstart.c"


def test_an_old_start_code_gets_the_loop_once_at_the_end_of_the_relocations(tmp_path: Path) -> None:
    file = start_code(tmp_path, START)
    add_compact_relocations(tmp_path)
    changed = file.read_text()
    assert changed.index("rel[2]") < changed.index("DT_RELRSZ") < changed.index("#endif")
    add_compact_relocations(tmp_path)
    assert file.read_text() == changed


def test_one_that_knows_them_stays_as_it_is(tmp_path: Path) -> None:
    text = START.replace("#endif", "\trel = (void *)(base+dyn[DT_RELR]);\n#endif")
    file = start_code(tmp_path, text)
    add_compact_relocations(tmp_path)
    assert file.read_text() == text


def test_one_that_looks_otherwise_ends_the_build(tmp_path: Path) -> None:
    start_code(tmp_path, START.replace("stage2_func dls2", "next_stage"))
    with pytest.raises(BuildError, match=r"dlstart\.c"):
        add_compact_relocations(tmp_path)
