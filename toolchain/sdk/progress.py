"""Steps that say what they do and how long it took, and the one error that ends a build."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

_started = time.monotonic()
_TAIL_LINES = 25


class BuildError(Exception):
    """A step failed; the text says what, and what to install or retry."""


def say(text: str) -> None:
    """Prints one line with the seconds since the start."""
    print(f"[{time.monotonic() - _started:6.1f} s] {text}", flush=True)


@contextmanager
def step(text: str) -> Iterator[None]:
    """Announces a step before it runs, so that a long one is not silent; a `BuildError` inside it gains the name of the step."""
    say(text)
    try:
        yield
    except BuildError as error:
        raise BuildError(f"{text}: {error}") from None


def run(command: Sequence[str | Path], log: Path, *, directory: Path | None = None, variables: Mapping[str, str] | None = None) -> None:
    """Runs a command with its output appended to `log`; on failure the error carries the last lines of the output."""
    words = [os.fspath(word) for word in command]
    with log.open("ab") as output:
        output.write(f"$ {' '.join(words)}\n".encode())
        output.flush()
        begin = output.tell()
        try:
            status = subprocess.run(
                words, cwd=directory, env=environment(variables), stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, check=False
            ).returncode
        except OSError as error:
            raise BuildError(f"cannot run {words[0]}: {error.strerror}") from None
    if status != 0:
        with log.open("rb") as output:
            output.seek(begin)
            tail = output.read().decode(errors="replace").splitlines()[-_TAIL_LINES:]
        raise BuildError(f"{words[0]} ended with status {status}\n" + "\n".join(f"  | {line}" for line in tail))


def read(command: Sequence[str | Path], *, variables: Mapping[str, str] | None = None) -> str:
    """The standard output of a command that must succeed."""
    words = [os.fspath(word) for word in command]
    try:
        done = subprocess.run(words, env=environment(variables), stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    except OSError as error:
        raise BuildError(f"cannot run {words[0]}: {error.strerror}") from None
    if done.returncode != 0:
        detail = " ".join((done.stderr.strip() or done.stdout).split()) or "no message"
        raise BuildError(f"{words[0]} ended with status {done.returncode}: {detail}")
    return done.stdout


def environment(variables: Mapping[str, str] | None = None) -> dict[str, str]:
    """The caller's environment in the C locale, without the flags that would leak into a library's build."""
    kept = {name: value for name, value in os.environ.items() if name not in _LEAKING}
    kept["LC_ALL"] = "C"
    kept.update(variables or {})
    return kept


_LEAKING = frozenset(
    ["CC", "CXX", "CPP", "LD", "AR", "AS", "NM", "RANLIB", "STRIP", "CFLAGS", "CPPFLAGS", "CXXFLAGS", "LDFLAGS", "LIBS", "CPATH", "C_INCLUDE_PATH",
     "LIBRARY_PATH", "MAKEFLAGS", "MAKELEVEL", "MFLAGS", "CONFIG_SITE", "PKG_CONFIG_PATH", "CROSS_COMPILE", "GNUMAKEFLAGS", "SDKROOT"]
)
