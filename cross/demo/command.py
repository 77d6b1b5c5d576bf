"""The command cross/run-demo: makes what is missing, then shows redis in a container on the device."""

from __future__ import annotations

import argparse
import subprocess
from collections.abc import Sequence
from pathlib import Path

from harness import Device, DeviceError, Options

from .narration import DemoError, Narrator
from .redis import demonstrate

ROOT = Path(__file__).resolve().parents[2]
_LISTS = ("toolchain/packages.txt", "cross/packages.txt", "cross/image-recipes/packages.txt")
_DESCRIPTION = """\
Shows Apus at work: builds what is missing (the device SDK, the arm64 binary, an image of redis), boots an ARM device under QEMU, imports the image there,
runs redis in a container with limits, talks to it, shows the limits as the kernel has them, and switches the device off. The first time takes some minutes,
later ones less than one.
"""


def main(arguments: Sequence[str]) -> int:
    """Runs the command and returns its exit status."""
    argparse.ArgumentParser(prog="cross/run-demo", description=_DESCRIPTION).parse_args(arguments)
    narrator = Narrator()
    try:
        _prepare(narrator)
        narrator.tell("Booting the device: an arm64 machine with 256 MB of memory, Debian's kernel and cgroup v2, under QEMU.")
        with Device.boot(Options(kernel="debian", cgroups="v2")) as device:
            demonstrate(device, narrator)
            narrator.tell("Switching the device off.")
            device.stop()
    except (DemoError, DeviceError, OSError) as error:
        print(f"cross/run-demo: {error}", flush=True)
        return 1
    except KeyboardInterrupt:
        print("cross/run-demo: interrupted", flush=True)
        return 130
    narrator.tell("That was all. To go on by yourself: cross/device shell gives you a device, and docs/ tells the rest.")
    return 0


def _prepare(narrator: Narrator) -> None:
    """Brings everything up to date that the device needs."""
    narrator.tell("Looking for the Debian packages that are needed on this machine.")
    _call("toolchain/install-packages", *_LISTS)
    # Before what takes minutes, because it can be refused: only root can make an image, and everybody can take it.
    narrator.tell("Bringing the image of redis up to date, made of Debian's arm64 packages.")
    _call("cross/images", "--arch", "arm64", "redis")
    narrator.tell("Bringing the device SDK up to date: the C library and a few others for the device, from Debian's sources.")
    _call("toolchain/build")
    narrator.tell("Compiling Apus for arm64: one static binary.")
    _call("cross/build", "aarch64")


def _call(*words: str) -> None:
    """Runs one of the project's commands; what it says goes to the terminal."""
    status = subprocess.run(words, cwd=ROOT, stdin=subprocess.DEVNULL, check=False, timeout=3600).returncode
    if status != 0:
        raise DemoError(f"{words[0]} ended with status {status}; what it said above is the reason")
