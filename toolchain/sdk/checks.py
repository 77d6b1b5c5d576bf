"""A new sysroot must link a program with every library before it becomes a bundle."""

from __future__ import annotations

from .bundle import c_flags, linker_flags, swift_flags
from .libraries import Site
from .progress import BuildError, read, run

_PROGRAM = """
#include <linux/openat2.h>
#include <mbedtls/ecdsa.h>
#include <mbedtls/sha256.h>
#include <mbedtls/sha512.h>
#include <seccomp.h>
#include <stdio.h>
#include <sys/capability.h>
#include <zlib.h>
#include <zstd.h>

int use_every_library(int count, char **words) {
  unsigned char digest[32];
  mbedtls_ecdsa_context key;
  z_stream stream = {0};
  struct open_how how = {0};
  mbedtls_sha256_ret((const unsigned char *)words[0], (size_t)count, digest, 0);
  mbedtls_ecdsa_init(&key);
  printf("%Lf %d %d %zu\\n", (long double)count / 3, mbedtls_ecdsa_read_signature(&key, digest, 32, digest, sizeof digest), inflateInit2(&stream, 31), sizeof how);
  printf("%zu %d %p\\n", ZSTD_decompress(digest, sizeof digest, words[0], 1), seccomp_syscall_resolve_name_arch(SCMP_ARCH_ARM, words[0]), (void *)cap_get_proc());
  return 0;
}
"""

_ENTRY = """
@_extern(c, "use_every_library") func useEveryLibrary(_ count: Int32, _ words: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> Int32

enum Failure: Error { case none(Int) }

func first(_ table: [String: Int], _ name: String) throws(Failure) -> Int {
  guard let value = table[name] else { throw .none(table.count) }
  return value
}

@c(arc4random_buf) public func randomBytes(_ buffer: UnsafeMutableRawPointer, _ count: Int) {
  buffer.initializeMemory(as: UInt8.self, repeating: 4, count: count)
}

@c(main) public func start(_ count: Int32, _ words: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> Int32 {
  do throws(Failure) { return Int32(try first(["one": 1, "two": 2], "\\(count)")) } catch { return useEveryLibrary(count, words) }
}
"""


def check_programs(site: Site) -> None:
    """Links a Swift program that calls C code that uses every library, with the flags that the bundle will give; nothing may stay undefined."""
    c_source, swift_source, c_object, program = (site.scratch / name for name in ["check.c", "check.swift", "check.o", "check"])
    c_source.write_text(_PROGRAM)
    swift_source.write_text(_ENTRY)
    sysroot = ["--sysroot", site.sysroot]
    run([site.tool("clang"), *c_flags(site.architecture), *sysroot, "-Werror", "-c", c_source, "-o", c_object], site.log)
    linked = ["-lseccomp", "-lcap", "-lz", "-lzstd", "-lmbedcrypto"]
    words = [
        site.tool("swiftc"), "-target", site.architecture.swift_triple, "-parse-as-library", "-enable-experimental-feature", "Extern",
        *swift_flags(site.architecture), "-sdk", site.sysroot, "-Xclang-linker", f"--sysroot={site.sysroot}", f"-L{site.library}",
        swift_source, c_object, "-o", program, *linked,
    ]  # fmt: skip
    for flag in linker_flags():
        words += ["-Xlinker", flag]
    run(words, site.log)
    undefined = read([site.tool("llvm-nm"), "--dynamic", "--undefined-only", program]).split()
    if undefined:
        raise BuildError(f"undefined symbols: {' '.join(undefined)}")
