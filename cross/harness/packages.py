"""Debian packages of another architecture, through apt with a configuration of its own.

The machine's foreign architectures, package lists and sources stay as they are.
Signatures are checked by apt against Debian's keyring, which is the only one accepted.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from . import places
from .errors import DeviceError
from .tools import call

KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")

_SUITE_ENDINGS = ("", "-updates", "-security")


@dataclass(frozen=True)
class Package:
    """One version of a package, as the archive describes it."""

    name: str
    version: str
    depends: tuple[str, ...]
    """The alternatives' first names only; that is all the packages fetched here need."""


def debian_sources(targets: str, codename: str, kind: str = "deb") -> list[str]:
    """The lines of sources.list for the Debian suites among apt's index targets (`REPO_URI RELEASE COMPONENT` per line).

    Third parties' sources name other suites than Debian's own and drop out.
    """
    suites = {codename + ending for ending in _SUITE_ENDINGS}
    lines: list[str] = []
    for target in targets.splitlines():
        fields = target.split()
        if len(fields) == 3 and fields[1] in suites and fields[2] == "main":
            line = f"{kind} [signed-by={KEYRING}] {fields[0]} {fields[1]} {fields[2]}"
            if line not in lines:
                lines.append(line)
    return lines


def parse_show(text: str) -> list[Package]:
    """The packages in the output of `apt-cache show`, newest first as apt prints them."""
    packages = []
    for stanza in text.split("\n\n"):
        fields = dict(re.findall(r"^([A-Za-z-]+): (.*)$", stanza, re.MULTILINE))
        if "Package" in fields and "Version" in fields:
            names = [re.split(r"[ (:|]", part.strip(), maxsplit=1)[0] for part in fields.get("Depends", "").split(",")]
            packages.append(Package(fields["Package"], fields["Version"], tuple(name for name in names if name)))
    return packages


class Archive:
    """Debian's archive for one architecture. Package lists are fetched once per object, when they are first needed."""

    def __init__(self, architecture: str) -> None:
        """`architecture` is Debian's name for it: `arm64`."""
        self._directory = places.cache() / "apt" / architecture
        self._architecture = architecture
        self._fresh = False

    def show(self, name: str) -> Package:
        """The newest version of a package."""
        self._refresh()
        found = parse_show(self._apt("apt-cache", "show", name))
        if not found:
            raise DeviceError(f"Debian's archive for {self._architecture} has no package {name}")
        return found[0]

    def unpack(self, names: Sequence[str], into: Path) -> dict[str, str]:
        """Downloads the packages, has apt check them, and unpacks their files. Returns name -> version."""
        self._refresh()
        downloads = self._directory / "downloads"
        downloads.mkdir(exist_ok=True)
        versions = {}
        with places.locked(self._directory / "downloads.lock"):
            for old in downloads.glob("*.deb"):
                old.unlink()
            self._apt("apt-get", "-q", "download", *names, cwd=downloads)
            for package in sorted(downloads.glob("*.deb")):
                name, version = call(["dpkg-deb", "--show", "--showformat=${Package} ${Version}", package]).split()
                versions[name] = version
                call(["dpkg-deb", "--extract", package, into])
                package.unlink()
        missing = set(names) - set(versions)
        if missing:
            raise DeviceError(f"apt-get download did not bring {', '.join(sorted(missing))}")
        return versions

    def _apt(self, *arguments: str, cwd: Path | None = None) -> str:
        return call(arguments, environment={"APT_CONFIG": str(self._directory / "apt.conf")}, cwd=cwd)

    def _refresh(self) -> None:
        if self._fresh:
            return
        with places.locked(self._directory / "lists.lock"):
            for name in ("state", "lists/partial", "cache/archives/partial"):
                (self._directory / name).mkdir(parents=True, exist_ok=True)
            (self._directory / "status").touch()
            (self._directory / "sources.list").write_text("\n".join(self._sources()) + "\n")
            (self._directory / "apt.conf").write_text(self._configuration())
            self._apt("apt-get", "-q", "update")
        self._fresh = True

    def _sources(self) -> list[str]:
        if not KEYRING.exists():
            raise DeviceError(f"{KEYRING} is missing; install it with: apt-get install debian-archive-keyring")
        match = re.search(r"^VERSION_CODENAME=(\w+)$", Path("/etc/os-release").read_text(), re.MULTILINE)
        codename = match[1] if match else ""
        targets = call(["apt-get", "indextargets", "--format", "$(REPO_URI) $(RELEASE) $(COMPONENT)"])
        lines = debian_sources(targets, codename)
        if not lines:
            raise DeviceError(f"apt on this machine has no Debian source for the suite {codename or 'of this system'}")
        return lines

    def _configuration(self) -> str:
        here = self._directory
        return f"""\
#clear APT::Architectures;
APT::Architecture "{self._architecture}";
APT::Architectures {{ "{self._architecture}"; }};
APT::Sandbox::User "";
Acquire::Languages "none";
Acquire::Retries "3";
Dir::State "{here}/state";
Dir::State::status "{here}/status";
Dir::State::lists "{here}/lists";
Dir::Cache "{here}/cache";
Dir::Etc::sourcelist "{here}/sources.list";
Dir::Etc::sourceparts "-";
"""
