"""Completions, asked of the shells themselves."""

from __future__ import annotations

import os
import pty
import select
import shlex
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from machines import Machine, binary

pytestmark = pytest.mark.native

#: The first words that `apus` takes; others are tested where they matter.
FIRST = {"create", "start", "run", "exec", "state", "kill", "delete", "image", "completion", "help"}


def script(shell: str) -> str:
    """What `apus completion` prints."""
    return subprocess.run([binary("x86_64"), "completion", shell], capture_output=True, text=True, check=True).stdout


def bash(words: list[str], cwd: Path, command: Path | str = "apus") -> list[str]:
    """What bash offers for the last of the words, which are as bash has taken them apart."""
    quoted = " ".join(shlex.quote(str(word)) for word in [command, *words])
    ask = f"COMP_WORDS=({quoted}); COMP_CWORD={len(words)}; _apus; printf '%s\\n' \"${{COMPREPLY[@]}}\""
    done = subprocess.run(["bash", "--norc", "-u", "-c", script("bash") + ask], cwd=cwd, capture_output=True, text=True, check=True, timeout=30)
    assert done.stderr == ""
    return [line for line in done.stdout.splitlines() if line]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a file and a folder in it."""
    (tmp_path / "bundle").mkdir()
    (tmp_path / "bottle").write_text("")
    return tmp_path


def test_bash_offers_commands_and_those_of_a_group(folder: Path) -> None:
    assert FIRST <= set(bash([""], folder))
    assert bash(["--root", "/x", "sta"], folder) == ["start", "state"]
    verbs = "df export history import inspect list mount prune remove run tag unmount verify"
    assert sorted(bash(["image", ""], folder)) == verbs.split()
    assert sorted(bash(["release", ""], folder)) == ["accept", "confirm", "inspect", "list", "remove", "revert"]
    assert sorted(bash(["trust", ""], folder)) == ["show", "update"]
    assert bash(["app", ""], folder) == ["validate"]
    assert bash(["help", "im"], folder) == ["image"]
    assert bash(["nosuch", ""], folder) == []


def test_bash_offers_options_with_the_dash_only(folder: Path) -> None:
    assert bash(["--log"], folder) == ["--log", "--log-format"]
    assert {"--bundle", "-b", "--help", "-h"} <= set(bash(["create", "-"], folder))
    assert bash(["image", "run", "--me"], folder) == ["--memory"]


@pytest.mark.parametrize("words", [["--log-format", ""], ["--log-format", "="], ["--root", "=", "/x", "--log-format", "=", ""]])
def test_bash_offers_the_words_of_a_value(folder: Path, words: list[str]) -> None:
    assert bash(words, folder) == ["text", "json"]


def test_bash_offers_files_and_folders(folder: Path) -> None:
    assert bash(["run", "-b", "b"], folder) == ["bundle"]
    assert sorted(bash(["run", "--pid-file", "=", "b"], folder)) == ["bottle", "bundle"]
    assert bash(["image", "run", "--memory", ""], folder) == []


def test_bash_offers_images_as_they_are_and_expands_nothing_in_them(folder: Path, tmp_path: Path) -> None:
    fake = tmp_path / "fake"
    fake.write_text("#!/bin/sh\n[ \"$*\" = '--data-root /d image list' ] && printf 'redis:7\\tx\\nr$(touch hit)\\tx\\nother\\tx\\n'\n")
    fake.chmod(0o755)
    assert bash(["--data-root", "/d", "image", "run", "r"], folder, fake) == ["redis:7", r"r\$\(touch\ hit\)"]
    assert bash(["--data-root", "/d", "image", "remove", "redis", ":", ""], folder, fake) == ["7"]
    assert bash(["--data-root", "/d", "image", "remove", "redis", ":", "7"], folder, fake) == ["7"]
    assert not (folder / "hit").exists()
    assert bash(["--data-root", "/d", "image", "run", "redis", "r"], folder, fake) == []


#: Loads the completions, and has Ctrl-T put the line into a file and empty it.
ZSHRC = """
fpath=($ZDOTDIR $fpath)
autoload -Uz compinit
compinit -u -D
unset zle_bracketed_paste
show() { print -r -- "$BUFFER" >> $ZDOTDIR/lines; BUFFER=; }
zle -N show
bindkey '^T' show
bindkey '^I' complete-word
PS1=
: > $ZDOTDIR/lines
"""


class Zsh:
    """A zsh on a terminal, with the completions loaded."""

    def __init__(self, folder: Path) -> None:
        own = folder / ".zsh"
        own.mkdir()
        (own / "_apus").write_text(script("zsh"))
        (own / ".zshrc").write_text(ZSHRC)
        self._lines = own / "lines"
        self._process, self._terminal = pty.fork()
        if self._process == 0:
            os.chdir(folder)
            environment = {"PATH": f"{binary('x86_64').parent}:/usr/bin:/bin", "TERM": "dumb", "HOME": str(folder), "ZDOTDIR": str(own)}
            os.execvpe("zsh", ["zsh", "-d", "-i"], environment)
        self._wait(0)

    def complete(self, line: str) -> str:
        """The line after one press of the tabulator."""
        count = len(self._lines.read_text().splitlines())
        os.write(self._terminal, f"{line}\t\x14".encode())
        return self._wait(count + 1)[-1].rstrip()

    def _wait(self, count: int) -> list[str]:
        """The lines of the file once there are so many; what the terminal shows is read away."""
        end = time.monotonic() + 30
        while not self._lines.exists() or len(self._lines.read_text().splitlines()) < count:
            assert time.monotonic() < end
            if select.select([self._terminal], [], [], 0.05)[0]:
                os.read(self._terminal, 4096)
        return self._lines.read_text().splitlines()

    def close(self) -> None:
        """Ends it."""
        os.close(self._terminal)
        os.waitpid(self._process, 0)


@pytest.fixture
def zsh(folder: Path) -> Iterator[Zsh]:
    """A zsh in the folder."""
    shell = Zsh(folder)
    yield shell
    shell.close()


def test_zsh_completes_commands_options_and_values(zsh: Zsh) -> None:
    for line, completed in [
        ("apus crea", "apus create"),
        ("apus --root /x crea", "apus --root /x create"),
        ("apus image imp", "apus image import"),
        ("apus --log-for", "apus --log-format="),
        ("apus --log-format=j", "apus --log-format=json"),
        ("apus --log-format j", "apus --log-format json"),
        ("apus create --bun", "apus create --bundle="),
        ("apus create --bundle bu", "apus create --bundle bundle/"),
        ("apus create -b bu", "apus create -b bundle/"),
        ("apus run --pid-file bo", "apus run --pid-file bottle"),
        ("apus image run --netw", "apus image run --network="),
        ("apus image run --network h", "apus image run --network host"),
        ("apus completion z", "apus completion zsh"),
        ("apus help compl", "apus help completion"),
    ]:
        assert zsh.complete(line) == completed


def test_the_script_for_bash_is_clean() -> None:
    done = subprocess.run(["shellcheck", "-s", "bash", "-"], input=script("bash"), capture_output=True, text=True, check=False)
    assert done.stdout == "" and done.returncode == 0


def test_another_shell_is_refused(native: Machine) -> None:
    native.call("completion", "fish").failed("fish", status=2)
    native.call("completion").failed("bash or zsh", status=2)
