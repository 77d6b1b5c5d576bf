"""Signed releases: which images are an application's, in a version that only grows, by keys that a root gives; and roots that follow each other."""

from __future__ import annotations

import base64
import hashlib
import json
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import layouts
import made_images
import pytest
import signatures
from machines import ROOT, Machine, Result
from test_crash_safety import CHANGES, killed_at_each_step

ROOT_TYPE = "application/vnd.apus.root.v1+json"
RELEASE_TYPE = "application/vnd.apus.release.v1+json"
SHOP = "acme/shop"
WEB = f"{SHOP}:web"


def key_id(private: Path) -> str:
    """What signatures call a key."""
    public = signatures.public_of(private)
    der = subprocess.run(["openssl", "pkey", "-pubin", "-in", public, "-outform", "DER"], check=True, capture_output=True, timeout=60).stdout
    return hashlib.sha256(der).hexdigest()


def envelope(kind: str, document: dict[str, Any], *keys: Path) -> bytes:
    """A signed document, by OpenSSL."""
    content = json.dumps(document).encode()
    signed = [{"keyid": key_id(key), "sig": signatures.sign(key, signatures.envelope(kind, content))} for key in keys]
    return json.dumps({"payload": base64.b64encode(content).decode(), "payloadType": kind, "signatures": signed}).encode()


class Board:
    """A machine with a store of its own, a root on it, and images that say which one they are."""

    def __init__(self, machine: Machine, folder: Path) -> None:
        """Makes the keys, the first root and the store."""
        self.machine = machine
        self.folder = folder
        self.store = machine.new_folder(lasting=True)
        self.old, self.new, self.maker, self.other = (signatures.make_key(folder, name) for name in ("old", "new", "maker", "other"))
        self.root = self.write(self.root_document(1, [self.old], [self.old]))

    def write(self, content: bytes) -> str:
        """Writes a file on the machine; gives its path."""
        path = f"{self.machine.volatile}/{self.machine.new_name()}.json"
        self.machine.write(path, content)
        return path

    def root_document(self, version: int, keys: Sequence[Path], signers: Sequence[Path], maker: Path | None = None, images: str = "released") -> bytes:
        """A root, by which one key signs the releases of all applications below acme."""
        rule = {"application": "acme/*", "keys": [signatures.public_of(maker or self.maker).read_text()], "threshold": 1}
        pems = [signatures.public_of(key).read_text() for key in keys]
        return envelope(ROOT_TYPE, {"version": version, "threshold": len(pems), "keys": pems, "images": images, "releases": [rule]}, *signers)

    def words(self, *words: str) -> list[str]:
        """A command of apus with this store and root."""
        machine = self.machine
        return [*machine.wrapper, machine.apus, "--root", machine.state, "--data-root", self.store, "--trust-root", self.root, *words]

    def call(self, *words: str, data: bytes | None = None) -> Result:
        """Runs a command of apus."""
        return self.machine.run(self.words(*words), data=data)

    def layout(self, text: str) -> tuple[Path, str]:
        """A layout with an image that says `text`, and its digest."""
        place = self.folder / self.machine.new_name()
        layouts.write(
            place, [layouts.Layer([*made_images.base(self.machine.architecture), layouts.file("etc/motd", text.encode())])], architecture=self.machine.architecture,
            config={"Env": ["PATH=/bin"], "Cmd": ["cat", "/etc/motd"]},
        )
        return place, str(json.loads((place / "index.json").read_text())["manifests"][0]["digest"])

    def bring(self, place: Path) -> str:
        """Puts a layout on the machine; gives its path there."""
        target = f"{self.machine.volatile}/{place.name}"
        self.machine.put(place, target)
        return target

    def image(self, text: str, name: str = WEB) -> str:
        """Imports an image that says `text`; gives its digest."""
        place, digest = self.layout(text)
        self.call("image", "import", "--name", name, self.bring(place)).succeeded()
        return digest

    def release(self, version: int, images: dict[str, str], *, key: Path | None = None, application: str = SHOP, **more: Any) -> bytes:
        """A signed release."""
        document = {"application": application, "version": version, "images": images, "minimumApus": "0.1.0", **more}
        return envelope(RELEASE_TYPE, document, key or self.maker)

    def accept(self, release: bytes) -> Result:
        """Accepts a release."""
        return self.call("release", "accept", "-", data=release)

    def run(self, name: str = WEB) -> Result:
        """Runs an image."""
        return self.call("image", "run", "--name", self.machine.new_name(), name)

    def listed(self) -> list[list[str]]:
        """The applications: name, version, version before, highest."""
        return [line.split("\t") for line in self.call("release", "list").succeeded().lines]


@pytest.fixture
def board(machine: Machine) -> Iterator[Board]:
    """A board for one test."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        board = Board(machine, Path(folder))
        yield board
    machine.sh(f"rm -rf {board.store}")


def test_an_image_runs_when_a_release_names_it_and_not_before(board: Board) -> None:
    digest = board.image("one")
    board.run().failed(f"image {WEB} is rejected by {board.root}: images: no accepted release names it", status=125)
    asked = board.call("check", "--image", WEB)
    assert asked.status == 4 and "no accepted release names it" in asked.text
    verified = board.call("image", "verify", WEB)
    assert verified.status == 1 and verified.lines[0] == f"{WEB}: rejected"
    assert board.accept(board.release(2, {"web": digest})).succeeded().text == f"accepted {SHOP} version 2\n"
    assert board.run().succeeded().text == "one"
    assert board.listed() == [[SHOP, "2", "-", "2"]]


def test_verify_and_inspect_tell_the_release_the_root_and_the_key(board: Board) -> None:
    digest = board.image("one")
    board.accept(board.release(7, {"web": digest}, comment="spring")).succeeded()
    said = board.call("image", "verify", WEB).succeeded().lines
    assert said[2:] == [f"  rule: {board.root}: releases[0]", f"  reason: release {SHOP} version 7, signed by key {key_id(board.maker)}"]
    document = json.loads(board.call("image", "verify", "--format", "json", WEB).succeeded().text)["release"]
    assert (document["accepted"], document["root"], document["application"], document["version"]) == (True, 1, SHOP, 7)
    assert document["keys"] == [key_id(board.maker)]
    document = {"application": SHOP, "version": 7, "images": {"web": digest}, "minimumApus": "0.1.0", "comment": "spring"}
    assert json.loads(board.call("release", "inspect", SHOP).succeeded().text) == document
    board.call("release", "inspect", "acme/none").failed("there is no release of an application named acme/none", status=1)


def test_two_images_under_each_others_names_are_not_taken_for_each_other(board: Board) -> None:
    web, database = board.image("web"), board.image("database", f"{SHOP}:db")
    board.accept(board.release(1, {"web": web, "db": database})).succeeded()
    board.call("image", "tag", WEB, "acme/web:kept").succeeded()
    board.call("image", "tag", f"{SHOP}:db", WEB).succeeded()
    board.call("image", "tag", "acme/web:kept", f"{SHOP}:db").succeeded()
    # The release says what the names mean, whatever has them in the store.
    assert board.run().succeeded().text == "web"
    assert board.run(f"{SHOP}:db").succeeded().text == "database"
    assert board.call("image", "verify", "--format", "json", WEB).succeeded().text.count(web) == 1
    for name in ("acme/web:kept", f"{SHOP}:other"):
        board.call("image", "tag", WEB, name).succeeded()
        board.run(name).failed("no accepted release names it", status=125)


def test_an_image_without_a_tag_is_the_container_latest(board: Board) -> None:
    board.accept(board.release(1, {"latest": board.image("one", SHOP)})).succeeded()
    assert board.run(SHOP).succeeded().text == "one"
    assert board.run(f"{SHOP}:latest").succeeded().text == "one"


@pytest.mark.native
def test_a_full_medium_lets_releases_be_removed(native: Machine) -> None:
    with tempfile.TemporaryDirectory() as folder:
        board = Board(native, Path(folder))
        native.sh(f"mount -t tmpfs -o size=48m,nr_inodes=0,mode=0755 tmpfs {board.store}")
        try:
            board.accept(board.release(1, {"web": board.image("one")})).succeeded()
            native.sh(f"head -c 100m /dev/zero >{board.store}/filler 2>/dev/null || :")
            assert native.sh(f"echo x >{board.store}/more 2>&1 || echo full").strip().endswith("full")
            # To accept something takes room that is not kept for that.
            board.accept(board.release(2, {"web": shown_digest(board)})).failed("no space left", status=1)
            board.call("release", "remove", SHOP).succeeded()
            assert board.listed() == [[SHOP, "-", "-", "1"]]
        finally:
            native.sh(f"umount {board.store} && rm -r {board.store}")


def test_versions_only_grow_even_when_releases_are_removed(board: Board) -> None:
    digest = board.image("one")
    second = board.release(2, {"web": digest})
    first = board.release(1, {"web": digest})
    board.accept(second).succeeded()
    board.accept(first).failed(f"release {SHOP} version 1: version 2 has been accepted before, and versions only grow", status=1)
    board.accept(second).succeeded()
    board.accept(board.release(2, {"web": digest}, comment="another")).failed("has been accepted with another content", status=1)
    board.call("release", "remove", SHOP).succeeded()
    assert board.listed() == [[SHOP, "-", "-", "2"]]
    board.run().failed("no accepted release names it", status=125)
    board.accept(first).failed("versions only grow", status=1)
    board.accept(board.release(2, {"web": digest}, comment="another")).failed("another content", status=1)
    board.accept(second).succeeded()
    assert board.run().succeeded().text == "one"
    # Another application has versions of its own.
    board.accept(board.release(1, {"web": digest}, application="acme/else")).succeeded()
    assert [line[0] for line in board.listed()] == ["acme/else", SHOP]


@pytest.mark.parametrize("what", ["another key", "the application", "a newer Apus", "an unknown member", "the signature", "no root", "size"])
def test_a_release_that_is_not_right_changes_nothing(board: Board, what: str) -> None:
    digest = board.image("one")
    release = board.release(1, {"web": digest})
    document = json.loads(release)
    reason = f"release {SHOP} version 1: 0 of the keys of releases[0] of root 1 have signed it, and 1 have to"
    if what == "another key":
        release = board.release(1, {"web": digest}, key=board.other)
    elif what == "the application":
        release, reason = board.release(1, {"web": digest}, application="else/shop"), "release else/shop version 1: nobody may sign it by root 1"
    elif what == "a newer Apus":
        release, reason = board.release(1, {"web": digest}, minimumApus="999.0.0"), "needs Apus 999.0.0, and this is "
    elif what == "an unknown member":
        release, reason = board.release(1, {"web": digest}, expires="2030-01-01"), "the release: expires: unknown key"
    elif what == "the signature":
        document["signatures"][0]["sig"] = document["signatures"][0]["sig"][:-8] + "AAAAAAA="
        release = json.dumps(document).encode()
    elif what == "no root":
        board.machine.sh("[ ! -e /etc/apus/root.json ]")
        machine = board.machine
        machine.run([machine.apus, "--data-root", board.store, "release", "accept", "-"], data=release).failed("there is no /etc/apus/root.json", status=1)
        return
    else:
        release, reason = release + b" " * (64 << 10), "the release: has more than 65536 bytes"
    board.accept(release).failed(reason, status=1)
    assert board.listed() == []
    board.run().failed("no accepted release names it", status=125)


def test_a_release_waits_for_its_images(board: Board) -> None:
    web = board.image("web")
    missing = "sha256:" + "0" * 64
    board.accept(board.release(1, {"web": web, "db": missing})).failed(f"the store has no image for db ({missing}); import it first", status=1)
    assert board.listed() == []
    # An image may have come under another name.
    database = board.image("database", "postgres:16")
    board.accept(board.release(1, {"web": web, "db": database})).succeeded()
    assert board.run(f"{SHOP}:db").succeeded().text == "database"
    assert f"{SHOP}:db\t{database}" in board.call("image", "list").text


def test_images_of_a_release_are_kept_until_it_is_removed(board: Board) -> None:
    digest = board.image("one")
    board.accept(board.release(1, {"web": digest})).succeeded()
    board.call("image", "remove", WEB).failed(f"image {WEB}: is needed by release {SHOP} version 1", status=1)
    assert board.call("image", "prune", "--all").succeeded().text == ""
    # The next release's image does not count yet, and takes nothing away.
    board.image("two")
    assert board.run().succeeded().text == "one"
    board.call("image", "remove", WEB).succeeded()
    assert board.run().succeeded().text == "one"
    board.call("image", "inspect", WEB).failed(f"there is no image named {WEB}", status=1)
    board.call("release", "remove", SHOP).succeeded()
    board.call("image", "prune", "--all").succeeded()
    assert board.machine.sh(f"ls {board.store}/layers {board.store}/images {board.store}/blobs/sha256").split() == [
        f"{board.store}/{name}:" for name in ("blobs/sha256", "images", "layers")
    ]


def test_the_release_before_is_kept_until_the_new_one_is_confirmed(board: Board) -> None:
    releases = {}
    for version in (1, 2, 3):
        releases[version] = board.release(version, {"web": board.image(f"version {version}")})
        board.accept(releases[version]).succeeded()
    # The second was never confirmed: the first is the one that is known to do well.
    assert board.listed() == [[SHOP, "3", "1", "3"]]
    # The image of the first has lost its name to that of the third, and is still looked after.
    verified = json.loads(board.call("image", "verify", "--format", "json").succeeded().text)
    assert [(image["name"], image["sound"]) for image in verified] == [(WEB, True)] * 2 and verified[0]["manifest"] != verified[1]["manifest"]
    layers = json.loads(board.call("image", "df", "--format", "json").succeeded().text)["layers"]
    assert (layers["count"], layers["reclaimable"]) == (2, 0)
    board.call("release", "revert", SHOP).succeeded()
    assert board.run().succeeded().text == "version 1"
    assert board.listed() == [[SHOP, "1", "-", "3"]]
    board.call("release", "revert", SHOP).failed("there is none before it that has been kept", status=1)
    board.accept(releases[2]).failed("versions only grow", status=1)
    board.image("version 3")
    board.accept(releases[3]).succeeded()
    board.call("release", "confirm", SHOP).succeeded()
    assert board.listed() == [[SHOP, "3", "-", "3"]]
    assert len(board.machine.sh(f"ls {board.store}/layers").split()) == 1
    board.call("release", "revert", SHOP).failed("there is none before it that has been kept", status=1)
    for verb in ("confirm", "revert", "remove"):
        board.call("release", verb, "acme/none").failed("there is no release of an application named acme/none", status=1)


def test_a_policy_decides_as_well(board: Board) -> None:
    board.accept(board.release(1, {"web": board.image("one")})).succeeded()
    policy = board.write(b'{"default": [{"type": "reject"}]}')
    command = board.words("--policy", policy, "image", "run", "--name", board.machine.new_name(), WEB)
    board.machine.run(command).failed(f"image {WEB} is rejected by {policy}: default[0]", status=125)


def test_where_the_root_does_not_ask_for_releases_other_images_run_too(board: Board) -> None:
    board.root = board.write(board.root_document(1, [board.old], [board.old], images="any"))
    digest = board.image("one")
    assert board.run().succeeded().text == "one"
    board.accept(board.release(1, {"web": digest})).succeeded()
    board.image("two")
    assert board.run().succeeded().text == "one"
    # A release whose key counts no more is not replaced by what nobody has signed.
    board.root = board.write(board.root_document(1, [board.old], [board.old], maker=board.other, images="any"))
    board.run().failed(f"image {WEB} is rejected by {board.root}: images: release {SHOP} version 1: 0 of the keys", status=125)


def test_roots_follow_each_other_by_the_keys_of_both(board: Board) -> None:
    board.accept(board.release(1, {"web": board.image("one")})).succeeded()

    def update(content: bytes) -> Result:
        return board.call("trust", "update", "-", data=content)

    second = board.root_document(2, [board.new], [board.old, board.new], maker=board.other)
    update(board.root_document(2, [board.new], [board.old])).failed("standard input: 0 of the keys of root 2 have signed it, and 1 have to", status=1)
    update(board.root_document(2, [board.new], [board.new])).failed("standard input: 0 of the keys of root 1 have signed it, and 1 have to", status=1)
    third = board.root_document(3, [board.new], [board.new])
    update(third).failed("standard input: has version 3, and 2 follows the root that counts", status=1)
    assert board.run().succeeded().text == "one"
    for _ in range(2):
        assert update(second).succeeded().text == "root 2 counts\n"
    # The maker's key is gone, and with it what it has signed, until another one signs it too.
    board.run().failed("0 of the keys of releases[0] of root 2 have signed it", status=125)
    board.call("release", "inspect", SHOP).failed("0 of the keys of releases[0] of root 2 have signed it", status=1)
    release = board.release(1, {"web": shown_digest(board)}, key=board.other)
    board.accept(release).succeeded()
    assert board.run().succeeded().text == "one"
    assert f"rule: root 2 ({board.root}, version 1, and 1 after it): releases[0]" in board.call("image", "verify", WEB).succeeded().text
    update(third).succeeded()
    assert board.call("trust", "show").succeeded().text.encode() == base64.b64decode(json.loads(third)["payload"])


def shown_digest(board: Board) -> str:
    """The digest of the image under the name."""
    return str(json.loads(board.call("image", "inspect", WEB).succeeded().text)["manifest"])


def test_the_root_on_the_read_only_place_is_what_others_have_to_follow(board: Board) -> None:
    first = board.root
    board.call("trust", "update", "-", data=board.root_document(2, [board.new], [board.old, board.new])).succeeded()
    # The firmware has been updated: its root is newer than what the store has.
    board.root = board.write(board.root_document(3, [board.other], [board.other]))
    assert json.loads(board.call("trust", "show").succeeded().text)["version"] == 3
    board.call("trust", "update", "-", data=board.root_document(4, [board.new], [board.other, board.new])).succeeded()
    assert json.loads(board.call("trust", "show").succeeded().text)["version"] == 4
    # Another vendor's: what the store has does not follow it.
    board.root = board.write(board.root_document(1, [board.maker], [board.maker]))
    board.call("trust", "show").failed("root 4: has version 4, and 2 follows the root that counts", status=1)
    board.root = first
    board.call("trust", "show").failed("root 4: has version 4, and 2 follows the root that counts", status=1)
    # A store that has lost them begins again.
    board.machine.sh(f"rm {board.store}/roots")
    assert json.loads(board.call("trust", "show").succeeded().text)["version"] == 1


def test_a_root_that_is_named_and_missing_or_for_others_to_write_runs_nothing(board: Board) -> None:
    board.accept(board.release(1, {"web": board.image("one")})).succeeded()
    board.machine.sh(f"chmod 666 {board.root}")
    board.run().failed(board.root, "others than root may write to it", status=125)
    board.machine.sh(f"rm {board.root}")
    board.run().failed(board.root, "no such file", status=125)


@pytest.mark.parametrize("file", [f"releases/{SHOP.replace('/', '%2F')}", "roots"])
def test_a_damaged_record_is_told_and_lets_nothing_run(board: Board, file: str) -> None:
    board.accept(board.release(2, {"web": board.image("one")})).succeeded()
    board.call("trust", "update", "-", data=board.root_document(2, [board.new], [board.old, board.new])).succeeded()
    board.machine.sh(f"echo x >>{board.store}/{file}")
    board.run().failed("the record is damaged", status=125)
    board.accept(board.release(1, {"web": "sha256:" + "0" * 64})).failed("the record is damaged", status=1)
    assert board.call("image", "prune", "--all").status in (0, 1)
    assert board.machine.sh(f"ls {board.store}/layers") != ""


@pytest.mark.native
def test_killed_at_each_step_the_version_never_goes_back_and_the_application_runs(native: Machine) -> None:
    with tempfile.TemporaryDirectory() as folder:
        board = Board(native, Path(folder))
        digests = [board.image("even"), board.image("odd", "acme/odd")]
        first = board.release(1, {"web": digests[1]})
        board.accept(board.release(2, {"web": digests[0]})).succeeded()
        highest = number = 2

        def next_release() -> list[str]:
            """The command for the release after the one that was tried last."""
            nonlocal number
            number += 1
            return board.words("release", "accept", board.write(board.release(number, {"web": digests[number % 2]})))

        for _ in killed_at_each_step(native, CHANGES, next_release):
            (line,) = board.listed()
            version = int(line[1])
            # What counts is one of the two, whole, and the highest version is no lower than it was.
            assert line[3] == line[1] and version in (highest, number)
            highest = version
            assert board.run().succeeded().text == ("even", "odd")[version % 2]
            board.accept(first).failed("versions only grow", status=1)
            assert native.sh(f"ls {board.store}/tmp") == ""
        assert highest > 2
        native.sh(f"rm -rf {board.store}")


def attach(place: Path, release: bytes) -> None:
    """Puts a release among the images of a layout."""
    (place.parent / "release.json").write_bytes(release)
    subprocess.run([ROOT / "cross/release", "attach", place.parent / "release.json", place], check=True, timeout=60)


def test_images_and_their_release_come_in_one_command(board: Board) -> None:
    for version in (1, 2):
        place, digest = board.layout(f"version {version}")
        attach(place, board.release(version, {"web": digest}))
        said = board.call("image", "import", "--release", "--name", WEB, board.bring(place)).succeeded().lines
        assert said[0].startswith(f"imported {WEB} {digest}") and said[1:] == [f"accepted {SHOP} version {version}"]
        assert board.run().succeeded().text == f"version {version}"
    place, digest = board.layout("version 3")
    attach(place, board.release(3, {"web": digest}))
    archive = subprocess.run(["tar", "-C", place, "-c", "."], check=True, capture_output=True, timeout=60).stdout
    said = board.call("image", "import", "--release", "--json", "--name", WEB, "-", data=archive).succeeded().lines
    assert json.loads(said[-1]) == {"event": "accepted", "application": SHOP, "version": 3}
    assert board.listed() == [[SHOP, "3", "1", "3"]]


def test_a_release_among_images_is_verified_before_they_are_unpacked(board: Board) -> None:
    place, digest = board.layout("one")
    command = ["image", "import", "--release", "--name", WEB]
    board.call(*command, board.bring(place)).failed("there is no release among the images", status=1)
    place, digest = board.layout("two")
    attach(place, board.release(1, {"web": digest}, key=board.other))
    target = board.bring(place)
    board.call(*command, target).failed("0 of the keys of releases[0] of root 1 have signed it", status=1)
    assert board.call("image", "list").succeeded().text == "" and board.machine.sh(f"ls {board.store}/layers") == ""
    # Nobody has asked for it here.
    board.call("image", "import", "--name", WEB, target).succeeded()
    assert board.listed() == []
    place, digest = board.layout("three")
    attach(place, board.release(1, {"web": digest}))
    (place / "blobs" / json.loads((place / "index.json").read_text())["manifests"][1]["digest"].replace(":", "/")).write_bytes(b"{}")
    board.call(*command, board.bring(place)).failed("blob sha256:", status=1)


def test_cross_release_makes_what_apus_takes_and_openssl_verifies(board: Board) -> None:
    def tool(*words: str | Path) -> str:
        return subprocess.run([ROOT / "cross/release", *words], check=True, capture_output=True, text=True, timeout=60, cwd=board.folder).stdout

    digest = board.image("one")
    for name in ("tool-root", "tool-maker", "tool-next"):
        assert tool("key", f"{name}.key") == f"{name}.pub\n"
    assert (board.folder / "tool-root.key").stat().st_mode & 0o777 == 0o600
    rules = [{"application": "acme/*", "keys": ["tool-maker.pub"], "threshold": 1}]
    described = {"version": 1, "threshold": 1, "keys": ["tool-root.pub"], "images": "released", "releases": rules}
    (board.folder / "root-1.in").write_text(json.dumps(described))
    (board.folder / "root-2.in").write_text(json.dumps({**described, "version": 2, "keys": ["tool-next.pub"]}))
    (board.folder / "shop.in").write_text(json.dumps({"application": SHOP, "version": 1, "images": {"web": digest}, "minimumApus": "0.1.0"}))
    tool("root", "root-1.in", "root-1.json", "--key", "tool-root.key")
    tool("root", "root-2.in", "root-2.json", "--key", "tool-next.key")
    said = tool("sign", "root-2.json", "--key", "tool-root.key")
    assert said == f"signed by key {key_id(board.folder / 'tool-root.key')}\n"
    tool("make", "shop.in", "shop.json", "--key", "tool-maker.key")
    assert digest in tool("show", "shop.json")
    for file, names in (("root-1.json", ["tool-root"]), ("root-2.json", ["tool-next", "tool-root"]), ("shop.json", ["tool-maker"])):
        document = json.loads((board.folder / file).read_text())
        assert [one["keyid"] for one in document["signatures"]] == [key_id(board.folder / f"{name}.key") for name in names]
        message = signatures.envelope(document["payloadType"], base64.b64decode(document["payload"]))
        for name, one in zip(names, document["signatures"]):
            (board.folder / "signature").write_bytes(base64.b64decode(one["sig"]))
            check = ["openssl", "dgst", "-sha256", "-verify", f"{name}.pub", "-signature", "signature"]
            subprocess.run(check, input=message, check=True, capture_output=True, timeout=60, cwd=board.folder)
    board.root = board.write((board.folder / "root-1.json").read_bytes())
    board.accept((board.folder / "shop.json").read_bytes()).succeeded()
    board.call("trust", "update", "-", data=(board.folder / "root-2.json").read_bytes()).succeeded()
    assert board.run().succeeded().text == "one"
