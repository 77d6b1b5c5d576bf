"""The commands as a person meets them."""

from __future__ import annotations

import os
import subprocess
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
    with pytest.raises(BuildError, match="line 2: 2 columns instead of 7"):
        read_architectures(table)
