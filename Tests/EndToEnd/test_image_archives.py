"""Images come out of archives of every kind, from files and through pipes, as they come out of a layout; hostile archives are refused and leave nothing."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import re
import shlex
import subprocess
import tarfile
from pathlib import Path

import archives
import layouts
import pytest
from made_images import base
from machines import ROOT, Machine, Native, Result, tool

FORMS = ["file", "gzip", "pipe", "gzip-pipe", "zstd-pipe"]


def imported(machine: Machine, archive: bytes, form: str, *options: str) -> Result:
    """Imports an archive, as a file or through a pipe, whole or compressed."""
    content = gzip.compress(archive, 1, mtime=0) if form.startswith("gzip") else archive
    if form.startswith("zstd"):
        content = subprocess.run(["zstd", "-q", "-c"], input=archive, capture_output=True, check=True).stdout
    if form.endswith("pipe"):
        return machine.call("image", "import", *options, "-", data=content, limit=180)
    path = f"{machine.volatile}/{machine.new_name()}.tar"
    machine.write(path, content)
    try:
        return machine.call("image", "import", *options, path, limit=180)
    finally:
        machine.sh(f"rm {path}")


def told(result: Result) -> list[tuple[str, str, int, int]]:
    """What an import says that it imported: name, digest, number of layers, and how many of them were there already."""
    found = []
    for line in result.succeeded().lines:
        match = re.fullmatch(r"imported (\S+) (sha256:[0-9a-f]{64}) \((\d+) layers?(?:, (\d+) of them there already)?\)", line)
        assert match is not None, line
        found.append((match[1], match[2], int(match[3]), int(match[4] or 0)))
    return found


def removed(machine: Machine, *names: str) -> None:
    for name in names:
        machine.call("image", "remove", name).succeeded()


def stored(machine: Machine) -> str:
    """Everything in the store, but for its own directories."""
    return machine.sh(f"[ ! -d {machine.store} ] || find {machine.store} -mindepth 2 -maxdepth 3 ! -path '*/blobs/sha256' | sort")


def tree(machine: Machine) -> str:
    """All that is in the unpacked layers; not the times of directories and whiteouts, which may be those of their making."""
    return machine.sh(f"""
        cd {machine.store}/layers
        find . -mindepth 2 '(' -type d,c -printf '%P %M %U:%G\\n' ')' -o -printf '%P %M %U:%G %s %T@ %n %l\\n' | sort
        find . -type f -exec sha256sum {{}} + | sort
    """)


def layers(machine: Machine) -> list[bytes]:
    """Two layers: what a shell needs, and something above it with a whiteout."""
    above = [layouts.file("etc/motd", b"hello\n"), layouts.whiteout("home/alice"), layouts.file("big", bytes(range(256)) * 4096, mode=0o640)]
    return [archives.pack(base(machine.architecture)), archives.pack(above)]


@pytest.mark.parametrize("form", FORMS)
def test_an_image_that_old_docker_saved_runs(machine: Machine, form: str) -> None:
    archive = archives.saved(machine.architecture, layers(machine), ["docker.io/library/saved:1", "saved:latest"])
    names = told(imported(machine, archive, form))
    assert [(name, count, shared) for name, _, count, shared in names] == [("saved:1", 2, 0), ("saved:latest", 2, 2)]
    result = machine.call("image", "run", "--name", machine.new_name(), "saved:1", "--", "sh", "-c", "cat /etc/motd; ls -d /home/alice; stat -c %a:%s /big")
    assert result.text == "hello\n640:1048576\n"
    removed(machine, "saved:1", "saved:latest")


@pytest.mark.parametrize("form", FORMS)
def test_an_image_that_new_docker_saved_is_the_layout_in_it(machine: Machine, place: Path, form: str) -> None:
    architecture = machine.architecture
    stack = [layouts.Layer(base(architecture))]
    layout = layouts.write(place / "image", stack, architecture=architecture, faults=layouts.Faults(edit_index=name_as_docker))
    listing = [{"Config": "blobs/sha256/x", "RepoTags": ["app:2"], "Layers": ["blobs/sha256/y"]}]
    archive = archives.of_folder(layout, [layouts.file("manifest.json", json.dumps(listing).encode())])
    digest = json.loads((layout / "index.json").read_text())["manifests"][0]["digest"]
    assert told(imported(machine, archive, form)) == [("app:2", digest, 1, 0)]
    removed(machine, "app:2")


def name_as_docker(index: dict) -> None:  # type: ignore[type-arg]
    index["manifests"][0]["annotations"]["io.containerd.image.name"] = "docker.io/library/app:2"


def test_a_layer_that_comes_twice_is_in_a_pipe_once(machine: Machine) -> None:
    first, second = layers(machine)
    archive = archives.saved(machine.architecture, [first, second, second])
    assert [entry.type for entry in tarfile.open(fileobj=io.BytesIO(archive)) if entry.name.endswith("layer.tar")].count(tarfile.SYMTYPE) == 1
    for form in FORMS:
        assert [(count, shared) for _, _, count, shared in told(imported(machine, archive, form))] == [(3, 0)]
        removed(machine, "saved:1")


def test_a_pipe_without_a_name_in_it_needs_one(machine: Machine) -> None:
    archive = archives.saved(machine.architecture, [layers(machine)[0]], None)
    before = stored(machine)
    imported(machine, archive, "pipe").failed("--name")
    assert stored(machine) == before
    assert told(imported(machine, archive, "pipe", "--name", "given"))[0][0] == "given"
    removed(machine, "given")


def test_several_images_are_all_taken_and_a_name_is_for_one(machine: Machine) -> None:
    one, two = (archives.saved(machine.architecture, [layer], [name]) for layer, name in zip(layers(machine), ["one:1", "two:1"], strict=True))
    both = joined(one, two)
    before = stored(machine)
    imported(machine, both, "pipe", "--name", "x").failed("one:1, two:1", "--name is for one")
    assert stored(machine) == before
    assert [name for name, _, _, _ in told(imported(machine, both, "pipe"))] == ["one:1", "two:1"]
    removed(machine, "one:1", "two:1")


def joined(*parts: bytes) -> bytes:
    """One archive with the images of several."""
    entries, listing = [], []
    for part in parts:
        with tarfile.open(fileobj=io.BytesIO(part)) as archive:
            for entry in archive:
                content = archive.extractfile(entry).read() if entry.isfile() else b""  # type: ignore[union-attr]
                if entry.name == "manifest.json":
                    listing += json.loads(content)
                else:
                    entries.append(layouts.Entry(entry.name, entry.type, content, entry.linkname))
    return archives.pack([*entries, layouts.file("manifest.json", json.dumps(listing).encode())])


@pytest.mark.parametrize("form", ["file", "pipe"])
@pytest.mark.parametrize("name", sorted(archives.HOSTILE))
def test_a_hostile_archive_is_refused_and_leaves_nothing(machine: Machine, name: str, form: str) -> None:
    maker, expected = archives.HOSTILE[name]
    before = stored(machine)
    imported(machine, maker(machine.architecture), form).failed(expected)
    assert stored(machine) == before


def test_an_update_may_lack_the_layers_that_the_device_has(machine: Machine, place: Path) -> None:
    first = layouts.Layer(base(machine.architecture))
    whole = layouts.write(place / "whole", [first], architecture=machine.architecture)
    update = layouts.write(
        place / "update", [first, layouts.Layer([layouts.file("etc/new", b"new\n")])], architecture=machine.architecture, faults=layouts.Faults(layer_missing=True),
    )
    before = stored(machine)
    imported(machine, archives.of_folder(update), "pipe", "--name", "update").failed("is not in standard input")
    assert stored(machine) == before
    assert told(imported(machine, archives.of_folder(whole), "pipe", "--name", "whole"))[0][2:] == (1, 0)
    assert told(imported(machine, archives.of_folder(update), "pipe", "--name", "update"))[0][2:] == (2, 1)
    assert machine.call("image", "run", "--name", machine.new_name(), "update", "--", "cat", "/etc/new").text == "new\n"
    removed(machine, "whole", "update")


def test_a_full_store_is_said_before_it_is_full(machine: Machine) -> None:
    archive = archives.saved(machine.architecture, [archives.pack([layouts.file("big", bytes(12 << 20))])])
    folder = machine.new_folder()
    machine.sh(f"mount -t tmpfs -o size=8m,mode=700 none {folder}")
    try:
        result = machine.run([machine.apus, "--data-root", folder, "image", "import", "-"], data=archive)
        result.failed("layer.tar: write ", "no space left on device")
        assert machine.sh(f"find {folder}/tmp {folder}/layers -mindepth 1") == ""
    finally:
        machine.sh(f"umount {folder}")


def test_a_pipe_takes_no_more_than_its_memory(machine: Machine) -> None:
    archive = archives.saved(machine.architecture, [archives.pack([layouts.file(f"file-{number}", bytes(range(256)) * 40960) for number in range(6)])])
    path = f"{machine.lasting}/{machine.new_name()}"
    machine.write(path, archive)
    words = shlex.join(machine.words("image", "import", "--name", "large"))
    # The limit is for what it may map, so that a copy of a layer would not fit.
    machine.sh(f"{{ ulimit -v 32768; cat {path} | {words} -; }}; {{ ulimit -v 32768; {words} {path}; }}; rm {path}", limit=180)
    removed(machine, "large")


@pytest.mark.parametrize("words", [["-1"], ["-19", "--check"], ["--ultra", "-22", "--zstd=wlog=23"], ["--no-content-size", "-3"]], ids=" ".join)
def test_a_layer_of_zstd_is_the_layer_that_it_is_of_gzip(machine: Machine, place: Path, words: list[str]) -> None:
    entries = [*base(machine.architecture), layouts.file("big", bytes(range(256)) * 65536), layouts.file("text", b"x" * 10_000_000)]
    # Frames that are to be passed over, as zstd:chunked has them.
    skipped = b"\x50\x2a\x4d\x18" + (5).to_bytes(4, "little") + b"index"
    packed = layouts.Layer(entries, zstd=words, leading=skipped, trailing=skipped)
    for name, layer, shared in (("zstd", packed, 0), ("gzip", layouts.Layer(entries), 1)):
        target = f"{machine.volatile}/{machine.new_name()}"
        machine.put(layouts.write(place / name, [layer], architecture=machine.architecture), target)
        assert told(machine.call("image", "import", "--name", name, target, limit=180))[0][2:] == (1, shared)
        machine.sh(f"rm -r {target}")
    removed(machine, "zstd", "gzip")


@pytest.mark.parametrize(("fault", "expected"), [
    ({"zstd": ["--ultra", "-22", "--long=27"]}, "need a window of more than 8 MiB"), ({"zstd": ["-1"], "truncated": 30}, "ends too early"),
    ({"zstd": ["-1"], "trailing": b"more"}, "not zstd, or damaged"),
])
def test_a_layer_of_zstd_that_is_not_as_it_should_be_is_refused(machine: Machine, place: Path, fault: dict, expected: str) -> None:  # type: ignore[type-arg]
    before = stored(machine)
    target = f"{machine.volatile}/{machine.new_name()}"
    entries = [layouts.file("big", b"".join(number.to_bytes(4, "big") for number in range(5 << 20)))]
    machine.put(layouts.write(place / "image", [layouts.Layer(entries, **fault)], architecture=machine.architecture), target)
    result = machine.call("image", "import", "--name", "x", target, limit=180)
    machine.sh(f"rm -r {target}")
    result.failed(expected)
    assert stored(machine) == before


# What tools of others make


@pytest.mark.native
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("image", ["busybox", "nginx"])
@pytest.mark.parametrize("kind", ["docker-archive", "oci-archive"])
def test_what_skopeo_makes_is_the_image_that_it_was_made_of(alone: Native, place: Path, kind: str, image: str, form: str) -> None:
    layout = ROOT / ".build" / "images" / alone.architecture / image
    # Skopeo normalises an image's name, and names it whole.
    tool("skopeo", "copy", "--quiet", f"oci:{layout}", f"{kind}:{place}/image.tar:docker.io/library/{image}:of-skopeo")
    name = f"{image}:of-skopeo" if kind == "docker-archive" else f"docker.io/library/{image}:of-skopeo"
    (found,) = told(imported(alone, (place / "image.tar").read_bytes(), form))
    assert found[0] == name
    first = tree(alone)
    # The layout has the same layers, by their ChainIDs.
    ((_, _, count, shared),) = told(alone.call("image", "import", "--name", "again", str(layout)))
    assert count == shared == found[2]
    removed(alone, name, "again")
    alone.call("image", "import", "--name", "again", str(layout)).succeeded()
    assert tree(alone) == first
    removed(alone, "again")


@pytest.mark.native
@pytest.mark.parametrize("image", ["busybox", "nginx"])
def test_what_skopeo_compresses_by_zstd_is_the_image_that_it_was_made_of(alone: Native, place: Path, image: str) -> None:
    layout = ROOT / ".build" / "images" / alone.architecture / image
    tool("skopeo", "copy", "--quiet", "--dest-decompress", f"oci:{layout}", f"dir:{place}/plain")
    tool("skopeo", "copy", "--quiet", "--dest-compress", "--dest-compress-format", "zstd", f"dir:{place}/plain", f"oci:{place}/image:v1")
    index = json.loads((place / "image" / "index.json").read_text())
    manifest = json.loads((place / "image" / "blobs" / index["manifests"][0]["digest"].replace(":", "/")).read_text())
    assert {layer["mediaType"] for layer in manifest["layers"]} == {layouts.ZSTD_LAYER}
    ((_, _, count, shared),) = told(alone.call("image", "import", "--name", "packed", f"{place}/image"))
    assert shared == 0
    ((_, _, *again),) = told(alone.call("image", "import", "--name", "again", str(layout)))
    assert again == [count, count]
    removed(alone, "packed", "again")


@pytest.mark.native
def test_what_umoci_makes_is_taken_from_an_archive(alone: Native, place: Path) -> None:
    layout = ROOT / ".build" / "images" / alone.architecture / "busybox"
    tool("skopeo", "copy", "--quiet", f"oci:{layout}", f"oci:{place}/image:base")
    (place / "added").write_text("by umoci\n")
    tool("umoci", "insert", "--image", f"{place}/image:base", "--tag", "more", str(place / "added"), "/added")
    tool("tar", "-C", str(place / "image"), "-cf", str(place / "app.tar"), ".")
    names = told(alone.call("image", "import", str(place / "app.tar")))
    assert [(name, count, shared) for name, _, count, shared in names] == [("app:base", 1, 0), ("app:more", 2, 1)]
    assert alone.call("image", "run", "--name", alone.new_name(), "app:more", "--", "cat", "/added").text == "by umoci\n"
    removed(alone, "app:base", "app:more")


# Images for several machines


def platforms(place: Path, architecture: str, entries: list[layouts.Entry], *, nested: bool) -> Path:
    """A layout with an image for this machine and others', attestations as BuildKit adds them, and what nobody knows; behind another index, if asked for."""
    layout = layouts.write(place, [layouts.Layer(entries)], architecture=architecture)
    index = json.loads((layout / "index.json").read_text())
    (ours,) = index["manifests"]

    def entry(kind: str, document: object, platform: dict | None = None, **more: object) -> dict:  # type: ignore[type-arg]
        content = json.dumps(document).encode()
        digest = hashlib.sha256(content).hexdigest()
        (layout / "blobs" / "sha256" / digest).write_bytes(content)
        return {"mediaType": kind, "digest": f"sha256:{digest}", "size": len(content), **({"platform": platform} if platform else {}), **more}

    marks = {"vnd.docker.reference.type": "attestation-manifest"}
    unknown = entry(layouts.MANIFEST, {"attestation": 1}, {"os": "unknown", "architecture": "unknown"}, annotations=marks)
    others = [entry(layouts.MANIFEST, {"number": number}, {"os": "linux", "architecture": name}) for number, name in enumerate(("s390x", "riscv64", "386"))]
    windows = entry(layouts.MANIFEST, {"os": "windows"}, {"os": "windows", "architecture": architecture})
    future = entry("application/vnd.example.future+json", {}, {"os": "linux", "architecture": architecture})
    # Of two that fit, the first counts.
    second = {**ours, "digest": "sha256:" + "0" * 64}
    ours.pop("annotations")
    second.pop("annotations")
    document = {"schemaVersion": 2, "mediaType": layouts.INDEX, "manifests": [unknown, windows, future, *others, ours, second]}
    if nested:
        document = {"schemaVersion": 2, "manifests": [entry(layouts.INDEX, document, annotations={layouts.REF_NAME: "v1"})]}
    (layout / "index.json").write_text(json.dumps(document))
    return layout


@pytest.mark.parametrize("form", ["file", "pipe"])
@pytest.mark.parametrize("nested", [False, True], ids=["flat", "nested"])
def test_of_an_image_for_several_machines_the_one_for_this_is_taken(machine: Machine, place: Path, nested: bool, form: str) -> None:
    archive = archives.of_folder(platforms(place / "image", machine.architecture, base(machine.architecture), nested=nested))
    result = imported(machine, archive, form, "--name", "several")
    assert result.error == ""
    assert told(result)[0][2] == 1
    assert machine.call("image", "run", "--name", machine.new_name(), "several", "--", "echo", "hello").text == "hello\n"
    removed(machine, "several")


def test_an_image_for_other_machines_alone_names_them(machine: Machine, place: Path) -> None:
    layout = platforms(place / "image", "mips64", [layouts.file("x")], nested=True)
    before = stored(machine)
    imported(machine, archives.of_folder(layout), "pipe", "--name", "x").failed("s390x", "riscv64", "mips64", f"this device is {machine.architecture}")
    assert stored(machine) == before


def test_a_layer_of_several_gzip_members_is_the_layer_that_it_is_of_one(machine: Machine, place: Path) -> None:
    entries = [*base(machine.architecture), layouts.file("big", bytes(range(256)) * 4096)]
    # Members as parallel compressors make them, an empty one, and zeros that some builders fill up with.
    content = layouts.Layer(entries).archive()
    members = [gzip.compress(content[start : start + 100_000], mtime=0) for start in range(0, len(content), 100_000)]
    several = b"".join([gzip.compress(b"", mtime=0), *members, bytes(1000)])
    for name, packed, shared in (("several", several, 0), ("one", gzip.compress(content), 1)):
        archive = archives.saved(machine.architecture, [content], ["x:1"], stored=[packed])
        assert told(imported(machine, archive, "pipe", "--name", name))[0][2:] == (1, shared)
    removed(machine, "several", "one")
    imported(machine, archives.saved(machine.architecture, [content], stored=[several + b"x"]), "pipe").failed("other bytes follow the gzip stream")
