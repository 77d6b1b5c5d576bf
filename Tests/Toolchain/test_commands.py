"""The commands as a person meets them."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from sdk.architectures import read_architectures
from sdk.progress import BuildError

_ROOT = Path(__file__).resolve().parent.parent.parent


def _run(*words: str | Path, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(words, capture_output=True, text=True, check=False, timeout=60, env={**os.environ, **variables})


@pytest.mark.parametrize("command", ["toolchain/build", "cross/build", "toolchain/install-packages"])
def test_help(command: str) -> None:
    done = _run(_ROOT / command, "--help")
    assert (done.returncode, done.stderr) == (0, "")
    assert f"usage: {command}" in done.stdout


def test_unknown_architecture_is_refused_before_anything_is_built() -> None:
    done = _run(_ROOT / "cross/build", "vax")
    assert done.returncode == 2
    assert "unknown architecture vax; toolchain/architectures.tsv has aarch64, x86_64" in done.stderr


def test_without_swift_the_error_says_where_to_get_it(tmp_path: Path) -> None:
    done = _run("/usr/bin/python3", _ROOT / "toolchain/build", PATH=os.fspath(tmp_path), APUS_CACHE=os.fspath(tmp_path / "cache"))
    assert done.returncode == 1
    assert done.stderr.startswith("toolchain/build: error: swiftc is not on the PATH; install the Swift 6.3 toolchain")
    assert not (tmp_path / "cache").exists()


def test_missing_packages_are_named_with_the_command(tmp_path: Path) -> None:
    packages = tmp_path / "packages.txt"
    packages.write_text("# tools\nbase-files  # always there\napus-no-such-package\n\n")
    done = _run(_ROOT / "toolchain/install-packages", "--check", packages)
    assert done.returncode == 1
    assert done.stderr.endswith("apt-get install -y --no-install-recommends apus-no-such-package\n")


@pytest.fixture
def lacking() -> Iterator[str]:
    """A PATH on which Debian's package system says that the emulator is not installed, for any user."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        query = Path(folder, "dpkg-query")
        query.write_text('#!/bin/sh\nfor last; do :; done\n[ "$last" != qemu-system-arm ] || exit 1\nexec /usr/bin/dpkg-query "$@"\n')
        query.chmod(0o755)
        yield f"{folder}:/usr/bin:/bin"


def _run_as_user(*words: str | Path, path: str) -> subprocess.CompletedProcess[str]:
    """Runs a command without root's rights."""
    other = {"user": 65534, "group": 65534, "extra_groups": []} if os.geteuid() == 0 else {}
    return subprocess.run(words, capture_output=True, text=True, check=False, timeout=60, cwd=_ROOT, stdin=subprocess.DEVNULL, env={"PATH": path}, **other)


#: What is said then.
_INSTALL = "missing packages; install them with: apt-get update && apt-get install -y --no-install-recommends qemu-system-arm"


def test_without_root_nothing_is_installed_and_the_command_is_said(lacking: str) -> None:
    done = _run_as_user(_ROOT / "toolchain/install-packages", _ROOT / "cross/packages.txt", path=lacking)
    assert (done.returncode, done.stdout, done.stderr) == (1, "", f"{_INSTALL}\n")


def test_make_run_without_root_says_the_command_first_and_builds_nothing(lacking: str) -> None:
    done = _run_as_user(_ROOT / "cross/run-demo", path=lacking)
    assert done.returncode == 1
    said = done.stdout + done.stderr
    assert said.count("apt-get install") == 1 and _INSTALL in said
    assert "Looking for the Debian packages" in said and "Bringing" not in said and "Traceback" not in said


def test_make_test_without_root_says_the_command_and_stops(lacking: str) -> None:
    # The folder of its reports belongs to root here, so only the part that looks for packages is asked.
    done = _run_as_user("/usr/bin/python3", "-B", "-c", _PACKAGES_PART, path=lacking)
    assert (done.returncode, done.stdout, done.stderr.count("apt-get install")) == (0, "1 failed\n", 1), done.stderr
    assert "qemu-system-arm" in done.stderr


#: The part of the test run that looks for packages, with its reports elsewhere.
_PACKAGES_PART = """
import sys, tempfile, pathlib
sys.path[:0] = ["Tests", "cross"]
from Runner import parts, process
process.LOGS = pathlib.Path(tempfile.gettempdir())
print(parts.packages().failed, "failed", flush=True)
"""


def test_nothing_missing_is_silent(tmp_path: Path) -> None:
    packages = tmp_path / "packages.txt"
    packages.write_text("base-files\n")
    done = _run(_ROOT / "toolchain/install-packages", packages)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_the_table_of_architectures() -> None:
    rows = read_architectures(_ROOT / "toolchain/architectures.tsv")
    assert [row.name for row in rows] == ["aarch64", "x86_64"]
    assert rows[0].extra_c_flags() == ["-mno-outline-atomics"]
    assert rows[1].extra_c_flags() == []


def test_a_row_with_a_missing_column_names_its_line(tmp_path: Path) -> None:
    table = tmp_path / "table.tsv"
    table.write_text("# head\naarch64\tonly two\n")
    with pytest.raises(BuildError, match="line 2: 2 columns instead of 8"):
        read_architectures(table)
