"""The command cross/order: which functions starting a container calls, for the linker to put side by side."""

from __future__ import annotations

import argparse
import bisect
import json
import os
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sdk import command as toolchain
from sdk.progress import BuildError, read, say, step

from .elf import Segment, loaded_segments

_ROOT = Path(__file__).resolve().parent.parent.parent

#: Of a segment that is code (elf.h).
_PF_X = 1

#: The names of functions, a line each.
ORDER = Path(__file__).resolve().parent / "order.txt"


def main(arguments: list[str]) -> int:
    """Runs the command and returns its exit status."""
    parser = argparse.ArgumentParser(
        prog="cross/order",
        description="Runs containers with .build/device/x86_64/apus and writes the functions that were called to cross/binary/order.txt, which cross/build "
        "gives to the linker. Needs root, x86-64 and the test image busybox.",
    )
    parser.parse_args(arguments)
    if os.geteuid() != 0:
        print("cross/order: error: only root can run containers", file=sys.stderr)
        return 1
    try:
        names = find_order(_ROOT / ".build/device/x86_64", _ROOT / ".build/images/amd64/busybox")
        ORDER.write_text("".join(f"{name}\n" for name in names))
        say(f"{ORDER.relative_to(_ROOT)}: {len(names)} functions")
    except (BuildError, OSError, subprocess.CalledProcessError) as error:
        print(f"cross/order: error: {error}", file=sys.stderr)
        return 1
    return 0


def find_order(binary: Path, image: Path) -> list[str]:
    """The functions of a program that containers of an image need, in the order of their first call."""
    tools = toolchain.find_compiler().tools
    with tempfile.TemporaryDirectory(prefix="apus-order-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        read([tools / "clang", "-O1", "-Wall", "-Werror", "-o", folder / "touched", Path(__file__).with_name("touched.c")])
        apus = [binary / "apus", "--root", folder / "state", "--data-root", folder / "store"]
        read([*apus, "image", "import", "--name", "busybox", image])
        bundle = make_bundle(folder / "bundle", image)
        read([*apus, "spec", "--bundle", bundle])
        settings = json.loads((bundle / "config.json").read_text())
        settings["process"] |= {"terminal": False, "args": ["/bin/busybox", "true"]}
        (bundle / "config.json").write_text(json.dumps(settings))
        segments, symbols = loaded_segments((binary / "apus").read_bytes()), read_symbols(tools, binary)
        (folder / "functions").write_text("".join(f"{offset:x}\n" for offset in offsets(symbols, segments)))
        found: dict[int, None] = {}
        with running(apus, bundle):
            for title, words in (
                ("run", ["run", "--bundle", bundle, "order"]), ("image run", ["image", "run", "busybox", "true"]),
                ("exec", ["exec", "order-running", "/bin/busybox", "true"]),
            ):  # fmt: skip
                with step(f"apus {title}"):
                    read([folder / "touched", folder / "offsets", folder / "functions", *apus, *words])
                    found |= dict.fromkeys(int(line, 16) for line in (folder / "offsets").read_text().split())
        return functions(list(found), segments, symbols)


def make_bundle(bundle: Path, image: Path) -> Path:
    """A bundle with the layers of an image, but for its config.json."""

    def blob(digest: str) -> Path:
        return image / "blobs" / digest.replace(":", "/")

    index = json.loads((image / "index.json").read_text())
    manifest = json.loads(blob(index["manifests"][0]["digest"]).read_text())
    bundle.mkdir()
    for layer in manifest["layers"]:
        with tarfile.open(blob(layer["digest"])) as archive:
            archive.extractall(bundle / "rootfs")  # noqa: S202 (an image that cross/images has made)
    return bundle


@contextmanager
def running(apus: list[Path | str], bundle: Path) -> Iterator[None]:
    """A container to join while its program sleeps."""
    other = bundle.with_name("other")
    other.mkdir()
    settings = json.loads((bundle / "config.json").read_text())
    settings["process"]["args"] = ["/bin/busybox", "sleep", "100000"]
    settings["root"]["path"] = str(bundle / "rootfs")
    (other / "config.json").write_text(json.dumps(settings))
    subprocess.run([*apus, "run", "--detach", "--bundle", other, "order-running"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, check=True)
    try:
        yield
    finally:
        read([*apus, "delete", "--force", "order-running"])


def read_symbols(tools: Path, binary: Path) -> list[tuple[int, str]]:
    """The functions of a program by their addresses."""
    rows = [line.split() for line in read([tools / "llvm-nm", "--numeric-sort", "--defined-only", binary / "apus.debug"]).splitlines()]
    return [(int(row[0], 16), row[2]) for row in rows if row[1] in "tTwW"]


def offsets(symbols: list[tuple[int, str]], segments: list[Segment]) -> list[int]:
    """Where the functions begin in the file, as far as they are code."""
    code = [segment for segment in segments if segment.flags & _PF_X]
    found = {address - segment.address + segment.offset for address, _ in symbols for segment in code if 0 <= address - segment.address < segment.size}
    return sorted(found)


def functions(offsets: list[int], segments: list[Segment], symbols: list[tuple[int, str]]) -> list[str]:
    """The names of the functions that the instructions at these offsets belong to, each once, in the order of the offsets."""
    addresses = [address for address, _ in symbols]
    names: dict[str, None] = {}
    for offset in offsets:
        for segment in segments:
            if segment.offset <= offset < segment.offset + segment.size:
                place = bisect.bisect_right(addresses, segment.address + offset - segment.offset) - 1
                # What the outliner makes has numbers, which the next build gives to something else.
                if place >= 0 and not symbols[place][1].startswith("OUTLINED_FUNCTION_"):
                    names[symbols[place][1]] = None
                break
    return list(names)
