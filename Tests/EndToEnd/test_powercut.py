"""cross/powercut in short: the long runs are in docs/durability.md."""

from __future__ import annotations

import subprocess

import pytest
from machines import ROOT, binary


def powercut(*words: str) -> str:
    """Runs it; gives the tally."""
    done = subprocess.run(
        [str(ROOT / "cross" / "powercut"), *words], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=1200, check=False
    )
    assert done.returncode == 0 and "failures: 0" in done.stdout, done.stdout + done.stderr
    return done.stdout


@pytest.mark.native
def test_killed_twenty_times() -> None:
    assert ": 20 kills" in powercut("--native", "--kills", "20", "--seed", "1", "--apus", str(binary("x86_64")))


@pytest.mark.device
@pytest.mark.parametrize(("file_system", "options"), [("ext4", "rw"), ("f2fs", "fsync_mode=nobarrier")])
def test_power_cuts_on_a_disk_that_forgets(file_system: str, options: str) -> None:
    binary("aarch64")
    assert ": 5 power cuts" in powercut("--filesystem", file_system, "--options", options, "--cuts", "5", "--seed", "1")
