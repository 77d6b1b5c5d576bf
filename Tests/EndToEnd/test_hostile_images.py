"""Broken images are refused, hostile ones stay in their folder; see hostile.py for what each name means."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import hostile
import pytest
from machines import Machine

_SENTINEL = "untouched"


class Outside:
    """A folder outside the image that a layer tries to reach, and files of the machine that it tries to change."""

    def __init__(self, machine: Machine) -> None:
        """Makes the folder."""
        self.machine = machine
        self.path = machine.new_folder()
        machine.sh(f"echo {_SENTINEL} >{self.path}/victim; chmod 755 {self.path}")
        self.before = self._look()

    def _look(self) -> str:
        return self.machine.sh(f"ls -A {self.path}; stat -c '%n %F %a %u:%g %s %h' {self.path} {self.path}/victim; cat {self.path}/victim; sha256sum /etc/passwd; stat -c %h /etc/passwd; ls / /etc | sort | sha256sum")

    def check(self) -> None:
        """Fails if anything has changed."""
        assert self._look() == self.before


@pytest.fixture
def outside(machine: Machine) -> Outside:
    """The folder outside."""
    return Outside(machine)


@pytest.fixture(scope="module")
def made(request: pytest.FixtureRequest) -> Iterator[Path]:
    """A place on this machine to make the images at."""
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


def brought(machine: Machine, maker: hostile.Maker, outside: Outside, made: Path) -> tuple[str, str]:
    """Makes an image and brings it to the machine; gives its folder there and the name for it."""
    name = machine.new_name()
    place = maker(made / name, machine.architecture, outside.path)
    target = f"{machine.volatile}/{name}"
    machine.put(place, target)
    return target, name


def stored(machine: Machine) -> str:
    """Everything in the store, but for the lock."""
    return machine.sh(f"[ ! -d {machine.store} ] || find {machine.store} -mindepth 1 -maxdepth 3 ! -name '*lock*' | sort")


@pytest.mark.parametrize("name", sorted(hostile.BROKEN))
def test_a_broken_image_is_refused(machine: Machine, outside: Outside, made: Path, name: str) -> None:
    machine.image("busybox")
    before = stored(machine)
    target, image = brought(machine, hostile.BROKEN[name], outside, made)
    result = machine.call("image", "import", "--name", image, target)
    machine.sh(f"rm -rf {target}")
    result.failed()
    assert stored(machine) == before
    outside.check()


def test_an_image_without_a_name_gets_that_of_its_folder_or_of_the_command_line(machine: Machine, outside: Outside, made: Path) -> None:
    target, image = brought(machine, hostile.NAMELESS, outside, made)
    for words in ([target], ["--name", image, target]):
        assert machine.call("image", "import", *words).succeeded().text.startswith(f"imported {image} ")
        machine.call("image", "remove", image).succeeded()
    machine.sh(f"rm -rf {target}")


@pytest.mark.parametrize("name", sorted(hostile.ESCAPING))
def test_a_hostile_image_stays_inside(machine: Machine, outside: Outside, made: Path, name: str) -> None:
    machine.image("busybox")
    before = stored(machine)
    target, image = brought(machine, hostile.ESCAPING[name], outside, made)
    result = machine.call("image", "import", "--name", image, target)
    machine.sh(f"rm -rf {target}")
    outside.check()
    if result.status == 0:
        machine.call("image", "remove", image).succeeded()
    else:
        result.failed()
    assert stored(machine) == before
    outside.check()


@pytest.mark.parametrize(("name", "text"), [("index-not-json", "index.json"), ("manifest-not-json", "manifest"), ("config-not-json", "config")])
def test_json_that_is_wrong_is_told_with_its_place(machine: Machine, outside: Outside, made: Path, name: str, text: str) -> None:
    target, image = brought(machine, hostile.BROKEN[name], outside, made)
    result = machine.call("image", "import", "--name", image, target)
    machine.sh(f"rm -rf {target}")
    result.failed(text, f"line {hostile.BAD_JSON_LINE}, column {hostile.BAD_JSON_COLUMN}")


def test_an_image_for_another_architecture_names_both(machine: Machine, outside: Outside, made: Path) -> None:
    target, image = brought(machine, hostile.BROKEN["other-architecture"], outside, made)
    result = machine.call("image", "import", "--name", image, target)
    machine.sh(f"rm -rf {target}")
    result.failed("amd64", "arm64")


@pytest.mark.parametrize("name", ["../up", "", "/abs", "a\nb", "."])
def test_a_name_for_an_image_that_is_none_is_refused(machine: Machine, name: str) -> None:
    machine.image("busybox")
    before = stored(machine)
    machine.call("image", "import", "--name", name, machine.layout("busybox")).failed()
    assert stored(machine) == before
