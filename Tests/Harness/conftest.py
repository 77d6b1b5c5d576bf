"""Shared by the tests of the device harness: its import path, a build directory of their own, and the devices that several tests use."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "cross"))

from harness import Device, Options, kernels, places, rootfs  # noqa: E402


@pytest.fixture(scope="session")
def build(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A build directory with a made-up device binary and a made-up test image, so that these tests depend on no build."""
    directory = tmp_path_factory.mktemp("build")
    binary = directory / "device" / "aarch64" / "apus"
    binary.parent.mkdir(parents=True)
    binary.write_text("#!/bin/sh\necho apus was called with: $*\n")
    layout = directory / "images" / "arm64" / "sample"
    (layout / "blobs" / "sha256").mkdir(parents=True)
    (layout / "oci-layout").write_text('{"imageLayoutVersion":"1.0.0"}')
    before = places.BUILD, places.DEVICES
    places.BUILD, places.DEVICES = directory, directory / "devices"
    yield directory
    places.BUILD, places.DEVICES = before


@pytest.fixture(scope="session", autouse=True)
def fetched() -> None:
    """What devices need is in the cache: fetching it is told of on standard error, where tests look for other things."""
    rootfs.userland()
    for name in kernels.KERNELS:
        kernels.prepare(name)


@pytest.fixture(scope="session")
def debian(build: Path) -> Iterator[Device]:
    """A device with Debian's kernel and cgroup v2, on which tests may run commands."""
    with Device.boot(Options()) as device:
        yield device


@pytest.fixture(scope="module")
def phone(build: Path) -> Iterator[Device]:
    """A device with the phone kernel, Android's cgroup layout and an f2fs data disk, which tests may switch off and on."""
    with Device.boot(Options(kernel="phone", cgroups="android", data="f2fs")) as device:
        yield device
