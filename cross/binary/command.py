"""The command cross/build: options, and one device binary per architecture."""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from sdk import command as toolchain
from sdk.architectures import Architecture, read_architectures
from sdk.bundle import NAME, sdk_id
from sdk.progress import BuildError, environment, read, say, step

from .elf import faults
from .order import ORDER
from .symbols import numbered_objects, string_comparisons, threads

_ROOT = Path(__file__).resolve().parent.parent.parent

#: The whole program is optimised at link time, which drops the copies of generic code that every module has: a fifth of the binary. A call is put in
#: place only where that does not add code, by LLVM in each file as well as in the whole program, and Array.append never is. Closures get no copies of what
#: they are passed to, and failed checks of one function share a trap. Functions with the same body become one, and sequences that occur again and again are
#: looked for three more times after they became functions; functions that differ in constants only share a body (docs/decisions/code-size.md). What starting
#: a container calls is put side by side (docs/decisions/code-order.md).
_LEFT_OUT = ["closure-specialize", "capture-prop", "jumpthread-simplify-cfg", "loop-rotate", "loop-unroll"]
_COMPILER = [
    "-Xllvm", "-inline-threshold=0", "-Xllvm", "-sil-inline-never-functions=Sa6appendyyxnF",
    *(word for name in _LEFT_OUT for word in ["-Xllvm", f"-sil-disable-pass={name}"]), "-Xfrontend", "-mergeable-traps",
]  # fmt: skip
_LINKER = [
    "--lto-newpm-passes=function(lower-atomic),lto-pre-link<Oz>,lto<Oz>,mergefunc", "-mllvm", "-inline-threshold=0", "-mllvm", "-machine-outliner-reruns=3",
    "-mllvm", "-enable-global-merge-func", f"--symbol-ordering-file={ORDER}", "--no-warn-symbol-ordering",
]  # fmt: skip


def _small_code(architecture: Architecture) -> list[str]:
    linker = _LINKER + architecture.extra_linker_flags()
    return [
        "--experimental-lto-mode", "full", "--omit-frame-pointers",
        *(word for option in _COMPILER for word in ["-Xswiftc", option]), *(word for option in linker for word in ["-Xlinker", option]),
    ]  # fmt: skip


def main(arguments: list[str]) -> int:
    """Runs the command and returns its exit status."""
    architectures = read_architectures(_ROOT / "toolchain/architectures.tsv")
    names = [architecture.name for architecture in architectures]
    parser = argparse.ArgumentParser(
        prog="cross/build",
        description="Builds the device binary as .build/device/ARCH/apus: static, stripped, its debug symbols beside it as apus.debug. "
        "Builds the device SDK first if it is not up to date.",
    )
    parser.add_argument("architectures", metavar="ARCH", nargs="*", help=f"one of {', '.join(names)}; default: all")
    parser.add_argument("--jobs", type=int, metavar="N", help="compiler processes at a time; default: one per processor")
    options = parser.parse_args(arguments)
    for name in options.architectures:
        if name not in names:
            parser.error(f"unknown architecture {name}; toolchain/architectures.tsv has {', '.join(names)}")
    chosen = [architecture for architecture in architectures if architecture.name in (options.architectures or names)]
    try:
        toolchain.build(update=False, quiet=True)
        tools = toolchain.find_compiler().tools
        for architecture in chosen:
            build(architecture, tools, options.jobs)
    except (BuildError, OSError) as error:
        # An OSError is about files of another user, or a full disk.
        print(f"cross/build: error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("cross/build: interrupted", file=sys.stderr)
        return 130
    return 0


def build(architecture: Architecture, tools: Path, jobs: int | None) -> None:
    """Builds, checks and installs the binary of one architecture."""
    scratch = _ROOT / ".build/device-scratch" / architecture.name
    target = _ROOT / ".build/device" / architecture.name
    forget_other_sdk(scratch)
    linked = scratch / "release/apus"
    forget_older(linked, than=ORDER)
    with step(f"{architecture.name}: compiling"):
        compile_product(architecture, scratch, jobs)
    with step(f"{architecture.name}: separating the debug symbols"):
        size = install(linked, target, architecture, tools)
    say(f"{architecture.name}: {target.relative_to(_ROOT)}/apus is ready: {size} bytes ({size / 1024:.1f} KiB), a static position-independent program")


def forget_other_sdk(scratch: Path) -> None:
    """Removes what another version of the SDK has built: SwiftPM sees the SDK's path, which stays the same, and not its content."""
    sdk = os.readlink(_ROOT / ".build/sdks" / NAME)
    note = scratch / "apus-sdk"
    if scratch.exists() and (not note.exists() or note.read_text() != sdk):
        shutil.rmtree(scratch)
    scratch.mkdir(parents=True, exist_ok=True)
    note.write_text(sdk)


def forget_older(linked: Path, than: Path) -> None:
    """Removes a program that was linked before a file changed that the linker reads; SwiftPM does not know of that file."""
    if linked.exists() and linked.stat().st_mtime < than.stat().st_mtime:
        linked.unlink()


def compile_product(architecture: Architecture, scratch: Path, jobs: int | None) -> None:
    """Runs `swift build` with the SDK; prints its output only if it fails."""
    words = [
        "swift", "build", "--package-path", _ROOT, "--scratch-path", scratch, "--swift-sdks-path", _ROOT / ".build/sdks",
        "--swift-sdk", sdk_id(architecture), "-c", "release", "--product", "apus",
        *_small_code(architecture),
    ]  # fmt: skip
    if jobs is not None:
        words += ["--jobs", str(jobs)]
    done = subprocess.run(
        words, env=environment(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace", check=False
    )
    if done.returncode != 0:
        raise BuildError(f"swift build ended with status {done.returncode}\n{done.stdout}")


def install(linked: Path, target: Path, architecture: Architecture, tools: Path) -> int:
    """Puts the stripped binary and its debug symbols into `target`, each in one step, if the binary is what a device can run; returns its size in bytes."""
    target.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".new-", dir=target) as name:
        new = Path(name)
        objcopy = tools / "llvm-objcopy"
        read([objcopy, "--only-keep-debug", linked, new / "apus.debug"])
        read(["env", "-C", new, objcopy, "--strip-all", "--add-gnu-debuglink=apus.debug", linked, new / "apus"])
        undefined = read([tools / "llvm-nm", "--dynamic", "--undefined-only", linked]).split()
        wrong = faults((new / "apus").read_bytes(), architecture.elf_machine)
        if undefined:
            wrong.append(f"undefined symbols: {' '.join(undefined)}")
        symbols = read([tools / "llvm-nm", "--format=just-symbols", linked]).split()
        mixed = numbered_objects(symbols)
        if mixed:
            wrong.append(f"static arrays that may be mixed up (docs/decisions/object-outliner.md): {' '.join(mixed[:3])}")
        if string_comparisons(symbols):
            wrong.append("a String is compared with ==, which links the Unicode tables; compare the bytes with String.equals")
        if threads(symbols):
            wrong.append(f"it can start a thread ({', '.join(threads(symbols))}), and its atomic operations are plain ones (docs/decisions/code-size.md)")
        if wrong:
            raise BuildError(f"the program is not fit for a device: {'; '.join(wrong)}")
        (new / "apus").chmod(0o755)
        for file in ["apus.debug", "apus"]:
            if not _same(new / file, target / file):
                (new / file).replace(target / file)
    return (target / "apus").stat().st_size


def _same(new: Path, old: Path) -> bool:
    return old.exists() and old.read_bytes() == new.read_bytes()
