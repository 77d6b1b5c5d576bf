"""`make run`, as a visitor meets it: it tells what it does step by step, and what it shows is true."""

from __future__ import annotations

import re
import subprocess

import pytest
from machines import ROOT, binary


@pytest.mark.device
def test_make_run_shows_redis_with_its_limits_and_switches_the_device_off() -> None:
    binary("aarch64")
    done = subprocess.run(["make", "run"], cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=900, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    # A step is one line with the time since the start; what is shown in it is indented.
    steps: list[tuple[str, list[str]]] = []
    for line in done.stdout.splitlines():
        if told := re.fullmatch(r"\[ *[0-9.]+ s\] (.+)", line):
            steps.append((told[1], []))
        elif steps and line.startswith(" "):
            steps[-1][1].append(line.strip())

    def shown(start: str) -> list[str]:
        """What was shown in the step that begins so."""
        return next(lines for title, lines in steps if title.startswith(start))

    assert shown("Booting the device")[0].startswith("Linux ") and shown("Booting the device")[0].endswith(" aarch64")
    assert any(line.startswith("imported redis sha256:") for line in shown("Importing the image"))
    assert [line for line in shown("Talking to it") if not line.startswith("redis>")] == ["PONG", "OK", "hello from a container"]

    limits = dict(line.split(None, 1) for line in shown("The limits, as the kernel has them"))
    assert (limits["memory.max"], limits["pids.max"], limits["cpu.max"]) == (str(64 << 20), "64", "50000 100000")
    assert 1 << 20 < int(limits["memory.current"]) <= 64 << 20
    assert 1 <= int(limits["pids.current"]) <= 64

    inside = dict(line.split(":", 1) for line in shown("What the container sees"))
    assert inside["Name"].strip() == "redis-server"
    assert (inside["NoNewPrivs"].strip(), inside["Seccomp"].strip(), inside["NSpid"].split()[-1]) == ("1", "2", "1")

    assert shown("Ending it") == ["exit status 0"]
    assert [title for title, _ in steps][-2] == "Switching the device off."
