"""The linters: Swift's formatter, shellcheck, and pyflakes."""

from __future__ import annotations

import os
from pathlib import Path

from .process import LOGS, ROOT, run
from .tally import Tally

#: Folders that hold no sources of ours.
_NOT_OURS = {".git", ".build", ".swiftpm", "__pycache__"}


def sources() -> list[Path]:
    """Every file of the work tree that could be in a commit, relative to it."""
    found: list[Path] = []
    for folder, folders, files in os.walk(ROOT):
        folders[:] = sorted(name for name in folders if name not in _NOT_OURS and not name.startswith(".build"))
        found += [Path(folder, name).relative_to(ROOT) for name in sorted(files)]
    return found


def interpreter(path: Path) -> str:
    """The last word of the path after `#!`, or of what env is to find: `bash`, `sh`, `python3`; empty for other files."""
    with (ROOT / path).open("rb") as file:
        first = file.readline(200).decode(errors="replace").split()
    if not first or not first[0].startswith("#!"):
        return ""
    return Path(first[1] if first[0].endswith("/env") and len(first) > 1 else first[0]).name


def lint() -> Tally:
    """Each linter counts as one test."""
    scripts = [path for path in sources() if not (ROOT / path).is_symlink() and (ROOT / path).is_file()]
    kinds = {path: interpreter(path) for path in scripts}
    shell = [path for path in scripts if path.suffix == ".sh" or kinds[path] in ("sh", "bash", "busybox")]
    python = [path for path in scripts if path.suffix == ".py" or kinds[path] == "python3"]
    tally = Tally()
    checks: list[tuple[str, list[str | Path]]] = [
        ("swift format lint", ["swift", "format", "lint", "--strict", "--parallel", "--recursive", "Sources", "Tests", "Package.swift"]),
        ("shellcheck", ["shellcheck", *shell]),
        ("pyflakes", ["/usr/bin/python3", "-m", "pyflakes", *python]),
    ]
    for name, command in checks:
        status = run(command, 300, LOGS / f"{name.replace(' ', '-')}.log")
        print(f"{name}: {'clean' if status == 0 else 'complains'}", flush=True)
        if status == 0:
            tally.passed += 1
        else:
            tally.add_failure(name)
    return tally
