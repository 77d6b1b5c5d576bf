"""The command line of `cross/device`: its verbs and options."""

from __future__ import annotations

import argparse
import dataclasses
from collections.abc import Sequence

from . import disks, kernels, state
from .errors import UsageError

DESCRIPTION = """\
An arm64 device under QEMU, for trying and testing Apus without hardware. Commands run in it as root; apus is on its PATH when
cross/build has made it, the test images of cross/images are at /images, /data is a disk that persists, all else is read-only or memory.
"""

EPILOG = """\
exit status:
  run and shell: that of the command; 128 + N when signal N ended it
  2    the command line is wrong, or a program is missing
  124  the time limit passed; the message says in which step
  125  anything else that went wrong with the device (for verbs other than run and shell: 1)
  130  interrupted

examples:
  cross/device run -- uname -a                               a fresh device for one command
  cross/device boot --kernel phone --cgroups android         a device that stays (its name is "default")
  cross/device run --name default -- apus image run redis    a command in it
  cross/device copy ./app device:/data/                      a file into it
  cross/device power-cut --while 'dd if=/dev/zero of=/data/x' --after 2 --boot
  cross/device stop
"""

TIME_LIMITS = {"boot": 60.0, "run": 600.0, "shell": 7200.0, "copy": 300.0, "power-cut": 300.0, "stop": 60.0, "prepare": 900.0}
"""Seconds for a whole call."""


def parser() -> argparse.ArgumentParser:
    """The parser with all verbs."""
    top = argparse.ArgumentParser(
        prog="cross/device", description=DESCRIPTION, epilog=EPILOG, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False
    )
    verbs = top.add_subparsers(dest="verb", metavar="VERB", required=True)

    boot = _verb(verbs, "boot", "start a device in the background and wait until it takes commands")
    _machine_options(boot)

    run = _verb(verbs, "run", "run a command with its input, output and exit status; without --name, in a fresh device that vanishes afterwards", name=None)
    _machine_options(run)
    run.add_argument("-t", "--tty", action="store_true", help="give the command a terminal")
    run.add_argument("command", nargs="+", metavar="CMD", help="the command and its arguments, after --")

    shell = _verb(verbs, "shell", "an interactive shell; without --name, in a fresh device that vanishes afterwards", name=None)
    _machine_options(shell)

    copy = _verb(verbs, "copy", "copy a file or directory into a running device or out of it; the device's side is written device:PATH")
    copy.add_argument("source", metavar="FROM")
    copy.add_argument("target", metavar="TO", help="an existing directory (FROM is put into it), or the new name; files are replaced, directories are not")

    cut = _verb(verbs, "power-cut", "end a running device without warning, at a chosen moment")
    moment = cut.add_mutually_exclusive_group()
    moment.add_argument("--after", type=float, metavar="SECONDS", help="cut after that time (default: at once; with --while: after 1 s)")
    moment.add_argument("--when-console", metavar="TEXT", help="cut when the console says TEXT from now on")
    moment.add_argument("--when-output", metavar="TEXT", help="cut when the command of --while has written TEXT")
    cut.add_argument("--while", dest="during", metavar="CMD", help="run this shell command in the device meanwhile; it must not end before the cut")
    cut.add_argument("--boot", action="store_true", help="boot again with the same disk")

    _verb(verbs, "stop", "shut a device down in good order")
    _verb(verbs, "console", "print what a device wrote to its console since its last boot", limit=False)
    _verb(verbs, "remove", "delete a device that is off, its disk included", limit=False)
    verbs.add_parser("list", help="list the named devices", allow_abbrev=False)
    prepare = _verb(verbs, "prepare", "fetch what devices need ahead of time (boot does it by itself)", named=False)
    prepare.add_argument("--kernel", choices=kernels.KERNELS, default="debian")
    prepare.add_argument("--update", action="store_true", help="fetch Debian's present versions even if the cache has older ones")
    return top


def _verb(
    verbs: argparse._SubParsersAction[argparse.ArgumentParser], verb: str, text: str, *, name: str | None = "default", named: bool = True, limit: bool = True
) -> argparse.ArgumentParser:
    made = verbs.add_parser(verb, help=text, description=text[0].upper() + text[1:] + ".", allow_abbrev=False)
    if named:
        made.add_argument("--name", default=name, metavar="N", help="the device's name" + (f" (default: {name})" if name else ""))
    if limit:
        made.add_argument("--timeout", type=_seconds, default=TIME_LIMITS[verb], metavar="S", help="seconds for the whole call (default: %(default)g)")
    return made


def _machine_options(made: argparse.ArgumentParser) -> None:
    """Options of the machine. None means: as at the last boot of this device, else the default."""
    default = state.Options()
    made.add_argument("--kernel", choices=kernels.KERNELS, help=f"Debian's kernel, or one configured like a phone's (default: {default.kernel})")
    made.add_argument("--cgroups", choices=state.LAYOUTS, help=f"the cgroup layout (default: {default.cgroups})")
    made.add_argument("--root", choices=state.ROOTS, help=f"a root on a disk, or the kernel's first RAM disk (default: {default.root})")
    made.add_argument("--memory", type=_size, metavar="SIZE", help=f"memory (default: {default.memory >> 20}M)")
    made.add_argument("--cpus", type=int, metavar="N", help=f"processors (default: {default.cpus})")
    made.add_argument("--data", choices=disks.FILE_SYSTEMS, help=f"file system of the data disk (default: {default.data}); f2fs needs the phone kernel")
    made.add_argument("--data-size", type=_size, metavar="SIZE", help=f"size of a new data disk (default: {default.data_size >> 30}G)")
    made.add_argument("--engines", action=argparse.BooleanOptionalAction, help="with Podman and containerd, which want more memory: 512M")
    made.add_argument("--lifetime", type=int, metavar="S", help=f"seconds after which the device switches itself off (default: {default.lifetime})")
    made.add_argument("--append", metavar="WORDS", help="more words for the kernel's command line, such as lsm=selinux")


def machine_options(arguments: argparse.Namespace, known: state.Options | None) -> state.Options:
    """The options that were given, on top of those of the device's last boot, on top of the defaults."""
    given = {field.name: value for field in dataclasses.fields(state.Options) if (value := getattr(arguments, field.name)) is not None}
    return dataclasses.replace(known or state.Options(), **given)


def parse(words: Sequence[str]) -> argparse.Namespace:
    """The parsed command line; wrong ones end the program with status 2, as argparse does."""
    top = parser()
    arguments = top.parse_args(words)
    if arguments.verb == "power-cut" and arguments.when_output is not None and arguments.during is None:
        top.error("--when-output needs --while")
    return arguments


def _seconds(text: str) -> float:
    value = float(text)
    if not 0 < value <= 7 * 86400:
        raise argparse.ArgumentTypeError("must be more than 0 seconds and at most 7 days")
    return value


def _size(text: str) -> int:
    try:
        return disks.parse_size(text)
    except UsageError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
