"""Containers that run without anybody in front of them, and what is refused of many."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from machines import Bundle, Machine


def left_alone(bundle: Bundle, *words: str, environment: str = "") -> None:
    """Runs a command of apus that leaves a container behind, whose output goes to a file: the test would wait for the end of a pipe."""
    command = shlex.join(bundle.machine.words(*words))
    bundle.machine.sh(f"{environment} {command} >{bundle.path}/output 2>&1 </dev/null || {{ cat {bundle.path}/output >&2; exit 1; }}")


@contextmanager
def running(machine: Machine, document: dict[str, Any], root: str = "") -> Iterator[Bundle]:
    """A container that runs, and is deleted in the end; what it says is in the file `output` of its bundle."""
    bundle = machine.bundle(document, root)
    try:
        left_alone(bundle, "run", "--detach", "--bundle", bundle.path, bundle.id)
        yield bundle
    finally:
        machine.call("delete", "--force", bundle.id).succeeded()


def state(bundle: Bundle) -> dict[str, Any]:
    """What `apus state` tells."""
    found: dict[str, Any] = json.loads(bundle.machine.call("state", bundle.id).succeeded().text)
    return found


def all_refused(machine: Machine, commands: list[list[str]], word: str) -> None:
    """Each of these commands of apus must fail with one line that has the word. They run in one go, because each on its own takes a device long."""
    look = f"""
      said=$("$@" 2>&1 >/dev/null </dev/null) && echo "taken: $*"
      case $said in "apus: "*{shlex.quote(word)}*) ;; *) echo "$*: $said" ;; esac
      [ "$(echo "$said" | wc -l)" = 1 ] || echo "$*: $said"
    """
    lines = [f"look() {{ {look} }}", *(f"look {shlex.join(machine.words(*words))} || :" for words in commands)]
    wrong = machine.sh("\n".join(lines))
    assert wrong == "", wrong
