"""Running programs: output kept, failure told in one line."""

import subprocess
from collections.abc import Sequence
from pathlib import Path

#: No single command of the benchmark takes longer; one that does hangs.
TIME_LIMIT = 300.0


class BenchmarkError(Exception):
    """Why something cannot be measured; the text is one sentence."""


def output_of(command: Sequence[str | Path], limit: float = TIME_LIMIT) -> str:
    """Runs `command` without input and returns its standard output; a failure is a BenchmarkError with the last line that the command wrote."""
    name = Path(command[0]).name
    try:
        done = subprocess.run(list(map(str, command)), stdin=subprocess.DEVNULL, capture_output=True, timeout=limit, check=False)
    except FileNotFoundError as error:
        raise BenchmarkError(f"{name}: not installed") from error
    except subprocess.TimeoutExpired as error:
        raise BenchmarkError(f"{name}: no end after {limit:.0f} s") from error
    if done.returncode != 0:
        said = (done.stderr or done.stdout).decode(errors="replace").strip().splitlines()
        raise BenchmarkError(f"{name}: status {done.returncode}: {said[-1] if said else 'without a word'}")
    return done.stdout.decode(errors="replace")
