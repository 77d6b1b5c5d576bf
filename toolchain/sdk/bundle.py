"""The files that make a sysroot a Swift SDK: info.json, swift-sdk.json and toolset.json (SE-0387), and the record of what is inside."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Iterable
from pathlib import Path

from .architectures import Architecture
from .debian import PackageFile
from .libraries import GUARDED, SMALL_CODE
from .progress import BuildError, read

NAME = "apus-device.artifactbundle"
_VERSION = "0.1.0"


def sdk_id(architecture: Architecture) -> str:
    """The name for `swift build --swift-sdk`."""
    return f"apus-{architecture.name}"


def swift_flags(architecture: Architecture) -> list[str]:
    """How device code is compiled and linked.

    The C triple goes to the link as well: for the Swift triple alone clang would look for a bare-metal linker, which the x86-64 host does not have.

    A call is put in place only where the code gets no larger by it: even with -Osize the optimiser thinks a call so costly that it puts all of `String.append` at
    every part of every message (docs/decisions/code-size.md).

    The object outliner is off because of a defect of Swift 6.3: it numbers the array literals of a function as `outlined read-only object #N of FUNCTION`, a weak symbol.
    Embedded Swift emits a function again in each module that uses it, and the numbers can differ; the linker keeps one of each, and code of one module then reads the
    array of another (docs/decisions/object-outliner.md).
    """
    return [
        "-enable-experimental-feature", "Embedded", "-wmo", "-Osize", "-D", "APUS_DEVICE",
        "-Werror", "EmbeddedRestrictions",
        "-Xfrontend", "-function-sections", "-Xllvm", "-sil-inline-removed-call-benefit=0", "-Xllvm", "-sil-disable-pass=object-outliner",
        "-use-ld=lld", "-Xclang-linker", f"--target={architecture.c_triple}", "-Xclang-linker", "-nostdlib", "-Xclang-linker", "-static-pie",
    ]  # fmt: skip


def c_flags(architecture: Architecture) -> list[str]:
    """How C is compiled, and how the Swift importer reads C headers."""
    return [
        f"--target={architecture.c_triple}", *SMALL_CODE, *GUARDED, "-D", "APUS_DEVICE=1", *architecture.extra_c_flags(),
    ]  # fmt: skip


def linker_flags() -> list[str]:
    """The start files, the C library and its helpers, found through the sysroot's library folder; lld takes archives in any order.

    `-z now` and `-z noexecstack` are lld's behaviour for a static program as well, and are written down so that they stay. Relocations are compact
    (`-z pack-relative-relocs`): a bit for each pointer instead of 24 bytes.
    """
    return [
        "-l:rcrt1.o", "-l:crti.o", "-l:crtn.o", "-lc", "-l:libgcc.a", "-lswiftUnicodeDataTables",
        "--gc-sections", "--icf=all", "--build-id=sha1", "-z", "now", "-z", "noexecstack", "-z", "pack-relative-relocs", "--fatal-warnings", "-O2",
    ]  # fmt: skip


def write_descriptions(bundle: Path, architectures: Iterable[Architecture]) -> None:
    """Writes the json files of the bundle."""
    artifacts = {}
    for architecture in architectures:
        directory = bundle / architecture.name
        artifacts[sdk_id(architecture)] = {"type": "swiftSDK", "version": _VERSION, "variants": [{"path": f"{architecture.name}/swift-sdk.json"}]}
        _write_json(
            directory / "swift-sdk.json",
            {"schemaVersion": "4.0", "targetTriples": {architecture.swift_triple: {"sdkRootPath": "sysroot", "toolsetPaths": ["toolset.json"]}}},
        )
        _write_json(
            directory / "toolset.json",
            {
                "schemaVersion": "1.0",
                "swiftCompiler": {"extraCLIOptions": swift_flags(architecture)},
                "cCompiler": {"extraCLIOptions": c_flags(architecture)},
                "linker": {"extraCLIOptions": linker_flags()},
            },
        )
    _write_json(bundle / "info.json", {"schemaVersion": "1.0", "artifacts": artifacts})


def _write_json(path: Path, value: object) -> None:
    path.write_text(json.dumps(value, indent=2) + "\n")


def write_record(bundle: Path, files: Iterable[PackageFile], downloads: Path, compiler: str) -> None:
    """Writes manifest.tsv: every package file that the bundle is made from, with its version and SHA-256, and the compiler."""
    listed = list(files)
    versions = {file.package: _version(file, downloads) for file in listed if file.name.endswith((".dsc", ".deb"))}
    lines = ["#package\tversion\tkind\tfile\tsha256"]
    lines += [f"{file.package}\t{versions[file.package]}\t{file.kind}\t{file.name}\t{file.sha256}" for file in listed]
    lines.append(f"swift\t{compiler}\ttoolchain\t-\t-")
    (bundle / "manifest.tsv").write_text("\n".join(lines) + "\n")


def _version(file: PackageFile, downloads: Path) -> str:
    path = downloads / file.name
    if file.kind == "binary":
        return read(["dpkg-deb", "-f", path, "Version"]).strip()
    for line in path.read_text(errors="replace").splitlines():
        if line.startswith("Version: "):
            return line.removeprefix("Version: ").strip()
    raise BuildError(f"{path}: no Version field")


def write_licences(bundle: Path, sources: Path, unpacked: Path) -> None:
    """Copies the Debian copyright file of every package into licences/."""
    target = bundle / "licences"
    target.mkdir()
    for copyright_file in sorted(sources.glob("*/debian/copyright")):
        shutil.copyfile(copyright_file, target / copyright_file.parts[-3])
    for copyright_file in sorted(unpacked.glob("usr/share/doc/*/copyright")):
        shutil.copyfile(copyright_file, target / copyright_file.parent.name)
    if not any(target.iterdir()):
        raise BuildError("the packages brought no copyright file")


def digest_of_files(root: Path, patterns: Iterable[str]) -> str:
    """A SHA-256 over the names and contents of the files that the patterns find below `root`."""
    digest = hashlib.sha256()
    for path in sorted({path for pattern in patterns for path in root.glob(pattern)}):
        content = path.read_bytes()
        digest.update(f"{path.relative_to(root)}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()


def point_link_at(link: Path, bundle: Path) -> None:
    """Makes `link` a symbolic link to the bundle, in one step."""
    if link.is_symlink() and os.readlink(link) == os.fspath(bundle):
        return
    link.parent.mkdir(parents=True, exist_ok=True)
    if link.is_dir() and not link.is_symlink():
        raise BuildError(f"{link} is a directory; remove it, its place is that of a link to the built bundle")
    new = link.with_name(f".{link.name}.{os.getpid()}")
    new.symlink_to(bundle)
    new.replace(link)
