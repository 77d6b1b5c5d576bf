"""What Docker and Podman save is imported, through a pipe as their users do it, and is the image that the engine had."""

from __future__ import annotations

import gzip
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from buildah import Buildah
from commands import CommandLine, Docker, Podman
from engine import IMAGE
from machines import Native, binary
from trees import content, differences, merged

from harness.tools import call

pytestmark = pytest.mark.native

_DOCKERFILE = f"""\
FROM {IMAGE}
ENV GREETING=hello
RUN mkdir /added && echo one >/added/file && ln /added/file /added/again && chmod 4711 /added/file
RUN rm /added/again && echo "$GREETING" >/added/greeting
CMD ["cat", "/added/greeting"]
"""


@pytest.fixture(scope="module")
def native() -> Iterator[Native]:
    """This machine, with a store of its own."""
    with tempfile.TemporaryDirectory(prefix="apus-saved-") as folder:
        Path(folder).chmod(0o755)
        yield Native(Path(folder), binary("x86_64"))


def run(native: Native, name: str, *words: str) -> str:
    command = ["--", *words] if words else []
    return native.call("image", "run", "--name", native.new_name(), name, *command).succeeded().text


def imported(native: Native, archive: bytes) -> list[str]:
    """The names under which an archive is imported through a pipe; the layers are gone from it when it is done."""
    result = native.call("image", "import", "-", data=archive, limit=180).succeeded()
    assert native.leftovers() == ""
    names = [re.fullmatch(r"imported (\S+) sha256:[0-9a-f]{64} \(.*\)", line) for line in result.lines]
    assert None not in names, result.text
    return [name[1] for name in names if name is not None]


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzip"])
def test_what_the_engine_saves_runs(engine: CommandLine, native: Native, packed: bool) -> None:
    archive = engine.call("save", IMAGE).succeeded().stdout
    assert imported(native, gzip.compress(archive, 1) if packed else archive) == [IMAGE]
    assert run(native, IMAGE, "echo", "hello") == "hello\n"
    native.call("image", "remove", IMAGE).succeeded()


def test_what_docker_built_and_saved_is_what_it_built(docker: Docker, native: Native) -> None:
    docker.call("build", "--network", "none", "--tag", "built:1", "-", data=_DOCKERFILE.encode(), limit=120).succeeded()
    docker.call("tag", "built:1", "built:2").succeeded()
    try:
        archive = docker.call("save", "built:1", "built:2", IMAGE).succeeded().stdout
    finally:
        docker.call("rmi", "built:1", "built:2").succeeded()
    assert sorted(imported(native, archive)) == sorted(["built:1", "built:2", IMAGE])
    assert run(native, "built:1") == "hello\n"
    assert run(native, "built:2", "sh", "-c", "ls /added; stat -c %a /added/file; cat /added/file") == "file\ngreeting\n4711\none\n"
    for name in ("built:1", "built:2", IMAGE):
        native.call("image", "remove", name).succeeded()


@pytest.mark.parametrize("kind", ["docker-archive", "oci-archive"])
def test_both_kinds_of_archive_that_podman_saves(podman: Podman, native: Native, kind: str) -> None:
    archive = podman.call("save", "--format", kind, IMAGE).succeeded().stdout
    assert imported(native, archive) == [IMAGE]
    assert run(native, IMAGE, "echo", "hello") == "hello\n"
    native.call("image", "remove", IMAGE).succeeded()


# Bit for bit

_CHANGES = f"""\
FROM {IMAGE}
RUN mkdir -p /added/folder /gone/below && echo one >/added/file && ln /added/file /added/again && chmod 4711 /added/file && chown 12:34567 /added/file
RUN ln -s ../nowhere /added/folder/link && touch -d @1234567890 /added/folder && mkfifo -m 620 /added/pipe && touch /gone/file /added/replaced
RUN rm -r /gone && rm /added/replaced && mkdir /added/replaced && touch /added/replaced/below && rm -r /tmp && mkdir -m 1777 /tmp && touch /tmp/other
"""


def compare(native: Native, archive: bytes, kind: str, name: str, place: Path) -> None:
    """Imports an archive, and compares the image with what umoci unpacks of it."""
    assert imported(native, archive) == [name]
    (place / "image.tar").write_bytes(archive)
    call(["skopeo", "copy", "--quiet", f"{kind}:{place}/image.tar", f"oci:{place}/layout:it"], environment={"TMPDIR": str(place)})
    call(["umoci", "unpack", "--image", f"{place}/layout:it", str(place / "umoci")])
    with merged(native, name, place) as root:
        assert differences(content(root), content(place / "umoci" / "rootfs")) == []
    native.call("image", "remove", name).succeeded()


def test_what_docker_built_is_what_umoci_unpacks(docker: Docker, native: Native, tmp_path: Path) -> None:
    docker.call("build", "--network", "none", "--tag", "changed:1", "-", data=_CHANGES.encode(), limit=120).succeeded()
    try:
        archive = docker.call("save", "changed:1").succeeded().stdout
    finally:
        docker.call("rmi", "changed:1").succeeded()
    compare(native, archive, "docker-archive", "changed:1", tmp_path)


@pytest.mark.parametrize("kind", ["docker-archive", "oci-archive"])
def test_what_buildah_built_and_podman_saves_is_what_umoci_unpacks(
    buildah: Buildah, podman: Podman, native: Native, tmp_path: Path, kind: str
) -> None:
    name = "localhost/changed:1"
    (tmp_path / "Containerfile").write_text(_CHANGES)
    buildah.build(tmp_path, name).succeeded()
    try:
        buildah.call("push", "--quiet", name, f"{kind}:{tmp_path}/pushed.tar:{name}").succeeded()
    finally:
        buildah.call("rmi", "--force", name).succeeded()
    pushed = (tmp_path / "pushed.tar").read_bytes()
    podman.call("load", "--quiet", "--input", f"{tmp_path}/pushed.tar").succeeded()
    try:
        saved = podman.call("save", "--format", kind, name).succeeded().stdout
    finally:
        podman.call("rmi", "--force", name).succeeded()
    for number, archive in enumerate((pushed, saved)):
        (tmp_path / f"{number}").mkdir()
        compare(native, archive, kind, name, tmp_path / f"{number}")
