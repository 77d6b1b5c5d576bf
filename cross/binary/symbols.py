"""What must not be among the symbols of a program: what the linker may have mixed up (docs/decisions/object-outliner.md), what is large and not needed, threads."""

from __future__ import annotations

import re
from collections.abc import Iterable

#: A static object that the optimiser made of an array literal: "outlined read-only object #N of FUNCTION", in Swift's mangling `FUNCTION` `Tv` N-1 `_` `r`.
_NUMBERED_OBJECT = re.compile(r"^\$[es].*Tv\d*_r$")


#: The standard library's comparison of strings by canonical equivalence, which brings some 30 KB of Unicode tables along: `==` on a String, or on a value with one.
_STRING_COMPARISON = "_stringCompareInternal"


#: What starts a thread in musl. The link makes atomic operations plain (docs/decisions/code-size.md), so there must not be a second one.
_THREADS = {"pthread_create", "thrd_create"}


def string_comparisons(names: Iterable[str]) -> list[str]:
    """The symbols of the comparison of strings that device code does without (`String.equals` compares bytes)."""
    return sorted({name for name in names if _STRING_COMPARISON in name})


def numbered_objects(names: Iterable[str]) -> list[str]:
    """The symbols that stand for a numbered static object of a Swift function, whose number differs from module to module."""
    return sorted({name for name in names if _NUMBERED_OBJECT.match(name)})


def threads(names: Iterable[str]) -> list[str]:
    """The symbols of functions that start threads."""
    return sorted(_THREADS.intersection(names))
