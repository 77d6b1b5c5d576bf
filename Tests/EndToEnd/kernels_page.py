#!/usr/bin/env python3
"""The tables of docs/kernels.md, made from the program's own: what `apus check --json` prints of each feature that is the same on every machine.

    Tests/EndToEnd/kernels_page.py APUS        writes them to the page, between its marks
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

Row = dict[str, Any]

#: Linux versions that devices have: the floor, and those of Android.
VERSIONS = ("4.14", "4.19", "5.4", "5.10", "5.15", "6.1", "6.6", "6.12")
WEIGHTS = {"vital": "nothing runs", "usual": "usual", "extra": "extra"}


def _options(row: Row) -> str:
    return ", ".join(f"not {option}" if row.get("mustBeOff") else option for option in row["options"]) or "–"


def _order(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


def _stand_in(row: Row) -> str:
    if "instead" not in row:
        return "–"
    return row["instead"] + (f" (`{row['insteadNeeds']}`)" if "insteadNeeds" in row else "")


def _table(heads: list[str], rows: list[list[str]]) -> str:
    return "".join(f"| {' | '.join(cells)} |\n" for cells in [heads, ["---"] * len(heads), *rows]).replace("| --- ", "|---").replace("|--- |", "|---|")


def features(rows: list[Row]) -> str:
    """A table for each group."""
    parts = []
    for group in dict.fromkeys(row["group"] for row in rows):
        cells = [
            [f"`{row['key']}`", row["name"], _options(row), row.get("since", "–"), row["neededFor"], WEIGHTS[row["weight"]], _stand_in(row)]
            for row in rows if row["group"] == group
        ]
        head = ["key", "feature", "build option", "since Linux", "needed for", "weight", "what stands in for it"]
        parts.append(f"### {group[0].upper()}{group[1:]}\n{_table(head, cells)}")
    return "\n".join(parts)


def stand_ins(rows: list[Row]) -> str:
    """What is not there, and what is done instead."""
    return _table(
        ["without", "Apus does", "what that costs, and what it does not guarantee"],
        [[row["name"], _stand_in(row), row["costs"]] for row in rows if "instead" in row],
    )


def versions(rows: list[Row]) -> str:
    """Which Linux has what, as far as versions tell."""
    newer = sorted((row for row in rows if "since" in row), key=lambda row: (_order(row["since"]), row["key"]))
    return _table(
        ["feature", *VERSIONS],
        [[row["name"], *("yes" if _order(version) >= _order(row["since"]) else "–" for version in VERSIONS)] for row in newer],
    )


def renewed(page: str, rows: list[Row]) -> str:
    """The page with its tables made anew: what stands between `<!-- table: NAME -->` and `<!-- end -->`."""
    makers = {"features": features, "stand-ins": stand_ins, "versions": versions}
    seen: list[str] = []

    def table(found: re.Match[str]) -> str:
        seen.append(found[1])
        return f"<!-- table: {found[1]} -->\n{makers[found[1]](rows)}<!-- end -->"

    text = re.sub(r"<!-- table: (\S+) -->\n.*?<!-- end -->", table, page, flags=re.DOTALL)
    assert sorted(seen) == sorted(makers), f"the page has marks for {seen}"
    return text


def main() -> None:
    """Writes the page."""
    said = subprocess.run([sys.argv[1], "check", "--json"], capture_output=True, check=False)
    page = Path(__file__).resolve().parents[2] / "docs" / "kernels.md"
    page.write_text(renewed(page.read_text(), json.loads(said.stdout)["features"]))


if __name__ == "__main__":
    main()
