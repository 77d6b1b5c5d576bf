"""What Docker and Podman save is imported, through a pipe as their users do it, and is the image that the engine had."""

from __future__ import annotations

import gzip
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from commands import CommandLine, Docker, Podman
from engine import IMAGE
from machines import Native, binary

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
