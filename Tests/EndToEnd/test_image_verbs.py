"""What the store's verbs tell of images, and what naming and pruning leave."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator

import layouts
import made_images
import pytest
from machines import Machine

CONFIG = {
    "User": "alice", "Env": ["PATH=/bin", "A=b c"], "Entrypoint": ["sh", "-c"], "Cmd": ["id -u"], "WorkingDir": "/tmp", "ExposedPorts": {"80/tcp": {}},
    "Volumes": {"/data": {}}, "Labels": {"org.example.a": "1"}, "StopSignal": "SIGINT", "Healthcheck": {"Test": ["CMD", "true"], "Interval": 5_000_000_000},
}


@pytest.fixture
def image(machine: Machine) -> Iterator[str]:
    """An image with everything in its configuration, under a name of the test's own."""
    name = made_images.import_made(machine, CONFIG)
    yield name
    for line in machine.call("image", "list").succeeded().lines:
        if line.startswith(name):
            machine.call("image", "remove", line.split("\t")[0]).succeeded()


def names(machine: Machine) -> list[str]:
    """The names in the store."""
    return [line.split("\t")[0] for line in machine.call("image", "list").succeeded().lines]


def layers(machine: Machine) -> set[str]:
    """The layers in the store."""
    return set(machine.sh(f"ls {machine.store}/layers").split())


def test_inspect_tells_what_a_container_is_made_of(machine: Machine, image: str) -> None:
    told = json.loads(machine.call("image", "inspect", image).succeeded().text)
    listed = machine.call("image", "list").lines
    assert any(line.startswith(f"{image}\t{told['manifest']}\t") for line in listed)
    assert told["name"] == image and told["architecture"] == machine.architecture and told["os"] == "linux" and told["signatures"] == 0
    assert {layer.removeprefix("sha256:") for layer in told["layers"]} <= layers(machine)
    assert told["user"] == "alice" and told["env"] == CONFIG["Env"] and told["entrypoint"] == ["sh", "-c"] and told["cmd"] == ["id -u"]
    assert told["workingDir"] == "/tmp" and told["exposedPorts"] == ["80/tcp"] and told["volumes"] == ["/data"] and told["stopSignal"] == "SIGINT"
    assert told["labels"] == {"org.example.a": "1"}
    assert told["healthcheck"]["test"] == ["CMD", "true"] and told["healthcheck"]["interval"] == 5_000_000_000


def test_inspect_gives_the_configuration_byte_for_byte(machine: Machine, image: str) -> None:
    told = json.loads(machine.call("image", "inspect", image).succeeded().text)
    raw = machine.call("image", "inspect", "--config", image).succeeded().stdout
    assert f"sha256:{hashlib.sha256(raw).hexdigest()}" == told["config"]


def test_history_shows_the_newest_step_first_and_no_control_characters(machine: Machine, tmp_path_factory: pytest.TempPathFactory) -> None:
    history = [
        {"created": "2026-01-02T03:04:05Z", "created_by": "ADD base"}, {"created_by": "ENV A=b", "empty_layer": True, "comment": "twice\n\x1b[31mred"},
    ]

    def edit(document: dict[str, object]) -> None:
        document["history"] = history

    name = machine.new_name()
    place = layouts.write(
        tmp_path_factory.mktemp("history") / name, [layouts.Layer(made_images.base(machine.architecture))], architecture=machine.architecture,
        config={"Cmd": ["true"]}, faults=layouts.Faults(edit_config=edit),
    )
    target = f"{machine.volatile}/{name}"
    machine.put(place, target)
    machine.call("image", "import", "--name", name, target).succeeded()
    lines = machine.call("image", "history", name).succeeded().lines
    told = json.loads(machine.call("image", "history", "--format", "json", name).succeeded().text)
    machine.call("image", "remove", name).succeeded()
    assert lines[0].split() == ["CREATED", "LAYER", "CREATED", "BY", "COMMENT"]
    assert lines[1].split(maxsplit=2)[:2] == ["-", "no"] and "twice\\x0a\\x1b[31mred" in lines[1]
    assert lines[2].split()[:2] == ["2026-01-02T03:04:05Z", "yes"] and "ADD base" in lines[2]
    assert told[0] == {"createdBy": "ENV A=b", "comment": "twice\n\x1b[31mred", "emptyLayer": True} and told[1]["emptyLayer"] is False


def test_an_image_without_a_history_has_an_empty_one(machine: Machine, image: str) -> None:
    assert len(machine.call("image", "history", image).succeeded().lines) == 1
    assert json.loads(machine.call("image", "history", "--format", "json", image).succeeded().text) == []


def test_a_second_name_keeps_the_image(machine: Machine, image: str) -> None:
    other = f"{image}/second:1"
    machine.call("image", "tag", image, other).succeeded()
    assert {image, other} <= set(names(machine))
    machine.call("image", "remove", image).succeeded()
    result = machine.call("image", "run", "--name", machine.new_name(), other).succeeded()
    assert result.text == "1000\n"


def test_a_name_that_is_taken_away_takes_with_it_what_nobody_else_needs(machine: Machine, image: str) -> None:
    before = layers(machine)
    above = layouts.Layer([layouts.file("only-here", b"x")])
    other = made_images.import_made(machine, CONFIG, above=[above])
    assert layers(machine) != before
    machine.call("image", "tag", image, other).succeeded()
    assert layers(machine) == before and machine.sh(f"ls {machine.store}/tmp") == ""
    machine.call("image", "remove", other).succeeded()


def test_what_cannot_be_named_is_told(machine: Machine, image: str) -> None:
    machine.call("image", "tag", "no-such-image", "other").failed("there is no image named no-such-image", status=1)
    machine.call("image", "tag", image, "../other").failed("an image cannot be named ../other", status=1)
    for verb in ("inspect", "history"):
        machine.call("image", verb, "no-such-image").failed("there is no image named no-such-image", status=1)


def test_prune_removes_the_images_that_no_container_uses(machine: Machine, image: str) -> None:
    store = f"{machine.lasting}/{machine.new_name()}"
    words = [machine.apus, "--root", machine.state, "--data-root", store]
    for name in ("used", "unused"):
        machine.run([*words, "image", "import", "--name", name, machine.layout("busybox")]).succeeded()
    container = machine.new_name()
    with machine.start([*words, "image", "run", "--name", container, "used", "--", "sh", "-c", "echo ready; read line"]) as running:
        assert running.line() == "ready"
        assert machine.run([*words, "image", "prune"]).succeeded().text == ""
        assert machine.run([*words, "image", "prune", "--all"]).succeeded().lines == ["removed unused"]
        running.stdin.write(b"\n")
        running.stdin.flush()
        assert running.wait() == 0
    assert machine.run([*words, "image", "prune", "--all"]).succeeded().lines == ["removed used"]
    assert machine.sh(f"ls {store}/layers {store}/images {store}/tmp | grep -v :$ | grep . || true") == ""
    machine.sh(f"rm -r {store}")
