"""Debian packages through apt, with a configuration of our own: the machine's Debian sources and keys, and nothing of the system changed."""

from __future__ import annotations

import hashlib
import os
import re
import shlex
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from .progress import BuildError, read, run

_SETTINGS_NOT_TAKEN = re.compile(r"^Acquire::(IndexTargets|CompressionTypes|Languages|Allow\w+)\b")
_RETRY = "check the network and the machine's apt sources, then run toolchain/build --update"


@dataclass(frozen=True)
class PackageFile:
    """One file that apt offers for a package: its name, its size in bytes and its SHA-256 from the signed index."""

    package: str
    #: `source` or `binary`.
    kind: str
    name: str
    size: int
    sha256: str

    def line(self) -> str:
        """The file as a tab-separated line; `from_line` reads it back."""
        return "\t".join([self.package, self.kind, self.name, str(self.size), self.sha256])

    @staticmethod
    def from_line(line: str) -> PackageFile:
        """Reads what `line` wrote."""
        package, kind, name, size, sha256 = line.split("\t")
        return PackageFile(package, kind, name, int(size), sha256)


class PrivateApt:
    """An apt that has its own lists and cache below `root` and reads the machine's Debian sources, with source packages switched on.

    apt checks the signature of the release file against Debian's keys, the index against the release file, and each download against the index.
    """

    def __init__(self, root: Path, log: Path) -> None:
        self._root = root
        self._log = log
        self._variables = {"APT_CONFIG": os.fspath(root / "apt.conf")}

    def update(self) -> None:
        """Writes the configuration and fetches the package indexes."""
        for directory in ["lists/partial", "archives/partial", "sources", "conf"]:
            (self._root / directory).mkdir(parents=True, exist_ok=True)
        (self._root / "status").touch()
        for old in (self._root / "sources").iterdir():
            old.unlink()
        (self._root / "sources" / "debian.sources").write_text(debian_sources(Path("/etc/apt"), Path("/etc/os-release")))
        (self._root / "apt.conf").write_text(self._configuration())
        try:
            run(["apt-get", "update", "-o", "APT::Update::Error-Mode=any"], self._log, variables=self._variables)
        except BuildError as error:
            raise BuildError(f"{error}\n{_RETRY}") from None

    def _configuration(self) -> str:
        root = self._root
        taken = [line for line in read(["apt-config", "dump"]).splitlines() if line.startswith("Acquire::") and not _SETTINGS_NOT_TAKEN.match(line)]
        own = {
            "Dir::State::lists": root / "lists",
            "Dir::State::status": root / "status",
            "Dir::Cache": root,
            "Dir::Cache::archives": root / "archives",
            "Dir::Etc::sourcelist": root / "sources/debian.sources",
            "Dir::Etc::sourceparts": root / "sources",
            "Dir::Etc::parts": root / "conf",
            "Dir::Etc::main": root / "conf/none",
            "Acquire::Languages": "none",
            "Acquire::GzipIndexes": "true",
            "APT::Sandbox::User": "root",
        }
        return "\n".join([*taken, *(f'{name} "{value}";' for name, value in own.items())]) + "\n"

    def has_lists(self) -> bool:
        """Whether `update` has been done here before."""
        return (self._root / "apt.conf").exists()

    def files(self, package: str, kind: str) -> list[PackageFile]:
        """The files of a package's newest version; nothing is downloaded."""
        command = ["source", "--download-only"] if kind == "source" else ["download"]
        empty = self._root / "empty"
        empty.mkdir(exist_ok=True)
        output = read(["env", "-C", empty, "apt-get", "-qq", *command, "--print-uris", package], variables=self._variables)
        found = []
        for line in output.splitlines():
            words = shlex.split(line)
            if len(words) == 4 and words[3].startswith("SHA256:"):
                found.append(PackageFile(package, kind, words[1], int(words[2]), words[3].removeprefix("SHA256:")))
        if not found:
            raise BuildError(f"the machine's apt sources offer no {kind} package {package}; {_RETRY}")
        return found

    def download(self, package: str, kind: str, directory: Path) -> None:
        """Downloads the package's files into `directory`."""
        command = ["source", "--download-only"] if kind == "source" else ["download"]
        try:
            run(["apt-get", "-q", *command, package], self._log, directory=directory, variables=self._variables)
        except BuildError as error:
            raise BuildError(f"{error}\n{_RETRY}") from None


def fetch(apt: PrivateApt, files: Iterable[PackageFile], directory: Path) -> None:
    """Makes sure that `directory` holds every file with the right SHA-256; asks apt only for what is not there."""
    directory.mkdir(parents=True, exist_ok=True)
    wanted = list(files)
    absent = {(file.package, file.kind) for file in wanted if not _is_whole(directory, file)}
    for package, kind in sorted(absent):
        apt.download(package, kind, directory)
    for file in wanted:
        if not _is_whole(directory, file):
            raise BuildError(f"{file.name}: apt did not bring the version that was chosen (SHA-256 {file.sha256}); {_RETRY}")


def _is_whole(directory: Path, file: PackageFile) -> bool:
    path = directory / file.name
    return path.is_file() and path.stat().st_size == file.size and hashlib.sha256(path.read_bytes()).hexdigest() == file.sha256


def debian_sources(etc: Path, os_release: Path) -> str:
    """The machine's own Debian sources in deb822 form, for binary and source packages.

    Taken are the entries for this release (its code name, its updates and its security updates) that no foreign key signs; other repositories are left out.
    """
    codename = _codename(os_release)
    suites = {codename, f"{codename}-updates", f"{codename}-security", f"{codename}/updates"}
    stanzas = []
    for path in sorted((etc / "sources.list.d").glob("*.sources")):
        for block in re.split(r"\n\s*\n", path.read_text()):
            stanzas.append(_deb822(block))
    for path in [etc / "sources.list", *sorted((etc / "sources.list.d").glob("*.list"))]:
        if path.exists():
            stanzas.extend(filter(None, map(_one_line, path.read_text().splitlines())))
    chosen = []
    for stanza in stanzas:
        kept = [suite for suite in stanza.get("suites", "").split() if suite in suites]
        signed = stanza.get("signed-by", "debian-archive")
        if not kept or "deb" not in stanza.get("types", "").split() or "debian-archive" not in signed or stanza.get("enabled", "yes") == "no":
            continue
        lines = ["Types: deb deb-src", f"URIs: {stanza['uris']}", f"Suites: {' '.join(kept)}", "Components: main"]
        if "signed-by" in stanza:
            lines.append(f"Signed-By: {signed}")
        chosen.append("\n".join(lines) + "\n")
    if not chosen:
        places = f"{etc}/sources.list or {etc}/sources.list.d"
        raise BuildError(f"no Debian sources for {codename or 'this system'} in {places}; the SDK is made from Debian 12 source packages")
    return "\n".join(chosen)


def _codename(os_release: Path) -> str:
    for line in os_release.read_text().splitlines():
        if line.startswith("VERSION_CODENAME="):
            return line.partition("=")[2].strip('"')
    return ""


def _deb822(block: str) -> dict[str, str]:
    fields: dict[str, str] = {}
    last = ""
    for line in block.splitlines():
        if line.startswith("#"):
            continue
        if line[:1].isspace() and last:
            fields[last] += "\n" + line
        elif ":" in line:
            last, _, value = line.partition(":")
            last = last.strip().lower()
            fields[last] = value.strip()
    return fields


def _one_line(line: str) -> dict[str, str] | None:
    match = re.match(r"^\s*deb\s+(?:\[(?P<options>[^\]]*)\]\s+)?(?P<uri>\S+)\s+(?P<suite>\S+)\s+(?P<components>[^#]*)", line)
    if match is None or "main" not in match["components"].split():
        return None
    stanza = {"types": "deb", "uris": match["uri"], "suites": match["suite"]}
    for option in (match["options"] or "").split():
        name, _, value = option.partition("=")
        if name == "signed-by":
            stanza["signed-by"] = value
    return stanza
