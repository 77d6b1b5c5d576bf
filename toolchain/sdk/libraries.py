"""How each library is built for one architecture: its own build files, our compiler and flags, static archives into the sysroot."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from .architectures import Architecture
from .progress import BuildError, run
from .relocation import add_compact_relocations
from .system_calls import source as system_call_source

#: Small code that the linker can drop function by function, position-independent because the programs are static PIE. Without C++ nothing unwinds the
#: stack at run time, so the unwind tables go to the debug file.
SMALL_CODE = ["-Oz", "-ffunction-sections", "-fdata-sections", "-fPIE", "-fno-unwind-tables", "-fno-asynchronous-unwind-tables"]
#: Line tables only: a stack trace in the separate debug file names library lines.
_DEBUG = ["-g1"]
#: Code that handles untrusted bytes checks its stack; musl itself does not, like everywhere.
GUARDED = ["-fstack-protector-strong"]
#: What unpacks every byte of an image, or hashes it where the processor has no instructions for that, is worth some kilobytes more.
_FAST = ["-O2"]
#: The linker optimises it with the program: what is not called goes, and repeated sequences become functions. That costs time, so nothing that handles every
#: byte of an image is compiled in this way.
_WITH_PROGRAM = ["-flto=full"]
#: zstd without variants of the same code, of which one is faster for some frames: 27 KB instead of 44, and 614 MB/s instead of 960 with -O2, where SHA-256 of
#: the same bytes takes longer.
_ONE_VARIANT = [
    "-DHUF_FORCE_DECOMPRESS_X1", "-DZSTD_FORCE_DECOMPRESS_SEQUENCES_SHORT", "-DZSTD_NO_INLINE", "-DZSTD_STRIP_ERROR_STRINGS", "-DZSTD_NO_TRACE",
]
#: zlib makes its tables when it needs them first, in microseconds, instead of bringing 11 KB of them.
_MADE_TABLES = ["-DDYNAMIC_CRC_TABLE", "-DBUILDFIXED"]


@dataclass(frozen=True)
class Site:
    """Where one architecture is built."""

    architecture: Architecture
    #: The directory of clang, ld.lld and the llvm tools.
    tools: Path
    #: The directory with one unpacked source directory per source package, named after the package.
    sources: Path
    #: The directory with the unpacked binary packages, all merged.
    unpacked: Path
    #: Files of the recipe (toolchain/).
    recipe: Path
    #: Scratch space of this architecture.
    scratch: Path
    #: What is being filled: usr/include and usr/lib.
    sysroot: Path
    log: Path
    #: Compiler processes at a time.
    jobs: int

    def tool(self, name: str) -> str:
        """The path of one LLVM tool."""
        return os.fspath(self.tools / name)

    def compiler(self) -> str:
        """The C compiler for the architecture, as one shell word list."""
        return " ".join([self.tool("clang"), f"--target={self.architecture.c_triple}", f"--sysroot={self.sysroot}"])

    def flags(self, *more: str) -> str:
        """The C flags of a library."""
        # No path of the build machine gets into an archive, so that two builds are the same byte for byte.
        mapped = [f"-ffile-prefix-map={self.scratch}=/usr/src/apus", f"-ffile-prefix-map={self.sysroot}=/usr/src/sysroot"]
        return " ".join([*SMALL_CODE, *_DEBUG, *mapped, *self.architecture.extra_c_flags(), *more])

    def link_flags(self) -> str:
        """What configure scripts need to link their test programs: the linker takes archives in any order."""
        return f"-fuse-ld=lld -nostdlib -static -L{self.library} -l:crt1.o -l:crti.o -l:crtn.o -lc -l:libgcc.a"

    @property
    def library(self) -> Path:
        """usr/lib of the sysroot."""
        return self.sysroot / "usr/lib"

    @property
    def include(self) -> Path:
        """usr/include of the sysroot."""
        return self.sysroot / "usr/include"

    def copy_of_source(self, package: str) -> Path:
        """A fresh copy of a package's source for this architecture."""
        copy = self.scratch / package
        shutil.copytree(self.sources / package, copy, symlinks=True)
        return copy

    def make(self, directory: Path, *arguments: str) -> None:
        """Runs make in `directory`."""
        run(["make", f"-j{self.jobs}", *arguments], self.log, directory=directory)

    def install(self, archives: list[Path], headers: list[tuple[Path, str]]) -> None:
        """Copies archives to usr/lib and headers to a folder below usr/include."""
        for archive in archives:
            shutil.copy2(archive, self.library / archive.name)
        for header, folder in headers:
            target = self.include / folder
            target.mkdir(parents=True, exist_ok=True)
            shutil.copy2(header, target / header.name)


def kernel_headers(site: Site) -> None:
    """The kernel's user-space headers."""
    found = sorted(path.parent.parent for path in site.unpacked.glob(f"usr/{site.architecture.gnu_triple}/include/asm/unistd.h"))
    if len(found) != 1:
        raise BuildError(f"{len(found)} sets of kernel headers for {site.architecture.name} in the unpacked packages instead of one")
    shutil.copytree(found[0], site.include, dirs_exist_ok=True)


def builtins(site: Site) -> None:
    """The compiler's helper functions (libgcc.a): the long-double arithmetic that musl's printf and strtod call on 64-bit ARM."""
    found = sorted(site.unpacked.glob(f"usr/lib/gcc-cross/{site.architecture.gnu_triple}/*/libgcc.a"))
    if len(found) != 1:
        raise BuildError(f"{len(found)} libgcc.a for {site.architecture.name} in the unpacked packages instead of one")
    site.install(found, [])


def musl(site: Site) -> None:
    """The C library and its start files."""
    source = site.copy_of_source("musl")
    add_compact_relocations(source)
    variables = {
        "CC": site.compiler(), "AR": site.tool("llvm-ar"), "RANLIB": site.tool("llvm-ranlib"), "CFLAGS": site.flags(),
        "LIBCC": os.fspath(site.library / "libgcc.a"),
    }
    # The allocator that keeps what is freed (docs/decisions/malloc.md).
    run(
        ["./configure", f"--target={site.architecture.c_triple}", "--prefix=/usr", "--disable-shared", "--disable-wrapper", "--enable-optimize=size",
         "--with-malloc=oldmalloc"],
        site.log, directory=source, variables=variables,
    )
    site.make(source)
    site.make(source, f"DESTDIR={site.sysroot}", "install-libs", "install-headers")


def libseccomp(site: Site) -> None:
    """The numbers of system calls: one function of libseccomp, over its table (docs/decisions/seccomp-filters.md)."""
    source = site.copy_of_source("libseccomp")
    variables = {"CC": site.compiler(), "AR": site.tool("llvm-ar"), "RANLIB": site.tool("llvm-ranlib"), "LDFLAGS": site.link_flags()}
    # configure writes the version into the header.
    run(
        ["./configure", f"--host={site.architecture.c_triple}", "--disable-shared", "--enable-static", "--disable-dependency-tracking"],
        site.log, directory=source, variables=variables,
    )
    site.install([], [(source / "include/seccomp.h", "."), (source / "include/seccomp-syscalls.h", ".")])
    table, code, archive = (site.scratch / name for name in ["system-calls.c", "system-calls.o", "libseccomp.a"])
    table.write_text(system_call_source((source / "src/syscalls.csv").read_text(), (source / "include/seccomp-syscalls.h").read_text()))
    run([*site.compiler().split(), *site.flags(*GUARDED).split(), "-Wall", "-Wextra", "-Werror", "-c", table, "-o", code], site.log)
    run([site.tool("llvm-ar"), "rcsD", archive, code], site.log)
    site.install([archive], [])


def libcap(site: Site) -> None:
    """The capability library."""
    source = site.copy_of_source("libcap2")
    site.make(
        source / "libcap", "libcap.a", f"CC={site.compiler()}", f"AR={site.tool('llvm-ar')}", f"RANLIB={site.tool('llvm-ranlib')}",
        "BUILD_CC=gcc", "BUILD_COPTS=-O2", f"COPTS={site.flags(*GUARDED)}", "SHARED=no", "PTHREADS=no", "lib=lib",
    )
    site.install([source / "libcap/libcap.a"], [(source / "libcap/include/sys/capability.h", "sys")])


def zlib(site: Site) -> None:
    """gzip and deflate."""
    source = site.copy_of_source("zlib")
    variables = {
        "CHOST": site.architecture.c_triple, "CC": site.compiler(), "AR": site.tool("llvm-ar"), "RANLIB": site.tool("llvm-ranlib"),
        "CFLAGS": site.flags(*GUARDED, *_FAST, *_MADE_TABLES), "LDFLAGS": site.link_flags(),
    }
    run(["./configure", "--static", "--prefix=/usr"], site.log, directory=source, variables=variables)
    site.make(source, "libz.a")
    site.install([source / "libz.a"], [(source / "zlib.h", "."), (source / "zconf.h", ".")])


def zstd(site: Site) -> None:
    """Zstandard: decompression only, without the formats from before its first release and without threads."""
    source = site.copy_of_source("libzstd") / "lib"
    site.make(
        source, "libzstd.a", "ZSTD_LEGACY_SUPPORT=0", "ZSTD_LIB_COMPRESSION=0", "ZSTD_LIB_DICTBUILDER=0", "ZSTD_LIB_DEPRECATED=0", "ZSTD_NO_ASM=1",
        f"CC={site.compiler()}", f"AR={site.tool('llvm-ar')}", f"RANLIB={site.tool('llvm-ranlib')}",
        f"CFLAGS={site.flags(*GUARDED, *_ONE_VARIANT)}", f"LDFLAGS={site.link_flags()}",
    )
    site.install([source / "libzstd.a"], [(source / "zstd.h", "."), (source / "zstd_errors.h", ".")])


def mbedtls(site: Site) -> None:
    """The cryptographic part of mbedTLS, with our own choice of algorithms (toolchain/mbedtls-config.h)."""
    source = site.copy_of_source("mbedtls")
    shutil.copy2(site.recipe / "mbedtls-config.h", source / "include/mbedtls/config.h")
    tools = ["SHARED=", f"CC={site.compiler()}", f"AR={site.tool('llvm-ar')}", f"RL={site.tool('llvm-ranlib')}", "WARNING_CFLAGS=-Wall"]
    site.make(source / "library", "sha256.o", "sha512.o", *tools, f"CFLAGS={site.flags(*GUARDED, *_FAST)}")
    site.make(source / "library", "libmbedcrypto.a", *tools, f"CFLAGS={site.flags(*GUARDED, *_WITH_PROGRAM)}")
    headers = sorted((source / "include/mbedtls").glob("*.h"))
    site.install([source / "library/libmbedcrypto.a"], [(header, "mbedtls") for header in headers])


def unicode_tables(site: Site) -> None:
    """Swift's Unicode tables for the architecture, which a program needs only if it compares or hashes a String."""
    triple = site.architecture.swift_triple
    site.install([site.tools.parent / f"lib/swift/embedded/{triple}/libswiftUnicodeDataTables.a"], [])


@dataclass(frozen=True)
class Part:
    """One part of the sysroot."""

    name: str
    #: The source package, or none if the part comes out of binary packages or the Swift toolchain.
    source: str | None
    build: Callable[[Site], None]


#: Every part, in the order in which they are built.
PARTS = [
    Part("kernel headers", None, kernel_headers),
    Part("compiler builtins", None, builtins),
    Part("musl", "musl", musl),
    Part("libseccomp", "libseccomp", libseccomp),
    Part("libcap", "libcap2", libcap),
    Part("zlib", "zlib", zlib),
    Part("zstd", "libzstd", zstd),
    Part("mbedTLS crypto", "mbedtls", mbedtls),
    Part("Swift's Unicode tables", None, unicode_tables),
]


def binary_packages(architectures: list[Architecture]) -> list[str]:
    """The binary packages that the parts without source come from; gcc-12-cross-base holds the licence of libgcc.a."""
    names = ["gcc-12-cross-base"]
    for architecture in architectures:
        names += [f"libgcc-12-dev-{architecture.debian}-cross", f"linux-libc-dev-{architecture.debian}-cross"]
    return names
