"""The device SDK as a whole: what is in it, that it can be used without cross/build, and that a build of it is whole or not there."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from binary.elf import faults
from sdk import command
from sdk.architectures import read_architectures
from sdk.bundle import NAME, sdk_id
from sdk.libraries import PARTS
from sdk.progress import BuildError

_ROOT = Path(__file__).resolve().parent.parent.parent
_SDKS = _ROOT / ".build/sdks"
_ARCHITECTURES = read_architectures(_ROOT / "toolchain/architectures.tsv")


def _build(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([_ROOT / "toolchain/build", *words], capture_output=True, text=True, check=False, timeout=1200)


def test_when_nothing_changed_nothing_is_built() -> None:
    assert _build().returncode == 0
    place = (_SDKS / NAME).resolve()
    made = (place / "manifest.tsv").stat()
    done = _build()
    assert done.returncode == 0 and "the device SDK is up to date" in done.stdout + done.stderr, done
    assert (_SDKS / NAME).resolve() == place and (place / "manifest.tsv").stat() == made


@pytest.mark.parametrize("architecture", _ARCHITECTURES, ids=lambda row: row.name)
def test_plain_swift_build_makes_a_program_for_the_device(architecture, tmp_path: Path) -> None:
    assert _build().returncode == 0
    (tmp_path / "Package.swift").write_text('// swift-tools-version: 6.2\nimport PackageDescription\nlet package = Package(name: "p", targets: [.executableTarget(name: "p")])\n')
    (tmp_path / "Sources/p").mkdir(parents=True)
    (tmp_path / "Sources/p/main.swift").write_text('print("hello")\n')
    words = ["swift", "build", "--package-path", tmp_path, "--swift-sdks-path", _SDKS, "--swift-sdk", sdk_id(architecture), "-c", "release"]
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=600)
    assert done.returncode == 0, done.stdout + done.stderr
    assert faults((tmp_path / ".build/release/p").read_bytes(), architecture.elf_machine) == []


def test_versions_and_licences_are_recorded() -> None:
    assert _build().returncode == 0
    text = (_SDKS / NAME / "manifest.tsv").read_text()
    licences = {path.name for path in (_SDKS / NAME / "licences").iterdir()}
    for source in {part.source for part in PARTS if part.source is not None}:
        assert any(source in line and len(line.split("\t")) > 2 for line in text.splitlines()), source
        assert any(name.startswith(source) for name in licences), source


def test_a_step_that_fails_leaves_no_half_made_bundle_and_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = command.Cache(tmp_path)
    (tmp_path / "staging-of-a-killed-build").mkdir()

    class Lists:
        def __init__(self, *_: object) -> None: ...

        def has_lists(self) -> bool:
            return True

    def half(staging: Path, *_: object) -> None:
        (staging / "done" / NAME).mkdir(parents=True)
        raise BuildError("aarch64: musl: make ended with status 2")

    monkeypatch.setattr(command, "PrivateApt", Lists)
    monkeypatch.setattr(command, "build_bundle", half)
    files = command.chosen_before(_choice())
    with pytest.raises(BuildError, match=r"musl: make ended with status 2\nnothing half-made was left; the whole log is .*last.log"):
        command.build_new(cache, "recipe", files, _ARCHITECTURES, command.find_compiler())
    assert [path.name for path in tmp_path.iterdir()] == ["last.log"]


def _choice() -> Path:
    assert _build().returncode == 0
    return next((_SDKS / NAME).resolve().parent.parent.glob("versions-*.tsv"))
