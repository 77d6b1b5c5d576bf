"""Debian packages: which versions an image gets (apt decides, with the machine's own sources and keys), and their files (mmdebstrap).

Nothing of the machine's package system is changed: apt works in a folder of its own, for any architecture, and no script of a package is run.
"""

import os
import re
import shlex
import shutil
from collections.abc import Sequence
from pathlib import Path

from .errors import BuildError, run

#: Names and versions of packages, sorted.
Versions = list[tuple[str, str]]

#: dpkg patterns for what a container never reads. Licences stay.
EXCLUDED = (
    "/usr/share/doc/*", "/usr/share/man/*", "/usr/share/info/*", "/usr/share/locale/*", "/usr/share/lintian/*", "/usr/share/bash-completion/*",
    "/usr/share/initramfs-tools/*", "/usr/share/gdb/*", "/usr/share/gcc/*", "/usr/share/apport/*", "/usr/share/vim/*", "/usr/lib/*/gconv/*",
    "/lib/systemd/*", "/usr/lib/systemd/*", "/etc/init.d/*", "/etc/logrotate.d/*", "/etc/cron*", "/etc/ufw/*", "/etc/default/*",
)
_INCLUDED = ("/usr/share/doc/*/copyright",)
_MERGED_USR = "/usr/share/mmdebstrap/hooks/merged-usr"


def suite() -> str:
    """The code name of the machine's Debian release; the images are made of the same one."""
    for line in Path("/etc/os-release").read_text(encoding="utf-8").splitlines():
        if line.startswith("VERSION_CODENAME="):
            return line.partition("=")[2].strip('"')
    raise BuildError("/etc/os-release names no VERSION_CODENAME: this is not a Debian release")


def debian_sources(suite_name: str, folder: Path = Path("/etc/apt")) -> dict[str, str]:
    """The machine's own sources of its Debian release and nothing else: one text for each of apt's two formats that it uses, by file suffix.

    What restricts a source to the machine's architecture is left out.
    """
    suites = {suite_name, f"{suite_name}-updates", f"{suite_name}-security"}
    stanzas: list[str] = []
    for file in sorted((folder / "sources.list.d").glob("*.sources")):
        for stanza in re.split(r"\n\s*\n", file.read_text(encoding="utf-8")):
            values = dict(re.findall(r"^([A-Za-z-]+):[ \t]*(.*)$", stanza, re.MULTILINE))
            wanted = values.get("Suites", "").split()
            if wanted and set(wanted) <= suites and "deb" in values.get("Types", "").split() and values.get("Enabled", "yes") == "yes":
                stanza = re.sub(r"^Types:.*$", "Types: deb", stanza.strip() + "\n", flags=re.MULTILINE)
                stanzas.append(re.sub(r"^(Architectures:.*|#.*)\n", "", stanza, flags=re.MULTILINE))
    lines: list[str] = []
    for file in (folder / "sources.list", *sorted((folder / "sources.list.d").glob("*.list"))):
        for line in file.read_text(encoding="utf-8").splitlines() if file.exists() else []:
            found = re.match(r"deb\s+(\[[^]]*\]\s+)?(\S+)\s+(\S+)\s+(.+)", line)
            if found and found[3] in suites:
                options = [word for word in (found[1] or "").strip(" []").split() if not word.startswith("arch")]
                lines.append(" ".join(["deb", *([f"[{' '.join(options)}]"] if options else []), found[2], found[3], found[4]]) + "\n")
    texts = {".sources": "\n".join(stanzas), ".list": "".join(lines)}
    if not any(texts.values()):
        raise BuildError(f"{folder} has no source of Debian {suite_name}")
    return {suffix: text for suffix, text in texts.items() if text}


def status_text(packages: Sequence[tuple[str, str]], architecture: str) -> str:
    """A dpkg status file which says that these packages (name, version) are installed."""
    form = "Package: {}\nStatus: install ok installed\nMaintainer: nobody\nArchitecture: {}\nVersion: {}\nDescription: in the base, or not needed\n\n"
    return "".join(form.format(name, architecture, version) for name, version in packages)


#: The version of a package that is said to be there although it is not: above all that a dependency could ask for.
_ABSENT = "9999"


class Packages:
    """apt and mmdebstrap for one architecture, in `folder` (kept between runs: the package lists stay there)."""

    def __init__(self, folder: Path, architecture: str) -> None:
        self.folder, self.architecture, self.suite = folder.resolve(), architecture, suite()
        self._fresh = False
        self._sources: list[Path] = []

    @property
    def _environment(self) -> dict[str, str]:
        return {"APT_CONFIG": str(self.folder / "apt.conf")}

    def refresh(self) -> None:
        """Fetches the package lists, once in the life of this value. apt checks the signatures."""
        if self._fresh:
            return
        shutil.rmtree(self.folder / "sources", ignore_errors=True)
        for part in ("lists/partial", "cache/archives/partial", "sources"):
            (self.folder / part).mkdir(parents=True, exist_ok=True)
        self._sources = []
        for suffix, text in debian_sources(self.suite).items():
            self._sources.append(self.folder / "sources" / f"debian{suffix}")
            self._sources[-1].write_text(text, encoding="utf-8")
        settings = {
            "APT::Architecture": self.architecture,
            "APT::Architectures": self.architecture,
            "APT::Sandbox::User": "root",
            "APT::Install-Recommends": "false",
            "Dir::State": self.folder,
            "Dir::State::Lists": self.folder / "lists",
            "Dir::State::status": self.folder / "status",
            "Dir::Cache": self.folder / "cache",
            "Dir::Etc::SourceList": "/dev/null",
            "Dir::Etc::SourceParts": self.folder / "sources",
            "Acquire::Languages": "none",
            "Acquire::Retries": "3",
        }
        (self.folder / "apt.conf").write_text("".join(f'{key} "{value}";\n' for key, value in settings.items()), encoding="utf-8")
        (self.folder / "status").write_text("", encoding="utf-8")
        run(["apt-get", "update", "-q", "--error-on=any"], self._environment)
        self._fresh = True

    def resolve(self, packages: Sequence[str], without: Sequence[str], present: Versions) -> Versions:
        """Name and version of what `packages` needs over and above what is `present`, sorted."""
        self.refresh()
        claimed = [*present, *((name, _ABSENT) for name in without)]
        (self.folder / "status").write_text(status_text(claimed, self.architecture), encoding="utf-8")
        plan = run(["apt-get", "install", "--simulate", *packages], self._environment)
        return sorted(re.findall(r"^Inst (\S+) (?:\[\S+\] )?\((\S+) ", plan, re.MULTILINE))

    def extract(self, packages: Versions, without: Sequence[str], present: Versions, exclude: Sequence[str], root: Path) -> None:
        """Downloads exactly `packages`, checks them and lays their files out in `root`, which must not exist."""
        self.refresh()
        claimed = [*present, *((name, _ABSENT) for name in without)]
        (self.folder / "claimed").write_text(status_text(claimed, self.architecture), encoding="utf-8")
        machine = [line for line in run(["apt-config", "dump"]).splitlines() if re.match(r"Acquire::(\S*[Pp]roxy|Check-)", line)]
        options = [*machine, 'Acquire::Retries "3";', 'APT::Sandbox::User "root";']
        run([
            "mmdebstrap", "--quiet", "--mode=root", "--format=directory", "--variant=extract", f"--architectures={self.architecture}",
            "--skip=update,download/empty,chroot/mount", *(f"--aptopt={line}" for line in options),
            *(f"--dpkgopt=path-exclude={pattern}" for pattern in (*EXCLUDED, *exclude)), *(f"--dpkgopt=path-include={pattern}" for pattern in _INCLUDED),
            f"--hook-dir={_MERGED_USR}",
            f'--setup-hook=cp -r {shlex.quote(str(self.folder / "lists"))} "$1/var/lib/apt/"',
            f'--setup-hook=cat {shlex.quote(str(self.folder / "claimed"))} >> "$1/var/lib/dpkg/status"',
            "--include=" + ",".join(f"{name}={version}" for name, version in packages), self.suite, root, *self._sources,
        ], {"TMPDIR": os.environ.get("TMPDIR", "/tmp")})


def missing_tools(tools: Sequence[tuple[str, str]]) -> list[str]:
    """The Debian packages to install for those of the tools (program, package) that are not there."""
    return sorted({package for program, package in tools if shutil.which(program) is None})
