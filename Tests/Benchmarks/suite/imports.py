"""Importing images of gzip layers, beside the tools that unpack the same layers."""

import gzip
import json
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from . import many_files
from .context import Context, Goal, Section, attempt, ratio, spread, table
from .processes import output_of
from .programs import watched
from .timing import Candidate, Timing, time_all


@dataclass(frozen=True)
class _Image:
    """An image that is imported."""

    name: str
    layout: Path
    #: The gzip files of its layers, the lowest first.
    layers: list[Path]
    #: How often every tool imports it.
    rounds: int
    runs: int
    warmup: int

    @property
    def compressed(self) -> int:
        """Bytes of the layers as they are sent."""
        return sum(layer.stat().st_size for layer in self.layers)

    @property
    def unpacked(self) -> int:
        """Bytes of the layers' archives."""
        total = 0
        for layer in self.layers:
            with gzip.open(layer) as archive:
                while piece := archive.read(1 << 20):
                    total += len(piece)
        return total


def measure(context: Context) -> Section:
    """Unpacks the same layers with every tool."""
    section = Section("Importing an image")
    images = [_image(context, name, context.programs.image(name), *((2, 2, 1) if context.quick else (5, 5, 3))) for name in ("redis", "nginx")]
    large = 12 << 20 if context.quick else 500 << 20
    made = many_files.make(context.work / "many-files", large)
    images.append(_image(context, f"many files ({large >> 20} MiB)", made, *((1, 1, 0) if context.quick else (3, 2, 1))))
    rows: list[Sequence[str]] = []
    sizes: list[Sequence[str]] = []
    for image in images:
        context.say(f"importing {image.name}")
        timings, peaks = _timed(context, section, image)
        base = timings["bsdtar"].median if "bsdtar" in timings else None
        rows += [
            (
                image.name, name, spread(timing.walls, 1000), f"{timing.least * 1000:.1f}", ratio(timing.median, base),
                f"{peaks[name]:,}" if peaks[name] else "–",
            )
            for name, timing in timings.items()
        ]
        for peer, limit in (("bsdtar", 1.1), ("umoci unpack", 1.0), ("skopeo copy", 1.0)):
            if peer in timings:
                section.goals.append(Goal(f"import of {image.name}, wall, against {peer}", limit, timings["apus"].median / timings[peer].median, digits=2))
        sizes.append(_sizes(context, image))
    counts = ", ".join(f"{image.name} {image.rounds} × {image.runs}" for image in images)
    section.text = [
        f"Images of gzip layers, into an empty folder. Rounds and runs of each, by hyperfine: {counts}. bsdtar only unpacks. apus also verifies every digest "
        "and forces everything to the disk before it publishes the image; umoci and skopeo verify and do not force. *many files* is made for this: four "
        "layers of files, most of them small, that compress to about a third.",
        table(("image", "tool", "median (middle half) ms", "least ms", "÷ bsdtar", "peak RSS KiB"), rows),
        "What the images take: the layers as they are sent, their archives, and the disk's blocks (du) of the store with the image alone in it and of what bsdtar unpacks.",
        table(("image", "layers, gzip", "layers, tar", "store, blocks", "bsdtar, blocks", "store ÷ tar", "store ÷ bsdtar"), sizes),
    ]
    return section


def _image(context: Context, name: str, layout: Path, rounds: int, runs: int, warmup: int) -> _Image:
    """The image of an OCI layout directory that has one."""
    def blob(digest: str) -> Path:
        return layout / "blobs" / digest.replace(":", "/")

    index = json.loads((layout / "index.json").read_text())
    manifest = json.loads(blob(index["manifests"][0]["digest"]).read_text())
    return _Image(name, layout, [blob(layer["digest"]) for layer in manifest["layers"]], rounds, runs, warmup)


def _unpacking(image: _Image, folder: Path) -> str:
    return " && ".join(f"bsdtar -xzf {file} -C {folder}" for file in image.layers)


def _timed(context: Context, section: Section, image: _Image) -> tuple[dict[str, Timing], dict[str, int | None]]:
    programs, work = context.programs, context.work
    folder, layout = work / "unpacked", image.layout
    # skopeo leaves a mount of its store behind.
    fresh = f"sh -c {shlex.quote(f'umount -q {folder}/store/overlay; rm -rf {folder} && mkdir {folder}')}"
    unpack = _unpacking(image, folder)
    store = f"containers-storage:[overlay@{folder}/store+{folder}/run]bench:latest"
    copied = f"skopeo copy oci:{layout}:latest oci:{folder}/layout:latest && umoci unpack --image {folder}/layout:latest {folder}/bundle"
    candidates = {
        "bsdtar": f"sh -c {shlex.quote(unpack)}",
        "bsdtar, then sync of the file system": f"sh -c {shlex.quote(f'{unpack} && sync --file-system {folder}')}",
        "apus": f"{programs.apus} --data-root {folder}/data image import --quiet {layout}",
        **{name: f"{path} --data-root {folder}/data image import {layout}" for name, path in programs.also.items()},
        "umoci unpack": f"umoci unpack --image {layout}:latest {folder}/bundle",
        "skopeo copy, then umoci unpack": f"sh -c {shlex.quote(copied)}",
        "skopeo copy": f"skopeo copy oci:{layout}:latest {store}",
    }
    working: dict[str, Candidate] = {}
    peaks: dict[str, int | None] = {}

    def try_out(name: str, command: str) -> None:
        output_of(shlex.split(fresh))
        # A shell's own memory tells nothing about what it runs.
        peaks[name] = None if command.startswith("sh ") else watched(programs, "family", shlex.split(command), work)
        working[name] = Candidate(command, fresh)

    for name, command in candidates.items():
        attempt(section.failures, name, lambda name=name, command=command: try_out(name, command))
    timings = time_all(working, work, image.rounds, image.runs, image.warmup)
    if "bsdtar" in working:
        output_of(shlex.split(fresh))
        peaks["bsdtar"] = max(watched(programs, "family", ["bsdtar", "-xzf", str(file), "-C", str(folder)], work) for file in image.layers)
    output_of(shlex.split(fresh))
    return timings, peaks


def _sizes(context: Context, image: _Image) -> Sequence[str]:
    """A row: what the image takes before and after."""
    store, folder = context.work / "sized-store", context.work / "sized-folder"
    folder.mkdir()
    try:
        output_of([context.programs.apus, "--data-root", store, "image", "import", "--quiet", image.layout], limit=600)
        output_of(["sh", "-c", _unpacking(image, folder)], limit=600)
        in_store, in_folder = (int(output_of(["du", "--summarize", "--block-size=1", place]).split()[0]) for place in (store, folder))
    finally:
        output_of(["rm", "-rf", store, folder], limit=600)
    unpacked = image.unpacked
    return (
        image.name, f"{image.compressed:,}", f"{unpacked:,}", f"{in_store:,}", f"{in_folder:,}", ratio(in_store, unpacked), ratio(in_store, in_folder),
    )
