"""Runs one program with a time limit, and ends everything that it started when the limit passes."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
"""The work tree."""

LOGS = ROOT / ".build" / "tests"
"""Where the parts put their reports and logs."""

TAIL = 200
"""How many of a log's last lines are shown after a failure."""


def run(command: Sequence[str | Path], limit: float, log: Path | None = None) -> int:
    """Runs a command in the work tree and returns its exit status; 124 when it was ended because `limit` seconds had passed.

    Its output goes to `log`, whose end is shown if the status is not 0, or where ours goes.
    """
    words = [os.fspath(word) for word in command]
    LOGS.mkdir(parents=True, exist_ok=True)
    output = log.open("wb") if log is not None else None
    try:
        process = subprocess.Popen(words, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT if output else None, start_new_session=True)
    except OSError as error:
        print(f"cannot run {words[0]}: {error.strerror}", flush=True)
        return 127
    finally:
        if output is not None:
            output.close()
    try:
        status = process.wait(timeout=limit)
    except subprocess.TimeoutExpired:
        _end(process)
        status = 124
    except BaseException:
        _end(process)
        raise
    if status != 0 and log is not None:
        lines = log.read_text(errors="replace").splitlines()
        print("\n".join(f"  | {line}" for line in lines[-TAIL:]), flush=True)
    if status == 124:
        print(f"ended after {limit:g} seconds: {' '.join(words)}", flush=True)
    return status


def _end(process: subprocess.Popen[bytes]) -> None:
    """Asks the process group to end, and makes it."""
    for number, patience in ((signal.SIGTERM, 15), (signal.SIGKILL, 15)):
        try:
            os.killpg(process.pid, number)
            process.wait(timeout=patience)
            return
        except subprocess.TimeoutExpired:
            continue
        except ProcessLookupError:
            process.wait()
            return
