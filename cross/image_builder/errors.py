"""The one kind of failure that reaches a person, and running other programs so that they fail with it."""

import os
import shlex
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path


class BuildError(Exception):
    """Something that stops one image; the text is one sentence for a person."""


def run(command: Sequence[str | Path], environment: Mapping[str, str] | None = None) -> str:
    """Runs a program to its end and returns its standard output; what it said goes into the error when it fails."""
    words = [str(word) for word in command]
    surroundings = {**os.environ, "LC_ALL": "C.UTF-8", **(environment or {})}
    result = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, text=True, env=surroundings, check=False)
    if result.returncode != 0:
        said = (result.stderr.strip() or result.stdout.strip()).splitlines()[-12:]
        raise BuildError("\n    ".join([f"{shlex.join(words[:3])} … ended with status {result.returncode}:", *said]))
    return result.stdout
