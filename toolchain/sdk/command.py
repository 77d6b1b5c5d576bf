"""The command toolchain/build: options, the order of the steps, the cache and its lock."""

from __future__ import annotations

import argparse
import fcntl
import hashlib
import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from . import bundle
from .architectures import Architecture, read_architectures
from .checks import check_programs
from .debian import PackageFile, PrivateApt, fetch
from .libraries import PARTS, Site, binary_packages
from .progress import BuildError, read, run, say, step

_RECIPE = Path(__file__).resolve().parent.parent
#: What decides the content of the bundle, apart from the packages and the compiler.
_RECIPE_FILES = [
    "architectures.tsv", "mbedtls-config.h", "sdk/architectures.py", "sdk/bundle.py", "sdk/libraries.py", "sdk/relocation.py", "sdk/system_calls.py",
]  # fmt: skip
#: Command -> Debian package that has it.
_TOOLS = {
    "apt-get": "apt", "dpkg-deb": "dpkg", "dpkg-source": "dpkg-dev", "gcc": "gcc", "gperf": "gperf", "make": "make", "patch": "patch",
    "xz": "xz-utils", "bzip2": "bzip2",
}  # fmt: skip
_KEY_LENGTH = 16
_MONTH = 30 * 24 * 3600  # seconds
_LLVM_TOOLS = ["clang", "ld.lld", "llvm-ar", "llvm-ranlib", "llvm-nm", "llvm-objcopy"]


@dataclass(frozen=True)
class Compiler:
    """The Swift toolchain in use."""

    #: The directory with clang and the LLVM tools.
    tools: Path
    version: str


@dataclass(frozen=True)
class Cache:
    """Where everything that lasts is kept; safe to delete as a whole."""

    root: Path

    @property
    def downloads(self) -> Path:
        """Package files, each checked by SHA-256 before every use."""
        return self.root / "downloads"

    def versions(self, recipe: str) -> Path:
        """The package files chosen for a recipe."""
        return self.root / f"versions-{recipe[:16]}.tsv"


def main(arguments: list[str]) -> int:
    """Runs the command and returns its exit status."""
    parser = argparse.ArgumentParser(
        prog="toolchain/build",
        description="Builds the device SDK, a Swift SDK artifact bundle for every architecture of toolchain/architectures.tsv, "
        "and links it to .build/sdks. Does nothing when that is up to date.",
        epilog="Then: swift build --swift-sdks-path .build/sdks --swift-sdk apus-aarch64 -c release --product apus. "
        "The cache is ${APUS_CACHE:-~/.cache/apus}/sdk; it may be deleted at any time.",
    )
    parser.add_argument("--update", action="store_true", help="ask the apt sources for newer package versions, and build again if there are any")
    parser.add_argument("--quiet", action="store_true", help="print nothing when the SDK is up to date")
    parser.add_argument("--print-path", action="store_true", help="print the path of the built bundle on the last line")
    options = parser.parse_args(arguments)
    try:
        path = build(update=options.update, quiet=options.quiet)
    except (BuildError, OSError) as error:
        print(f"toolchain/build: error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("toolchain/build: interrupted; nothing half-made was left", file=sys.stderr)
        return 130
    if options.print_path:
        print(path)
    return 0


def build(*, update: bool, quiet: bool) -> Path:
    """Makes sure that the bundle for this recipe, these versions and this compiler exists, and that the work tree links to it."""
    architectures = read_architectures(_RECIPE / "architectures.tsv")
    compiler = find_compiler()
    recipe = bundle.digest_of_files(_RECIPE, _RECIPE_FILES)
    cache = Cache(Path(os.environ.get("APUS_CACHE") or Path.home() / ".cache/apus") / "sdk")
    link = _RECIPE.parent / ".build/sdks" / bundle.NAME
    cache.root.mkdir(parents=True, exist_ok=True)
    with only_one(cache.root / "lock"):
        files = [] if update else chosen_before(cache.versions(recipe))
        place = cache.root / key(recipe, files, compiler)
        if not files or not (place / bundle.NAME).is_dir():
            require_tools()
            place = build_new(cache, recipe, files, architectures, compiler)
        else:
            os.utime(place)
            if not quiet:
                say(f"the device SDK is up to date ({place.name})")
        bundle.point_link_at(link, place / bundle.NAME)
    return link


def build_new(cache: Cache, recipe: str, files: list[PackageFile], architectures: list[Architecture], compiler: Compiler) -> Path:
    """Builds a bundle in a staging directory and renames it into the cache; `files` is empty if versions are still to be chosen."""
    sweep(cache.root)
    staging = Path(tempfile.mkdtemp(prefix="staging-", dir=cache.root))
    log = cache.root / "last.log"
    log.write_bytes(b"")
    try:
        apt = PrivateApt(cache.root / "apt", log)
        if not files or not apt.has_lists():
            with step("reading the package indexes of the machine's Debian sources"):
                apt.update()
        if not files:
            with step("choosing package versions"):
                files = choose(apt, architectures)
        place = cache.root / key(recipe, files, compiler)
        if (place / bundle.NAME).is_dir():
            say(f"the device SDK is up to date ({place.name})")
        else:
            build_bundle(staging, cache, apt, files, architectures, compiler, log)
            shutil.rmtree(place, ignore_errors=True)
            (staging / "done").rename(place)
            say(f"the device SDK is built: {place / bundle.NAME}")
        write_choice(cache.versions(recipe), files)
        return place
    except BuildError as error:
        raise BuildError(f"{error}\nnothing half-made was left; the whole log is {log}") from None
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def build_bundle(
    staging: Path, cache: Cache, apt: PrivateApt, files: list[PackageFile], architectures: list[Architecture], compiler: Compiler, log: Path
) -> None:
    """Fills staging/done with a whole, checked bundle."""
    with step(f"downloading {sum(file.size for file in files) // 1000000} MB of packages (kept for the next time)"):
        fetch(apt, files, cache.downloads)
    sources, unpacked = staging / "sources", staging / "unpacked"
    with step("unpacking"):
        unpack(files, cache.downloads, sources, unpacked, log)
    made = staging / "done" / bundle.NAME
    for architecture in architectures:
        site = Site(
            architecture=architecture, tools=compiler.tools, sources=sources, unpacked=unpacked, recipe=_RECIPE, scratch=staging / architecture.name,
            sysroot=made / architecture.name / "sysroot", log=log, jobs=len(os.sched_getaffinity(0)),
        )  # fmt: skip
        site.scratch.mkdir()
        site.include.mkdir(parents=True)
        site.library.mkdir()
        for part in PARTS:
            with step(f"{architecture.name}: {part.name}"):
                part.build(site)
        with step(f"{architecture.name}: linking a program with every library, in C and in Swift"):
            check_programs(site)
    bundle.write_descriptions(made, architectures)
    bundle.write_record(made, files, cache.downloads, compiler.version)
    bundle.write_licences(made, sources, unpacked)


def sweep(root: Path) -> None:
    """Removes what a killed build left, and bundles that nobody has used for a month; the caller holds the lock."""
    for directory in root.iterdir():
        unused = len(directory.name) == _KEY_LENGTH and directory.is_dir() and time.time() - directory.stat().st_mtime > _MONTH
        if directory.name.startswith("staging-") or unused:
            shutil.rmtree(directory)


def unpack(files: list[PackageFile], downloads: Path, sources: Path, unpacked: Path, log: Path) -> None:
    """Unpacks source packages to sources/PACKAGE, with Debian's patches, and binary packages together to `unpacked`."""
    sources.mkdir()
    unpacked.mkdir()
    for file in files:
        if file.name.endswith(".dsc"):
            run(["dpkg-source", "--no-copy", "-x", downloads / file.name, sources / file.package], log)
        elif file.kind == "binary":
            run(["dpkg-deb", "-x", downloads / file.name, unpacked], log)


def choose(apt: PrivateApt, architectures: list[Architecture]) -> list[PackageFile]:
    """The files of the newest version of every package."""
    files: list[PackageFile] = []
    for part in PARTS:
        if part.source is not None:
            files += apt.files(part.source, "source")
    for package in binary_packages(architectures):
        files += apt.files(package, "binary")
    return files


def chosen_before(path: Path) -> list[PackageFile]:
    """What `write_choice` kept, or nothing."""
    if not path.exists():
        return []
    return [PackageFile.from_line(line) for line in path.read_text().splitlines()]


def write_choice(path: Path, files: list[PackageFile]) -> None:
    """Keeps the chosen files, so that an unchanged recipe asks apt nothing."""
    new = path.with_suffix(".new")
    new.write_text("".join(file.line() + "\n" for file in files))
    new.replace(path)


def key(recipe: str, files: list[PackageFile], compiler: Compiler) -> str:
    """The name of the bundle's place in the cache: a hash of all that decides its content."""
    text = "\n".join([recipe, compiler.version, *(file.line() for file in files)])
    return hashlib.sha256(text.encode()).hexdigest()[:_KEY_LENGTH]


def find_compiler() -> Compiler:
    """The Swift toolchain that `swiftc` on the PATH belongs to."""
    if shutil.which("swiftc") is None:
        raise BuildError("swiftc is not on the PATH; install the Swift 6.3 toolchain from swift.org and put its usr/bin on the PATH")
    facts = json.loads(read(["swiftc", "-print-target-info"]))
    tools = Path(facts["paths"]["runtimeResourcePath"]).resolve().parent.parent / "bin"
    absent = [name for name in _LLVM_TOOLS if not (tools / name).exists()]
    if absent:
        raise BuildError(f"the Swift toolchain in {tools} has no {', '.join(absent)}; install the full Swift 6.3 toolchain from swift.org")
    return Compiler(tools, facts["compilerVersion"])


def require_tools() -> None:
    """Refuses to start without the tools of the dev box."""
    absent = [tool for tool in _TOOLS if shutil.which(tool) is None]
    if absent:
        packages = " ".join(sorted({_TOOLS[tool] for tool in absent}))
        raise BuildError(f"missing {', '.join(absent)}; install with: apt-get install -y --no-install-recommends {packages}")


@contextmanager
def only_one(path: Path) -> Iterator[None]:
    """Waits until no other build uses the cache."""
    with path.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(f"another toolchain/build holds {path}; waiting for it")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield
