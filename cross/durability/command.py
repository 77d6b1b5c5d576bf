"""The command line of `cross/powercut`."""

from __future__ import annotations

import argparse
import random
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from harness import places, rootfs
from harness.errors import DeviceError
from harness.packages import Archive

from . import images
from .guest import Setup
from .trial import DeviceKills, NativeKills, PowerCuts, Tally

DESCRIPTION = """\
Cuts the power of an emulated device at random moments while apus imports, removes, prunes, names and runs images, boots it again, and looks at the store:
every image that was reported is there, verifies, has the contents that it was made of and runs, nothing else is there, and no space is lost. The disk has a
cache that forgets: of what was not flushed it keeps some blocks and loses others, in any order.
With --kills apus is killed (SIGKILL) instead, on the device or, with --native, on this machine.
"""

EPILOG = """\
exit status: 0 when everything was as it has to be; 1 when something was not; 2 for a wrong command line.
The disk, and the console before and after the cut, of up to five failures are kept in .build/powercut.
With the same --seed the same is planned; the moments depend on the machine's speed as well.

examples:
  cross/powercut --filesystem ext4 --cuts 100
  cross/powercut --filesystem f2fs --cuts 100 --options fsync_mode=nobarrier
  cross/powercut --filesystem f2fs --kills 250
  cross/powercut --native --kills 250
"""


def parser() -> argparse.ArgumentParser:
    """The options."""
    made = argparse.ArgumentParser(
        prog="cross/powercut", description=DESCRIPTION, epilog=EPILOG, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False
    )
    made.add_argument("--filesystem", choices=("ext4", "f2fs"), default="ext4", help="of the disk with the store (default: ext4)")
    made.add_argument("--options", default="rw", metavar="LIST", help="mount options of the disk, such as fsync_mode=nobarrier (default: rw)")
    made.add_argument("--kernel", choices=("debian", "phone"), default="phone", help="of the device (default: phone, which has both file systems)")
    made.add_argument("--cuts", type=_number, metavar="N", help="how many power cuts (default: 100)")
    made.add_argument("--kills", type=_number, metavar="N", help="kill apus so many times instead of cutting the power")
    made.add_argument("--native", action="store_true", help="kill on this machine, on a loop device; needs root")
    made.add_argument("--apus", type=Path, metavar="FILE", help="the program to kill natively (default: .build/device/x86_64/apus)")
    made.add_argument("--seed", type=int, metavar="N", help="for the same plan again (default: a new one, which is printed)")
    return made


def _number(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return value


def main(words: Sequence[str]) -> int:
    """Does it and gives the exit status."""
    arguments = parser().parse_args(words)
    if arguments.native and not arguments.kills:
        parser().error("--native goes with --kills")
    if arguments.cuts and arguments.kills:
        parser().error("--cuts and --kills exclude each other")
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda number, _: sys.exit(128 + number))
    seed = arguments.seed if arguments.seed is not None else random.SystemRandom().randrange(1 << 32)
    places.BUILD.mkdir(parents=True, exist_ok=True)
    # The path of a socket may not be longer than 107 bytes.
    folder = Path(tempfile.mkdtemp(prefix="apus-powercut-", dir="/var/tmp"))
    try:
        return _run(arguments, seed, folder)
    except DeviceError as error:
        print(f"powercut: {error}", file=sys.stderr)
        return error.status
    except KeyboardInterrupt:
        return 130
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _run(arguments: argparse.Namespace, seed: int, folder: Path) -> int:
    chance = random.Random(seed)
    architecture = "amd64" if arguments.native else "arm64"
    (folder / "images").mkdir()
    made = images.make(folder / "images", architecture, _busybox(architecture))
    where = "this machine" if arguments.native else f"the {arguments.kernel} kernel"
    events = "kills" if arguments.kills else "power cuts"
    tally = Tally(f"{arguments.filesystem} ({arguments.options}), {where}, seed {seed}", events)
    print(f"powercut: {tally.title}", file=sys.stderr, flush=True)
    started = time.monotonic()
    shown = 0

    def progress(tally: Tally) -> None:
        nonlocal shown
        if tally.count >= shown + 10:
            shown = tally.count
            print(f"powercut: {tally.count} {tally.events}, {len(tally.failures)} failures, {time.monotonic() - started:.0f} s", file=sys.stderr, flush=True)

    if arguments.native:
        apus = (arguments.apus or places.BUILD / "device" / "x86_64" / "apus").resolve()
        NativeKills(folder, apus, arguments.filesystem, made, tally, chance).run(arguments.kills, progress)
    else:
        setup = Setup.make(folder, arguments.kernel, arguments.filesystem, arguments.options, folder / "images")
        if arguments.kills:
            DeviceKills(setup, made, tally, chance).run(arguments.kills, progress)
        else:
            PowerCuts(setup, made, tally, chance, places.BUILD / "powercut").run(arguments.cuts or 100, progress)
    print(f"{tally.text()}\n  {time.monotonic() - started:.0f} s")
    return 1 if tally.failures else 0


def _busybox(architecture: str) -> bytes:
    """Debian's static busybox; the device's is in the cache, this machine's is put there."""
    if architecture == "arm64":
        return (rootfs.userland() / "busybox").read_bytes()
    place = places.cache() / "device" / f"busybox-{architecture}"
    with places.locked(place.with_suffix(".lock")):
        if not place.exists():
            with places.staged(place) as stage:
                Archive(architecture).unpack(["busybox-static"], stage / "package")
                found = next(path for path in (stage / "package").rglob("busybox") if path.is_file() and path.parent.name == "bin")
                shutil.copy(found, stage / "busybox")
                shutil.rmtree(stage / "package")
    return (place / "busybox").read_bytes()
