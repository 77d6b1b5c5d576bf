"""Importing an image of gzip layers, beside the tools that unpack the same layers."""

import json
import shlex
from dataclasses import dataclass
from pathlib import Path

from .containers import watched
from .processes import BenchmarkError, output_of
from .programs import Programs
from .timing import Candidate, Timing, time_all


@dataclass(frozen=True)
class Import:
    """What was measured of one tool; peak memory in KiB."""

    timing: Timing
    peak: int | None


@dataclass(frozen=True)
class Layers:
    """The image that is imported."""

    name: str
    files: list[Path]
    #: Bytes of the gzip files.
    compressed: int


def layers_of(image: Path) -> Layers:
    """The layers of an OCI layout directory with one image, the lowest first."""
    def blob(digest: str) -> Path:
        return image / "blobs" / digest.replace(":", "/")

    index = json.loads((image / "index.json").read_text())
    manifest = json.loads(blob(index["manifests"][0]["digest"]).read_text())
    files = [blob(layer["digest"]) for layer in manifest["layers"]]
    return Layers("redis", files, sum(file.stat().st_size for file in files))


def measure(programs: Programs, layers: Layers, work: Path, rounds: int, runs: int) -> tuple[dict[str, Import], dict[str, str]]:
    """Measures every tool; returns the figures, and why a peer has none."""
    image, folder = programs.image, work / "unpacked"
    # skopeo leaves a mount of its store behind.
    fresh = f"sh -c {shlex.quote(f'umount -q {folder}/store/overlay; rm -rf {folder} && mkdir {folder}')}"
    unpack = " && ".join(f"bsdtar -xzf {file} -C {folder}" for file in layers.files)
    store = f"containers-storage:[overlay@{folder}/store+{folder}/run]redis:latest"
    candidates = {
        "bsdtar": f"sh -c {shlex.quote(unpack)}",
        "bsdtar, then sync of the file system": f"sh -c {shlex.quote(f'{unpack} && sync --file-system {folder}')}",
        "apus": f"{programs.apus} --data-root {folder}/data image import {image}",
        "umoci unpack": f"umoci unpack --image {image}:latest {folder}/bundle",
        "skopeo copy": f"skopeo copy oci:{image}:latest {store}",
    }
    working, failures, peaks = {}, {}, {}
    for name, command in candidates.items():
        try:
            output_of(shlex.split(fresh))
            # A shell's own memory tells nothing about what it runs.
            peaks[name] = None if command.startswith("sh ") else watched(programs, "memory", shlex.split(command), work)
            working[name] = Candidate(command, fresh)
        except BenchmarkError as error:
            if name == "apus":
                raise
            failures[name] = str(error)
    timings = time_all(working, work, rounds, runs)
    if "bsdtar" in working:
        output_of(shlex.split(fresh))
        peaks["bsdtar"] = max(watched(programs, "memory", ["bsdtar", "-xzf", str(file), "-C", str(folder)], work) for file in layers.files)
    return {name: Import(timings[name], peaks[name]) for name in working}, failures
