"""An import says how far it is: by a bar on a terminal, by lines elsewhere, or as JSON; one that was killed goes on where it was."""

from __future__ import annotations

import contextlib
import json
import random
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path

import archives
import layouts
import pytest
from made_images import base
from machines import Machine, Native
from terminals import on_a_terminal_of

#: So large that an import puts the layer on the medium before it goes on (`Limits.bytesToKeep`).
LARGE = 33 << 20


@contextlib.contextmanager
def layout(machine: Machine, size: int = 3 << 20, **faults: bool) -> Iterator[tuple[str, str]]:
    """A layout of two layers on the machine, the first with a file of so many bytes, and its name."""
    name = machine.new_name()
    place = f"{machine.volatile}/{name}"
    large = layouts.file("large", random.Random(size).randbytes(size))
    stack = [layouts.Layer([*base(machine.architecture), large]), layouts.Layer([layouts.file("small", b"s")], bad_checksum=faults.get("broken", False))]
    with tempfile.TemporaryDirectory() as folder:
        machine.put(layouts.write(Path(folder) / name, stack, architecture=machine.architecture), place)
    try:
        yield place, name
    finally:
        machine.sh(f"rm -rf {place}; {machine.apus} --data-root {machine.store} image remove {name} 2>/dev/null || :")


def test_json_has_an_object_in_each_line_for_all_that_happens(machine: Machine) -> None:
    with layout(machine) as (place, name):
        result = machine.call("image", "import", "--json", place).succeeded()
        assert result.stderr == b""
        events = [json.loads(line) for line in result.lines]
        assert [event["event"] for event in events if event["event"] != "progress"] == ["layer", "unpacked", "layer", "unpacked", "committing", "imported"]
        first = events[0]
        assert (first["number"], first["count"]) == (1, 2)
        index = json.loads(machine.sh(f"cat {place}/index.json"))
        manifest = json.loads(machine.sh(f"cat {place}/blobs/sha256/{index['manifests'][0]['digest'][7:]}"))
        assert (first["digest"], first["size"]) == (manifest["layers"][0]["digest"], manifest["layers"][0]["size"])
        steps = [event["bytes"] for event in events if event["event"] == "progress"]
        assert steps == sorted(steps) and len(steps) >= 3 and steps[-1] <= first["size"]
        assert events[-1] == {"event": "imported", "name": name, "manifest": index["manifests"][0]["digest"], "layers": 2, "shared": 0}
        again = [json.loads(line)["event"] for line in machine.call("image", "import", "--json", place).succeeded().lines]
        assert again == ["layer", "shared", "layer", "shared", "committing", "imported"]


def test_json_tells_of_warnings_and_of_the_error_too(machine: Machine) -> None:
    with layout(machine, broken=True) as (place, _):
        result = machine.call("image", "import", "--json", place)
        assert result.status == 1
        last = json.loads(result.lines[-1])
        assert last["event"] == "error" and "checksum" in last["message"]
        assert result.error == f"apus: {last['message']}\n"
    archive = archives.saved(machine.architecture, [archives.pack([*base(machine.architecture), layouts.device("dev/odd", 1, 3)])], ["odd:1"])
    events = [json.loads(line) for line in machine.call("image", "import", "--json", "-", data=archive).succeeded().lines]
    assert events[0]["event"] == "staged" and 1 << 20 <= events[0]["bytes"] <= len(archive)
    assert [event["message"] for event in events if event["event"] == "warning"][0].count("dev/odd") == 1
    machine.call("image", "remove", "odd:1").succeeded()


def test_elsewhere_than_on_a_terminal_it_is_lines_on_standard_error(machine: Machine) -> None:
    with layout(machine) as (place, name):
        result = machine.call("image", "import", place).succeeded()
        assert len(result.lines) == 1 and result.lines[0].startswith(f"imported {name} ")
        assert re.fullmatch(r"apus: layer 1 of 2: \d+ KiB\napus: layer 2 of 2: \d+ KiB\napus: writing to the medium\n", result.stderr.decode())
        again = machine.call("image", "import", "--quiet", place).succeeded()
        assert again.stderr == b"" and len(again.lines) == 1


def test_on_a_terminal_it_is_a_bar_that_is_gone_when_the_layer_is_there(machine: Machine) -> None:
    with layout(machine) as (place, name), on_a_terminal_of(machine, machine.words("image", "import", place), columns=72) as terminal:
        assert terminal.wait() == 0
        text = terminal.output.decode()
        drawn = re.findall(r"\rapus: (layer 1 of 2: \d+ KiB \[=*>? *\] (\d+) %)\x1b\[K", text)
        assert len(drawn) >= 2
        assert all(len(line) < 72 - len("apus: ") for line, _ in drawn)
        percents = [int(percent) for _, percent in drawn]
        assert percents == sorted(percents) and percents[-1] <= 100
        # What stays on the screen: each line as it was written last.
        stays = [line.rpartition("\r")[2].removeprefix("\x1b[K") for line in text.replace("\r\n", "\n").rstrip().split("\n")]
        assert [line.split(" (")[0].split(" sha256")[0] for line in stays][-2:] == ["apus: writing to the medium", f"imported {name}"]
        assert re.fullmatch(r"apus: layer 1 of 2: \d+ KiB", stays[0]) and re.fullmatch(r"apus: layer 2 of 2: \d+ KiB", stays[1])


def killed(machine: Machine, place: str) -> None:
    """Imports, and is killed when the first layer is on the medium and all of the second one is there."""
    trace = ["strace", "-qq", "-o", "/dev/null", "-e", "trace=syncfs", "-e", "inject=syncfs:signal=SIGKILL:when=2"]
    assert machine.run([*trace, *machine.words("image", "import", place)]).status == 137


def kept(machine: Machine) -> int:
    return len(machine.sh(f"ls {machine.store}/layers").split())


@pytest.mark.native
def test_an_import_that_was_killed_goes_on_with_the_layers_that_it_had(alone: Native) -> None:
    with layout(alone, LARGE) as (place, name):
        killed(alone, place)
        assert alone.call("image", "list").succeeded().text == ""
        assert alone.sh(f"ls {alone.store}/tmp") == "" and kept(alone) == 1
        inode = alone.sh(f"stat -c %i {alone.store}/layers/*/large")
        assert alone.call("image", "import", place).succeeded().lines[0].endswith("(2 layers, 1 of them there already)")
        assert alone.sh(f"stat -c %i {alone.store}/layers/*/large") == inode
        assert alone.sh(f"ls -d {alone.store}/importing 2>/dev/null || :") == ""
        alone.call("image", "remove", name).succeeded()
        assert kept(alone) == 0


@pytest.mark.native
@pytest.mark.parametrize("command", [["image", "prune"], ["image", "remove", "small"], ["image", "import"]])
def test_what_an_import_that_was_killed_has_left_goes(alone: Native, command: list[str]) -> None:
    small = alone.layout("busybox")
    alone.call("image", "import", "--name", "small", small).succeeded()
    with layout(alone, LARGE) as (place, _):
        killed(alone, place)
        assert alone.call("image", "list").succeeded().lines[0].startswith("small\t")
        assert kept(alone) == 2
        alone.call(*command, *([small] if command[-1] == "import" else [])).succeeded()
        assert kept(alone) == (0 if command[-1] == "small" else 1)
        assert alone.sh(f"ls -d {alone.store}/importing 2>/dev/null || :") == ""


@pytest.mark.native
def test_an_import_that_ends_with_an_error_leaves_nothing_of_its_complete_layers(alone: Native) -> None:
    with layout(alone, LARGE, broken=True) as (place, _):
        alone.call("image", "import", place).failed("checksum")
        assert kept(alone) == 0
        assert alone.sh(f"ls -d {alone.store}/importing 2>/dev/null || :") == ""


@pytest.mark.native
def test_a_damaged_note_of_an_import_that_was_killed_is_no_trouble(alone: Native) -> None:
    with layout(alone, LARGE) as (place, _):
        killed(alone, place)
        alone.sh(f"echo nonsense >{alone.store}/importing; mkdir {alone.store}/tmp/retired-7")
        assert alone.call("image", "list").succeeded().text == ""
        assert kept(alone) == 0
        alone.call("image", "import", place).succeeded()
