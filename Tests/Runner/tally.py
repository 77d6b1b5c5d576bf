"""What a part of the test run came to, and the table of all parts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree


@dataclass
class Tally:
    """Counts of one part. A test that was skipped has its reason in `reasons`; one that failed, its name in `names`."""

    passed: int = 0
    failed: int = 0
    skipped: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    names: list[str] = field(default_factory=list)

    def add_failure(self, name: str) -> None:
        """Counts a failure."""
        self.failed += 1
        self.names.append(name)

    def add_skip(self, reason: str, count: int = 1) -> None:
        """Counts tests that did not run."""
        self.skipped += count
        self.reasons[reason] += count

    def add_xunit(self, report: Path) -> None:
        """Adds the test cases of a report in the xUnit format, which both SwiftPM and pytest write."""
        for case in ElementTree.parse(report).getroot().iter("testcase"):
            name = f"{case.get('classname', '')}.{case.get('name', '')}".strip(".")
            skip = case.find("skipped")
            if case.find("failure") is not None or case.find("error") is not None:
                self.add_failure(name)
            elif skip is not None:
                self.add_skip(skip.get("message") or "the test says no reason")
            else:
                self.passed += 1


@dataclass(frozen=True)
class Row:
    """One line of the closing table."""

    title: str
    tally: Tally
    seconds: float


def summary(rows: Sequence[Row]) -> list[str]:
    """The closing lines: what failed, what was skipped and why, the table, and the totals alone on the last line."""
    lines: list[str] = []
    for row in rows:
        lines += [f"FAILED   {row.title}: {name}" for name in row.tally.names]
    for row in rows:
        lines += [f"skipped  {row.title}: {count} x {reason}" for reason, count in row.tally.reasons.items()]
    width = max(len(row.title) for row in rows)
    lines += ["", f"{'part':{width}}  passed  failed  skipped  seconds"]
    lines += [f"{row.title:{width}}  {row.tally.passed:6}  {row.tally.failed:6}  {row.tally.skipped:7}  {row.seconds:7.1f}" for row in rows]
    total = [sum(getattr(row.tally, name) for row in rows) for name in ("passed", "failed", "skipped")]
    return [*lines, "", f"{total[0]} passed, {total[1]} failed, {total[2]} skipped"]
