"""Buildah: builds with commands that run on Apus, and containers to try things in."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from buildah import Buildah
from engine import IMAGE

pytestmark = pytest.mark.native


@pytest.fixture
def working(buildah: Buildah) -> Iterator[str]:
    """A working container; gives its name."""
    name = buildah.call("from", "--pull-never", IMAGE).succeeded().text.strip()
    yield name
    buildah.call("rm", name).succeeded()


def test_a_build_with_commands(buildah: Buildah, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("from the context\n")
    (tmp_path / "Containerfile").write_text(f"""\
FROM {IMAGE} AS first
COPY file /data/file
RUN cat /data/file >/data/copy && id -u >/data/user
USER 1000:1001
WORKDIR /tmp
ENV NAME="a value"
RUN id -u >user && pwd >>user && echo $NAME >>user
FROM {IMAGE}
COPY --from=first /data /data
COPY --from=first /tmp/user /data/second
RUN cat /data/copy /data/user /data/second >/data/all
""")
    buildah.build(tmp_path, "localhost/built").succeeded()
    name = buildah.call("from", "--pull-never", "localhost/built").succeeded().text.strip()
    assert buildah.run_in(name, "cat", "/data/all").succeeded().text == "from the context\n0\n1000\n/tmp\na value\n"
    buildah.call("rm", name).succeeded()
    buildah.call("rmi", "--force", "localhost/built").succeeded()


def test_a_command_of_a_build_that_fails(buildah: Buildah, tmp_path: Path) -> None:
    (tmp_path / "Containerfile").write_text(f"FROM {IMAGE}\nRUN exit 23\n")
    result = buildah.build(tmp_path, "localhost/failed")
    assert result.status != 0
    assert "exit status 23" in result.error
    buildah.call("rm", "--all")


def test_run_gives_status_and_streams(buildah: Buildah, working: str) -> None:
    result = buildah.run_in(working, "sh", "-c", "echo out; echo error >&2; exit 7")
    assert (result.status, result.text) == (7, "out\n")
    assert result.error.startswith("error\n")


def test_options_of_run(buildah: Buildah, working: str) -> None:
    folder = buildah.place.folder / "bound"
    folder.mkdir()
    (folder / "file").write_text("from the host\n")
    script = "id -u; pwd; echo $NAME; cat /there/file; touch /there/new 2>/dev/null || echo refused; grep CapBnd /proc/self/status"
    options = ["--user", "1000", "--workingdir", "/usr", "--env", "NAME=a value", "--volume", f"{folder}:/there:ro", "--cap-drop", "all"]
    lines = buildah.run_in(working, "sh", "-c", script, options=options).succeeded().lines
    assert lines == ["1000", "/usr", "a value", "from the host", "refused", "CapBnd:\t" + "0" * 16]
    (folder / "file").unlink()
    folder.rmdir()


def test_run_on_a_terminal(buildah: Buildah, working: str) -> None:
    with buildah.on_a_terminal(*buildah.run_words(working, "sh", "-c", "tty; exit 8", options=["--terminal"])) as terminal:
        terminal.read_until(b"/dev/pts/0")
        assert terminal.wait() == 8


def test_a_command_that_is_not_there(buildah: Buildah, working: str) -> None:
    result = buildah.run_in(working, "no-such-command")
    assert result.status != 0
    assert "no-such-command" in result.error
