"""Importing an image of gzip layers, beside the tools that unpack the same layers."""

import json
import shlex
from dataclasses import dataclass
from pathlib import Path

from .context import Context, Goal, Section, attempt, ratio, spread, table
from .processes import output_of
from .programs import watched
from .timing import Candidate, time_all


@dataclass(frozen=True)
class _Layers:
    """The image that is imported."""

    name: str
    files: list[Path]
    #: Bytes of the gzip files.
    compressed: int


def _layers_of(image: Path) -> _Layers:
    """The layers of an OCI layout directory with one image, the lowest first."""
    def blob(digest: str) -> Path:
        return image / "blobs" / digest.replace(":", "/")

    index = json.loads((image / "index.json").read_text())
    manifest = json.loads(blob(index["manifests"][0]["digest"]).read_text())
    files = [blob(layer["digest"]) for layer in manifest["layers"]]
    return _Layers("redis", files, sum(file.stat().st_size for file in files))


def measure(context: Context) -> Section:
    """Unpacks the same layers with every tool."""
    rounds, runs = (2, 2) if context.quick else (5, 5)
    section = Section("Importing an image")
    context.say("importing images")
    programs, work = context.programs, context.work
    image, folder = programs.image, work / "unpacked"
    layers = _layers_of(image)
    # skopeo leaves a mount of its store behind.
    fresh = f"sh -c {shlex.quote(f'umount -q {folder}/store/overlay; rm -rf {folder} && mkdir {folder}')}"
    unpack = " && ".join(f"bsdtar -xzf {file} -C {folder}" for file in layers.files)
    store = f"containers-storage:[overlay@{folder}/store+{folder}/run]redis:latest"
    candidates = {
        "bsdtar": f"sh -c {shlex.quote(unpack)}",
        "bsdtar, then sync of the file system": f"sh -c {shlex.quote(f'{unpack} && sync --file-system {folder}')}",
        "apus": f"{programs.apus} --data-root {folder}/data image import {image}",
        **{name: f"{path} --data-root {folder}/data image import {image}" for name, path in programs.also.items()},
        "umoci unpack": f"umoci unpack --image {image}:latest {folder}/bundle",
        "skopeo copy": f"skopeo copy oci:{image}:latest {store}",
    }
    working: dict[str, Candidate] = {}
    peaks: dict[str, int | None] = {}

    def try_out(name: str, command: str) -> None:
        output_of(shlex.split(fresh))
        # A shell's own memory tells nothing about what it runs.
        peaks[name] = None if command.startswith("sh ") else watched(programs, "memory", shlex.split(command), work)
        working[name] = Candidate(command, fresh)

    for name, command in candidates.items():
        attempt(section.failures, name, lambda name=name, command=command: try_out(name, command))
    timings = time_all(working, work, rounds, runs)
    if "bsdtar" in working:
        output_of(shlex.split(fresh))
        peaks["bsdtar"] = max(watched(programs, "memory", ["bsdtar", "-xzf", str(file), "-C", str(folder)], work) for file in layers.files)
    for peer, limit in (("bsdtar", 1.1), ("umoci unpack", 1.0), ("skopeo copy", 1.0)):
        if peer in timings:
            section.goals.append(Goal(f"image import, wall, against {peer}", limit, timings["apus"].median / timings[peer].median, digits=2))
    base = timings["bsdtar"].median if "bsdtar" in timings else None
    section.text = [
        f"The test image {layers.name}: {len(layers.files)} gzip layers, {layers.compressed:,} bytes, into an empty folder. "
        f"{rounds} rounds of {runs} runs each, by hyperfine. bsdtar only unpacks. apus also verifies every digest and forces everything to the "
        "disk before it publishes the image; umoci and skopeo verify and do not force.",
        table(
            ("tool", "median (middle half) ms", "least ms", "÷ bsdtar", "peak RSS KiB"),
            [
                (name, spread(timing.walls, 1000), f"{timing.least * 1000:.1f}", ratio(timing.median, base), f"{peaks[name]:,}" if peaks[name] else "–")
                for name, timing in timings.items()
            ],
        ),
    ]
    return section
