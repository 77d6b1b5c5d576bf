"""The engines. Each is set up when the first test asks for it; a test may leave nothing of its containers."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import layouts
import programs
import pytest
from buildah import Buildah
from commands import Docker, Podman
from containerd import Containerd, Kubernetes
from engine import IMAGE, Engine, Place
from machines import ROOT, binary
from made_images import base

from harness.tools import call


@pytest.fixture(scope="module")
def make_place() -> Iterator[Callable[[str], Place]]:
    """Makes places for engines. APUS_ENGINE_RUNTIME=/usr/sbin/runc tells whether a failure is the engine's own doing."""
    layout = ROOT / ".build" / "images" / "amd64" / "busybox"
    if not layout.is_dir():
        pytest.fail(f"{layout.relative_to(ROOT)} is not there; build it with: cross/images")
    runtime = Path(os.environ.get("APUS_ENGINE_RUNTIME") or binary("x86_64"))
    with tempfile.TemporaryDirectory(prefix="apus-engines-") as name:
        folder = Path(name)
        # Containers of other users have to reach their files.
        folder.chmod(0o755)
        archive = folder / "busybox.tar"
        call(["skopeo", "copy", "--quiet", f"oci:{layout}", f"docker-archive:{archive}:{IMAGE}"], environment={"TMPDIR": name})
        yield lambda engine: Place.make(programs.programs(), runtime, folder / engine, archive)


def _using(engine: Any) -> Iterator[Any]:
    """Lends an engine to a test."""
    yield engine
    left = engine.leftovers()
    if left:
        engine.remove_everything()
    assert left == []


@pytest.fixture(scope="module")
def podman_engine(make_place: Callable[[str], Place]) -> Iterator[Podman]:
    """Podman."""
    engine = Podman(make_place("podman"))
    yield engine
    engine.close()


@pytest.fixture(scope="module")
def docker_engine(make_place: Callable[[str], Place]) -> Iterator[Docker]:
    """Docker."""
    engine = Docker(make_place("docker"))
    yield engine
    engine.close()


@pytest.fixture(params=["podman", "docker"])
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    """First Podman, then Docker: a test that uses it runs on both."""
    yield from _using(request.getfixturevalue(f"{request.param}_engine"))


@pytest.fixture
def podman(podman_engine: Podman) -> Iterator[Podman]:
    """Podman alone."""
    yield from _using(podman_engine)


@pytest.fixture
def docker(docker_engine: Docker) -> Iterator[Docker]:
    """Docker alone."""
    yield from _using(docker_engine)


@pytest.fixture(scope="module")
def containerd_engine(make_place: Callable[[str], Place]) -> Iterator[Containerd]:
    """containerd with `ctr`."""
    engine = Containerd(make_place("containerd"))
    yield engine
    engine.close()


@pytest.fixture
def containerd(containerd_engine: Containerd) -> Iterator[Containerd]:
    """containerd with `ctr`."""
    yield from _using(containerd_engine)


@pytest.fixture(scope="module")
def kubernetes_engine(make_place: Callable[[str], Place]) -> Iterator[Kubernetes]:
    """containerd as a kubelet has it."""
    place = make_place("cri")
    layout = layouts.write(place.folder / "pause", [layouts.Layer(base("amd64"))], architecture="amd64", config={"Entrypoint": ["/bin/sleep", "1000000"]})
    archive = place.folder / "pause.tar"
    call(["skopeo", "copy", "--quiet", f"oci:{layout}", f"docker-archive:{archive}:{Kubernetes.PAUSE}"], environment=place.environment)
    engine = Kubernetes(place, archive)
    yield engine
    engine.close()


@pytest.fixture
def kubernetes(kubernetes_engine: Kubernetes) -> Iterator[Kubernetes]:
    """containerd as a kubelet has it."""
    yield from _using(kubernetes_engine)


@pytest.fixture(scope="module")
def buildah_engine(make_place: Callable[[str], Place]) -> Iterator[Buildah]:
    """Buildah."""
    engine = Buildah(make_place("buildah"))
    yield engine
    engine.close()


@pytest.fixture
def buildah(buildah_engine: Buildah) -> Iterator[Buildah]:
    """Buildah."""
    yield from _using(buildah_engine)
