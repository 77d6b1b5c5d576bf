"""What must not be among the symbols of a program, because the linker may have mixed it up (docs/decisions/object-outliner.md)."""

from __future__ import annotations

import re
from collections.abc import Iterable

#: A static object that the optimiser made of an array literal: "outlined read-only object #N of FUNCTION", in Swift's mangling `FUNCTION` `Tv` N-1 `_` `r`.
_NUMBERED_OBJECT = re.compile(r"^\$[es].*Tv\d*_r$")


def numbered_objects(names: Iterable[str]) -> list[str]:
    """The symbols that stand for a numbered static object of a Swift function, whose number differs from module to module."""
    return sorted({name for name in names if _NUMBERED_OBJECT.match(name)})
