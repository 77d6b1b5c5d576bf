"""Kernel modules: which ones the guest gets, what they depend on, in which order they are loaded."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from .errors import DeviceError


@dataclass(frozen=True)
class Wanted:
    """A line of `cross/guest/modules`."""

    name: str
    at_boot: bool


def read_wanted(text: str) -> list[Wanted]:
    """Parses `cross/guest/modules`: `boot NAME` or `later NAME`, with comments after `#`."""
    wanted = []
    for number, line in enumerate(text.splitlines(), 1):
        words = line.partition("#")[0].split()
        if not words:
            continue
        if len(words) != 2 or words[0] not in ("boot", "later"):
            raise DeviceError(f"guest/modules line {number}: expected 'boot NAME' or 'later NAME'")
        wanted.append(Wanted(words[1], words[0] == "boot"))
    return wanted


def module_name(path: str) -> str:
    """The name of a module file as the kernel knows it: dashes are underscores."""
    return PurePosixPath(path).name.partition(".ko")[0].replace("-", "_")


def parse_dependencies(modules_dep: str) -> dict[str, tuple[str, list[str]]]:
    """modules.dep as name -> (path, paths it depends on). depmod lists all of them, the last to be loaded first."""
    table = {}
    for line in modules_dep.splitlines():
        path, colon, rest = line.partition(":")
        if colon:
            table[module_name(path)] = (path, rest.split())
    return table


def load_order(modules_dep: str, modules_builtin: str, names: Sequence[str]) -> list[str]:
    """The paths of `names` and of everything they need, each after what it depends on, each once. What is built in needs no file."""
    table = parse_dependencies(modules_dep)
    builtin = {module_name(line) for line in modules_builtin.split()}
    order: list[str] = []
    for name in names:
        if name in builtin:
            continue
        if name not in table:
            raise DeviceError(f"the kernel package has no module {name}")
        path, needs = table[name]
        for needed in [*reversed(needs), path]:
            if needed not in order:
                order.append(needed)
    return order


def copy_modules(source: Path, target: Path, names: Sequence[str]) -> None:
    """Copies the modules and what they need, with the lists that depmod reads, from one /lib/modules/RELEASE to another."""
    builtin = (source / "modules.builtin").read_text()
    for path in load_order((source / "modules.dep").read_text(), builtin, names):
        (target / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source / path, target / path)
    for name in ("modules.builtin", "modules.builtin.modinfo", "modules.order"):
        shutil.copyfile(source / name, target / name)
