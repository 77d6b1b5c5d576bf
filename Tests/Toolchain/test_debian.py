"""Which apt sources the SDK is made from, and what keeps a wrong download out."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from sdk.debian import PackageFile, debian_sources, fetch
from sdk.progress import BuildError

_KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"


@pytest.fixture
def etc(tmp_path: Path) -> Path:
    """An empty /etc/apt with an os-release of Debian 12 beside it."""
    (tmp_path / "apt/sources.list.d").mkdir(parents=True)
    (tmp_path / "os-release").write_text('NAME="Debian"\nVERSION_CODENAME=bookworm\n')
    return tmp_path / "apt"


def sources(etc: Path) -> str:
    """The sources chosen from `etc`."""
    return debian_sources(etc, etc.parent / "os-release")


def test_deb822_entry_gains_source_packages_and_keeps_its_key(etc: Path) -> None:
    (etc / "sources.list.d/debian.sources").write_text(
        f"Types: deb\n# mirror\nURIs: http://mirror.example/debian\nSuites: bookworm bookworm-updates sid\nComponents: main contrib\nSigned-By: {_KEYRING}\n"
    )
    assert sources(etc) == (
        f"Types: deb deb-src\nURIs: http://mirror.example/debian\nSuites: bookworm bookworm-updates\nComponents: main\nSigned-By: {_KEYRING}\n"
    )


def test_one_line_entry(etc: Path) -> None:
    (etc / "sources.list").write_text(f"# comment\ndeb [arch=amd64 signed-by={_KEYRING}] http://mirror.example/debian bookworm main # why\n")
    assert "URIs: http://mirror.example/debian\nSuites: bookworm\n" in sources(etc)
    assert f"Signed-By: {_KEYRING}\n" in sources(etc)


@pytest.mark.parametrize(
    "entry",
    [
        "Types: deb\nURIs: http://vendor.example\nSuites: stable\nComponents: main\n",
        "Types: deb\nURIs: http://vendor.example\nSuites: bookworm\nComponents: main\nSigned-By: /usr/share/keyrings/vendor.gpg\n",
        "Types: deb\nURIs: http://vendor.example\nSuites: bookworm\nComponents: main\nEnabled: no\n",
        "Types: deb-src\nURIs: http://vendor.example\nSuites: bookworm\nComponents: main\n",
    ],
    ids=["other suite", "other vendor's key", "switched off", "sources only"],
)
def test_other_entries_are_left_out(etc: Path, entry: str) -> None:
    (etc / "sources.list.d/vendor.sources").write_text(entry)
    with pytest.raises(BuildError, match="no Debian sources for bookworm"):
        sources(etc)


class RecordingApt:
    """An apt that writes the given content for whatever it is asked for."""

    def __init__(self, content: bytes) -> None:
        self.asked: list[tuple[str, str]] = []
        self._content = content

    def download(self, package: str, kind: str, directory: Path) -> None:
        """Notes the request and writes one file."""
        self.asked.append((package, kind))
        (directory / "musl.tar").write_bytes(self._content)


def _file(content: bytes) -> PackageFile:
    return PackageFile("musl", "source", "musl.tar", len(content), hashlib.sha256(content).hexdigest())


def test_a_whole_download_is_not_fetched_again(tmp_path: Path) -> None:
    apt = RecordingApt(b"good")
    fetch(apt, [_file(b"good")], tmp_path)
    fetch(apt, [_file(b"good")], tmp_path)
    assert apt.asked == [("musl", "source")]


def test_a_damaged_download_is_fetched_again(tmp_path: Path) -> None:
    (tmp_path / "musl.tar").write_bytes(b"bad!")
    apt = RecordingApt(b"good")
    fetch(apt, [_file(b"good")], tmp_path)
    assert (tmp_path / "musl.tar").read_bytes() == b"good"


def test_a_download_with_another_digest_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BuildError, match=r"musl\.tar: apt did not bring the version that was chosen"):
        fetch(RecordingApt(b"evil"), [_file(b"good")], tmp_path)


def test_a_chosen_file_reads_back_from_its_line() -> None:
    assert PackageFile.from_line(_file(b"x").line()) == _file(b"x")
