"""Images come out of the store as they went in, for Apus and for other tools."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import pty
import shutil
import subprocess
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import made_images
import pytest
from layouts import Layer, file, folder, hardlink, symlink, whiteout
from machines import ROOT, Machine


@pytest.fixture
def image(machine: Machine) -> Iterator[str]:
    """An image of two layers under a name of the test's own."""
    entries = [folder("data", mode=0o750, uid=3), file("data/" + "n" * 120, b"x" * 100_000), hardlink("h", "data/" + "n" * 120), symlink("l", "h")]
    name = made_images.import_made(machine, entries=entries, above=[Layer([whiteout("h"), file("top", b"top\n")])])
    yield name
    for line in machine.call("image", "list").succeeded().lines:
        if line.startswith(name):
            machine.call("image", "remove", line.split("\t")[0]).succeeded()


def contents(archive: bytes) -> dict[str, bytes]:
    """The files of an archive."""
    with tarfile.open(fileobj=io.BytesIO(archive)) as opened:
        return {entry.name: opened.extractfile(entry).read() for entry in opened}  # type: ignore[union-attr]


def documents(archive: bytes) -> tuple[dict[str, Any], dict[str, Any], dict[str, bytes]]:
    """The manifest, the configuration and the files of an archive with one image; every blob is what its name says."""
    files = contents(archive)
    for name, blob in files.items():
        if name.startswith("blobs/"):
            assert hashlib.sha256(blob).hexdigest() == name.rpartition("/")[2]
    [entry] = json.loads(files["index.json"])["manifests"]
    manifest = json.loads(files["blobs/" + entry["digest"].replace(":", "/")])
    return manifest, json.loads(files["blobs/" + manifest["config"]["digest"].replace(":", "/")]), files


def test_an_exported_image_is_the_same_when_it_is_imported_again(machine: Machine, image: str) -> None:
    target = f"{machine.volatile}/{machine.new_name()}.tar"
    before = json.loads(machine.call("image", "inspect", image).succeeded().text)
    machine.call("image", "export", image, target).succeeded()
    assert machine.sh(f"stat -c %a {target}; ls -A {target.rpartition('/')[0]} | grep -c '[.]new$' || true").split() == ["644", "0"]
    piped = machine.call("image", "export", image, "-").succeeded().stdout
    assert hashlib.sha256(piped).hexdigest() == machine.sh(f"sha256sum {target}").split()[0]
    manifest, config, files = documents(piped)
    assert [layer["digest"] for layer in manifest["layers"]] == config["rootfs"]["diff_ids"]
    assert {layer["mediaType"] for layer in manifest["layers"]} == {"application/vnd.oci.image.layer.v1.tar"}
    assert manifest["config"]["digest"] == before["config"] and files["oci-layout"]
    store = f"{machine.lasting}/{machine.new_name()}"
    words = [machine.apus, "--root", machine.state, "--data-root", store]
    machine.run([*words, "image", "import", "--name", image, target]).succeeded()
    after = json.loads(machine.run([*words, "image", "inspect", image]).succeeded().text)
    assert after["config"] == before["config"] and after["layers"] == before["layers"]
    result = machine.run([*words, "image", "run", "--name", machine.new_name(), image, "--", "cat", "/top"]).succeeded()
    machine.run([*words, "image", "verify"]).succeeded()
    machine.sh(f"rm -rf {store} {target}")
    assert result.text == "top\n"


@pytest.mark.native
@pytest.mark.parametrize("name", ["busybox", "redis"])
def test_other_tools_take_an_exported_image(native: Machine, tmp_path: Path, name: str) -> None:
    machine = native
    imported = machine.new_name()
    machine.call("image", "import", "--name", imported, machine.layout(name)).succeeded()
    archive = tmp_path / "image.tar"
    machine.call("image", "export", imported, str(archive)).succeeded()
    machine.call("image", "remove", imported).succeeded()
    # Every layer is the archive that was in the blob.
    place = ROOT / ".build" / "images" / machine.architecture / name
    [entry] = json.loads((place / "index.json").read_text())["manifests"]
    layers = json.loads((place / "blobs" / entry["digest"].replace(":", "/")).read_text())["layers"]
    packed = [(place / "blobs" / layer["digest"].replace(":", "/")).read_bytes() for layer in layers]
    manifest, config, files = documents(archive.read_bytes())
    unpacked = [
        gzip.decompress(blob) if blob[:2] == b"\x1f\x8b" else subprocess.run(["zstd", "-dc"], input=blob, capture_output=True, check=True).stdout
        for blob in packed
    ]
    assert [files["blobs/" + layer["digest"].replace(":", "/")] for layer in manifest["layers"]] == unpacked
    subprocess.run(["skopeo", "copy", "--insecure-policy", f"oci-archive:{archive}", f"dir:{tmp_path / 'dir'}"], check=True, capture_output=True)
    assert json.loads((tmp_path / "dir" / "manifest.json").read_text())["config"] == manifest["config"]
    (tmp_path / "layout").mkdir()
    subprocess.run(["tar", "xf", archive, "-C", tmp_path / "layout"], check=True)
    subprocess.run(["umoci", "unpack", "--image", f"{tmp_path / 'layout'}:latest", tmp_path / "bundle"], check=True, capture_output=True)
    assert json.loads((tmp_path / "bundle" / "config.json").read_text())["process"]["args"] and config["rootfs"]["type"] == "layers"
    shutil.rmtree(tmp_path / "bundle")


def test_a_damaged_layer_is_not_exported_and_leaves_the_old_file(machine: Machine, image: str) -> None:
    layer = json.loads(machine.call("image", "inspect", image).text)["layers"][-1].split(":")[1]
    target = f"{machine.volatile}/{machine.new_name()}.tar"
    machine.sh(f"echo old > {target}; echo TOP > {machine.store}/layers/{layer}/top")
    machine.call("image", "export", image, target).failed("its uncompressed content has digest", status=1)
    assert machine.sh(f"cat {target}; ls -A {machine.volatile} | grep -c '[.]new$' || true").split() == ["old", "0"]
    machine.sh(f"rm {target}")


def test_bad_targets_are_told(machine: Machine, image: str) -> None:
    machine.call("image", "export", image, "/no/such/folder/x.tar").failed("/no/such/folder/x.tar: no such file or directory", status=1)
    machine.call("image", "export", image, machine.volatile).failed("is a directory", status=1)
    machine.call("image", "export", "no-such-image", "-").failed("there is no image named no-such-image", status=1)
    machine.call("image", "export", image).failed("needs an image and a file", status=2)
    if machine.sh("test -e /dev/full && echo yes || true"):
        machine.call("image", "export", image, "/dev/full").failed("no space left on device", status=1)


@pytest.mark.native
def test_an_archive_is_not_written_to_a_terminal(native: Machine) -> None:
    ours, theirs = pty.openpty()
    words = [native.apus, "--root", native.state, "--data-root", native.store, "image", "export", "any", "-"]
    done = subprocess.run(words, stdout=theirs, stderr=subprocess.PIPE, check=False, timeout=60)
    assert done.returncode == 1 and b"standard output is a terminal" in done.stderr
    os.close(ours)
    os.close(theirs)
