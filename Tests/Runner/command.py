"""The command Tests/run."""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence

from .parts import all_parts
from .tally import Row, Tally, summary

_EPILOGUE = """\
Tests that need root are skipped without it, each with its reason; so are those that need a processor that this machine has not. Anything else that is
missing is a failure. Reports and logs are in .build/tests. The last line is: N passed, N failed, N skipped
"""


def main(arguments: Sequence[str]) -> int:
    """Runs the command and returns its exit status: 0 if nothing failed, 1 if something did."""
    parts = all_parts()
    listing = "\n".join(f"  {part.name:12}{part.title}" for part in parts)
    parser = argparse.ArgumentParser(
        prog="Tests/run", description=f"Runs every check and test of Apus, or only some parts:\n\n{listing}", epilog=_EPILOGUE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("parts", nargs="*", metavar="PART", help="default: all, in the order above")
    chosen = parser.parse_args(arguments).parts
    unknown = [name for name in chosen if name not in [part.name for part in parts]]
    if unknown:
        parser.error(f"there is no part {', '.join(unknown)}")
    rows: list[Row] = []
    try:
        for part in parts:
            if chosen and part.name not in chosen:
                continue
            print(f"\n== {part.title}", flush=True)
            start = time.monotonic()
            tally = part.run()
            rows.append(Row(part.title, tally, time.monotonic() - start))
            if part.name == "packages" and tally.failed:
                break
    except KeyboardInterrupt:
        rows.append(Row("interrupted", Tally(failed=1, names=["the run was interrupted"]), 0))
    print("\n" + "\n".join(summary(rows)), flush=True)
    return 1 if any(row.tally.failed for row in rows) else 0
