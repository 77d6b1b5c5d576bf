"""Running programs: output kept, failure told in one line."""

import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

#: No single command of the benchmark takes longer; one that does hangs.
TIME_LIMIT = 300.0


class BenchmarkError(Exception):
    """Why something cannot be measured; the text is one sentence."""


def output_of(command: Sequence[str | Path], limit: float = TIME_LIMIT) -> str:
    """Runs `command` without input and returns its standard output; a failure is a BenchmarkError with the last line that the command wrote."""
    name = Path(command[0]).name
    # Files, because a container that goes on keeps the streams that it was given, and nobody would see the end of a pipe.
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        try:
            done = subprocess.run(list(map(str, command)), stdin=subprocess.DEVNULL, stdout=output, stderr=errors, timeout=limit, check=False)
        except FileNotFoundError as error:
            raise BenchmarkError(f"{name}: not installed") from error
        except subprocess.TimeoutExpired as error:
            raise BenchmarkError(f"{name}: no end after {limit:.0f} s") from error
        if done.returncode != 0:
            said = (_all_of(errors) or _all_of(output)).strip().splitlines()
            raise BenchmarkError(f"{name}: status {done.returncode}: {said[-1] if said else 'without a word'}")
        return _all_of(output)


def _all_of(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode(errors="replace")


def fields(file: Path) -> Mapping[str, int]:
    """The lines `NAME: NUMBER ...` of a file of /proc."""
    found = {}
    for line in file.read_text().splitlines():
        name, _, value = line.partition(":")
        words = value.split()
        if words and words[0].isdigit():
            found[name] = int(words[0])
    return found
