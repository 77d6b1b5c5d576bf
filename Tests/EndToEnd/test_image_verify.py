"""Whether images are still what was imported: `image verify` finds every kind of damage, repairs what it can, and takes away what it cannot."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path

import layouts
import made_images
import pytest
from machines import Machine, Result

FILES = [
    layouts.folder("data", mode=0o750), layouts.file("data/a", b"contents\n"), layouts.symlink("data/l", "a"), layouts.hardlink("data/h", "data/a"),
    layouts.file("data/suid", b"program\n", mode=0o4755), layouts.whiteout("etc/group"),
]


class Store:
    """A store of the test's own with one image of two layers in it, `app`."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self.place = f"{machine.lasting}/{machine.new_name()}"
        self.layout = f"{machine.volatile}/{machine.new_name()}"
        self.words = [machine.apus, "--root", machine.state, "--data-root", self.place]
        with tempfile.TemporaryDirectory() as folder:
            layers = [layouts.Layer(made_images.base(machine.architecture)), layouts.Layer(FILES)]
            place = layouts.write(Path(folder) / "app", layers, architecture=machine.architecture, config={"Env": ["PATH=/bin"], "Cmd": ["sh"]})
            machine.put(place, self.layout)
        self.import_again()
        self.layers = [layer.removeprefix("sha256:") for layer in json.loads(self.call("image", "inspect", "app").succeeded().text)["layers"]]

    def call(self, *words: str) -> Result:
        """Calls apus with this store."""
        return self.machine.run([*self.words, *words])

    def import_again(self) -> Result:
        """Imports the image."""
        return self.call("image", "import", "--name", "app", self.layout).succeeded()

    def file(self, name: str, layer: int = 1) -> str:
        """Where a file of a layer is."""
        return f"{self.place}/layers/{self.layers[layer]}/{name}"

    def change(self, name: str, text: str = "CONTENTS", layer: int = 1) -> None:
        """Changes bytes of a file and nothing else, as a medium does that forgets."""
        path = self.file(name, layer)
        self.machine.sh(f"touch -r {path} /tmp/time.$$ && printf {text} | dd of={path} conv=notrunc 2>/dev/null && touch -r /tmp/time.$$ {path}; rm /tmp/time.$$")

    def verify(self, *options: str, status: int = 0) -> dict[str, object]:
        """What verification says of the image."""
        result = self.call("image", "verify", "--format", "json", *options, "app")
        assert result.status == status, result
        told: dict[str, object] = json.loads(result.text)
        return told


@pytest.fixture
def store(machine: Machine) -> Iterator[Store]:
    made = Store(machine)
    yield made
    machine.sh(f"rm -rf {made.place} {made.layout}")


def states(told: dict[str, object]) -> list[str]:
    """What became of the layers."""
    layers = told["layers"]
    assert isinstance(layers, list)
    return [layer["state"] for layer in layers]


def tree(store: Store) -> str:
    """All that the store has, with times and contents."""
    return store.machine.sh(f"cd {store.place} && find . -exec stat -c '%n %a %u %g %s %Y %F' {{}} + | sort; find layers headers -type f -exec md5sum {{}} + | sort")


def test_what_was_imported_is_sound_and_verification_changes_nothing(store: Store) -> None:
    before = tree(store)
    assert states(store.verify()) == ["sound", "sound"]
    assert store.call("image", "verify").succeeded().lines[0] == "app: accepted"
    assert tree(store) == before
    assert states(store.verify("--repair")) == ["sound", "sound"]
    assert tree(store) == before


@pytest.mark.parametrize(
    ("change", "finding"),
    [
        ("printf CONTENTS | dd of={}/data/a conv=notrunc 2>/dev/null", "the contents of its files have changed"), ("rm {}/data/a", "entry data/a: is missing"),
        ("ln -sfn /etc/passwd {}/data/l", "entry data/l: leads elsewhere"), ("rm {0}/data/h; cp {0}/data/a {0}/data/h", "entry data/h: is no other name of data/a"),
        ("rm {0}/data/a; mkdir {0}/data/a", "entry data/a: is a directory"), ("touch {}/etc/more", "etc/more: is not in the archive"),
        ("mkdir {}/more", "more: is not in the archive"), ("rm {}/etc/group", "etc/group: is not hidden any more"),
        ("rm {0}/data/l; mknod {0}/data/l p", "entry data/l: is another kind of file"),
    ],
)
def test_damage_is_told_with_the_name_of_the_file_and_nothing_is_changed(store: Store, change: str, finding: str) -> None:
    store.machine.sh(change.format(f"{store.place}/layers/{store.layers[1]}"))
    before = tree(store)
    result = store.call("image", "verify", "app")
    assert result.status == 1 and result.lines[0] == "app: damaged"
    assert any(store.layers[1] in line and finding in line for line in result.lines), result
    assert tree(store) == before


def test_names_of_files_do_nothing_to_a_terminal(store: Store) -> None:
    store.machine.sh(f"touch {store.place}/layers/{store.layers[1]}/$(printf 'a\\033[31mb')")
    result = store.call("image", "verify")
    assert result.status == 1 and b"\x1b" not in result.stdout and "is not in the archive" in result.text


def test_attributes_are_repaired(store: Store) -> None:
    place = f"{store.place}/layers/{store.layers[1]}"
    before = store.machine.sh(f"cd {place} && find . -exec stat -c '%n %a %u %g %Y' {{}} + | sort")
    store.machine.sh(f"chown 7:8 {place}/data/suid; chmod 777 {place}/data; touch {place}/data/a; chown -h 9 {place}/data/l")
    told = store.verify(status=1)
    assert states(told) == ["sound", "differing"]
    assert store.call("image", "verify", "--repair").succeeded().lines[0] == "app: accepted"
    assert store.machine.sh(f"cd {place} && find . -exec stat -c '%n %a %u %g %Y' {{}} + | sort") == before
    assert states(store.verify()) == ["sound", "sound"]


@pytest.mark.parametrize("form", ["whole", "thin"])
def test_a_damaged_layer_is_taken_away_and_comes_back_with_the_next_import(store: Store, form: str) -> None:
    store.change("data/a")
    assert states(store.verify("--repair", status=1)) == ["sound", "quarantined"]
    refused = store.call("image", "run", "--name", store.machine.new_name(), "app", "--", "true")
    refused.failed("is gone; import the image again", status=125)
    assert len(refused.stderr.splitlines()) == 1
    if form == "thin":
        # The layer below is in the store.
        manifest = json.loads(store.machine.sh(f"cat {store.layout}/index.json"))["manifests"][0]["digest"].split(":")[1]
        base = json.loads(store.machine.sh(f"cat {store.layout}/blobs/sha256/{manifest}"))["layers"][0]["digest"].split(":")[1]
        store.machine.sh(f"rm {store.layout}/blobs/sha256/{base}")
    assert "1 of them there already" in store.import_again().text
    assert states(store.verify()) == ["sound", "sound"]
    assert store.call("image", "run", "--name", store.machine.new_name(), "app", "--", "cat", "/data/a").succeeded().text == "contents\n"
    assert store.machine.sh(f"ls {store.place}/tmp; ls -d {store.place}/quarantine 2>/dev/null || true") == ""


def test_a_running_container_keeps_what_it_has_mounted(store: Store) -> None:
    name = store.machine.new_name()
    with store.machine.start([*store.words, "image", "run", "--name", name, "app", "--", "sh", "-c", "echo ready; read line; cat /data/suid"]) as running:
        assert running.line() == "ready"
        store.change("data/a")
        assert states(store.verify("--repair", status=1)) == ["sound", "quarantined"]
        store.import_again()
        assert states(store.verify()) == ["sound", "sound"]
        assert store.machine.sh(f"ls {store.place}/quarantine").strip() == f"{store.layers[1]}-0"
        running.stdin.write(b"\n")
        running.stdin.flush()
        assert running.line() == "program" and running.wait() == 0
    assert store.machine.sh(f"ls {store.place}/tmp; ls -d {store.place}/quarantine 2>/dev/null || true") == ""


def test_a_repair_that_is_killed_leaves_each_layer_where_it_was_or_gone(store: Store) -> None:
    for delay in range(12):
        store.change("data/a")
        words = " ".join([*store.words, "image", "verify", "--repair"])
        store.machine.sh(f"{words} >/dev/null 2>&1 & sleep 0.{delay:02}; kill -KILL $! 2>/dev/null || true; wait $! || true")
        told = store.call("image", "verify", "--format", "json", "app")
        assert told.status == 1 and states(json.loads(told.text)) == ["sound", "damaged"]
        store.call("image", "verify", "--repair")
        store.import_again()
        assert states(store.verify()) == ["sound", "sound"]
        assert store.machine.sh(f"ls {store.place}/tmp") == ""


def test_an_image_of_an_older_store_is_run_but_not_verified_until_it_is_imported_again(store: Store) -> None:
    store.machine.sh(f"rm {store.place}/headers/*")
    assert states(store.verify(status=1)) == ["unverifiable", "unverifiable"]
    assert store.call("image", "verify").lines[0] == "app: unverified"
    assert store.call("image", "run", "--name", store.machine.new_name(), "app", "--", "cat", "/data/a").succeeded().text == "contents\n"
    store.import_again()
    assert states(store.verify()) == ["sound", "sound"]


def test_all_images_are_verified_and_what_is_wrong_with_one_does_not_hide_the_others(store: Store) -> None:
    store.call("image", "tag", "app", "second").succeeded()
    store.call("image", "tag", "app", "third").succeeded()
    store.machine.sh(f"echo broken > {store.place}/images/second")
    result = store.call("image", "verify")
    assert result.status == 1 and "the record is damaged" in result.error
    assert [line for line in result.lines if not line.startswith(" ")] == ["app: accepted", "third: accepted"]
    assert [image["name"] for image in json.loads(store.call("image", "verify", "--format", "json").text)] == ["app", "third"]
    store.call("image", "verify", "no-such", "app").failed("there is no image named no-such", status=1)
