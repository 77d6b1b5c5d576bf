"""What docs/engines.md tells people to write and to type. The engines of the tests are set up with it, so that it works as it stands there."""

from __future__ import annotations

import itertools
import re
import shlex
from pathlib import Path

from machines import ROOT

_LINES = (ROOT / "docs" / "engines.md").read_text().splitlines()

#: Where the page has the program.
_PROGRAM = "/usr/local/bin/apus"


def configuration(heading: str, runtime: Path) -> str:
    """The configuration file below the heading that begins so, with another path of the program."""
    start = next(number for number, line in enumerate(_LINES) if line.startswith(f"### {heading}"))
    below = itertools.dropwhile(lambda line: not line.startswith("    "), _LINES[start + 1 :])
    lines = itertools.takewhile(lambda line: line.startswith("    ") or not line, below)
    return "\n".join(line[4:] for line in lines).strip().replace(_PROGRAM, str(runtime)) + "\n"


def command(engine: str, runtime: Path, column: int = 1) -> list[str]:
    """The words of a command in the table, as far as the dots: column 1 is for one container, 2 for all."""
    row = next(line for line in _LINES if line.startswith(f"| {engine} |"))
    found = re.search(r"`([^`]+)`", row.strip("|").split("|")[column])
    assert found is not None, f"docs/engines.md has no command for {engine}"
    return shlex.split(found[1].removesuffix("...").replace(_PROGRAM, str(runtime)))
