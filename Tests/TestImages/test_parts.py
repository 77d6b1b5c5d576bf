"""The parts of the image builder that need neither the network nor root."""

import json
import os
import subprocess
import threading
from pathlib import Path

import pytest
from image_builder import cache, command, layout, packages, tree
from image_builder.build import TOOLS, Builder, config_options
from image_builder.command import main
from image_builder.errors import BuildError
from image_builder.recipe import Config, load_all

REPOSITORY = Path(__file__).resolve().parents[2]


def etc_apt(folder: Path, files: dict[str, str]) -> Path:
    """A folder like /etc/apt."""
    (folder / "sources.list.d").mkdir()
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def test_only_the_sources_of_the_release_are_used(tmp_path: Path) -> None:
    folder = etc_apt(tmp_path, {
        "sources.list.d/debian.sources": (
            "Types: deb deb-src\n# a comment\nURIs: http://one.invalid/debian\nSuites: bookworm bookworm-updates\nComponents: main\nArchitectures: amd64\n"
            "\nTypes: deb-src\nURIs: http://two.invalid\nSuites: bookworm\n"
            "\nEnabled: no\nTypes: deb\nURIs: http://three.invalid\nSuites: bookworm\n"
        ),
        "sources.list.d/other.sources": "Types: deb\nURIs: http://four.invalid\nSuites: stable\nComponents: main\n",
    })
    assert packages.debian_sources("bookworm", folder) == {
        ".sources": "Types: deb\nURIs: http://one.invalid/debian\nSuites: bookworm bookworm-updates\nComponents: main\n"
    }


def test_sources_of_one_line_each(tmp_path: Path) -> None:
    folder = etc_apt(tmp_path, {
        "sources.list": (
            "# deb http://no.invalid bookworm main\ndeb [arch=amd64 signed-by=/key] http://one.invalid bookworm main contrib\n"
            "deb-src http://one.invalid bookworm main\n"
        ),
        "sources.list.d/more.list": "deb [arch=amd64] http://two.invalid bookworm-security main\ndeb http://three.invalid stable main\n",
    })
    assert packages.debian_sources("bookworm", folder) == {
        ".list": "deb [signed-by=/key] http://one.invalid bookworm main contrib\ndeb http://two.invalid bookworm-security main\n"
    }


def test_no_source_of_the_release_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(BuildError, match="has no source of Debian bookworm"):
        packages.debian_sources("bookworm", etc_apt(tmp_path, {}))


def test_the_names_of_busybox() -> None:
    names = ["[", "[[", "ash", "cat", "ls", "sh", "true"]
    table = b"\0" + b"\0".join(name.encode() for name in names) + b"\0\0"
    assert tree.applet_names(b"\x7fELF" + table + b"rest") == names
    for damaged in (b"\x7fELF", table[:-2], table.replace(b"cat", b"zat"), table.replace(b"true", b"turn")):
        with pytest.raises(BuildError, match="no applet table"):
            tree.applet_names(damaged)


def test_a_link_in_the_image_leads_nowhere_else(tmp_path: Path) -> None:
    root = tmp_path / "root"
    (root / "usr" / "bin").mkdir(parents=True)
    (root / "bin").symlink_to("usr/bin")
    (root / "out").symlink_to("/etc")
    (root / "up").symlink_to("../..")
    assert tree.inside(root, "/bin/sh") == root / "usr" / "bin" / "sh"
    assert tree.inside(root, "/out") == root / "out"
    for path in ("/out/passwd", "/up/x"):
        with pytest.raises(BuildError, match="leads out of the image"):
            tree.inside(root, path)


def test_no_time_is_later_than_the_epoch(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    old, new = tmp_path / "folder" / "old", tmp_path / "folder" / "new"
    for path, time in ((old, 1000), (new, 3000)):
        path.write_text("", encoding="utf-8")
        os.utime(path, (time, time))
    (tmp_path / "link").symlink_to("nowhere")
    tree.clamp_times(tmp_path, 2000)
    assert [int(path.lstat().st_mtime) for path in (old, new, tmp_path / "folder", tmp_path / "link", tmp_path)] == [1000, 2000, 2000, 2000, 2000]


def make_layout(folder: Path) -> Path:
    """A layout as umoci leaves it, with a blob that nothing refers to and without platform."""
    (folder / "blobs" / "sha256").mkdir(parents=True)
    config = layout._store(folder, {"architecture": "arm64", "os": "linux", "config": {}, "rootfs": {"type": "layers", "diff_ids": []}})
    manifest = layout._store(folder, {"schemaVersion": 2, "config": {"mediaType": "application/vnd.oci.image.config.v1+json", **config}, "layers": []})
    layout._store(folder, {"unused": True})
    (folder / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}', encoding="utf-8")
    index = {"schemaVersion": 2, "manifests": [{"mediaType": "application/vnd.oci.image.manifest.v1+json", **manifest}]}
    (folder / "index.json").write_text(json.dumps(index), encoding="utf-8")
    return folder


def test_completing_a_layout(tmp_path: Path) -> None:
    folder = make_layout(tmp_path / "layout")
    layout.complete(folder, "arm64")
    image = layout.check(folder, "arm64", Config())
    assert image.index["manifests"][0]["platform"] == {"architecture": "arm64", "os": "linux", "variant": "v8"}
    assert image.config["variant"] == "v8"
    assert len(list((folder / "blobs" / "sha256").iterdir())) == 2
    with pytest.raises(BuildError, match='config: found {}, expected {"User": "redis"}'):
        layout.check(folder, "arm64", Config(user="redis"))
    with pytest.raises(BuildError, match="platform: found"):
        layout.check(folder, "amd64", Config())


def test_a_damaged_layout_is_not_whole_and_is_published_anew(tmp_path: Path) -> None:
    source, place = make_layout(tmp_path / "layout"), tmp_path / "out" / "arm64" / "thing"
    layout.complete(source, "arm64")
    assert cache.publish(source, place, tmp_path / "staging", "one") is True
    assert cache.publish(source, place, tmp_path / "staging", "one") is False
    victim = next((place / "blobs" / "sha256").iterdir())
    victim.write_bytes(b"x")
    assert not layout.is_whole(place)
    assert layout.is_whole(source)
    assert cache.publish(source, place, tmp_path / "staging", "one") is True
    assert layout.is_whole(place)
    assert not layout.is_whole(tmp_path / "nowhere")


def test_an_image_that_root_has_made_is_taken_by_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(command, "OUTPUT", tmp_path / "out")
    monkeypatch.setenv("APUS_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    words = ["--arch", "arm64", "--arch", "amd64", "busybox"]
    assert main(words) == 1
    assert capsys.readouterr().err == (
        "cross/images: needs root to make images, because their files belong to several users; "
        "make them once with: sudo cross/images --arch arm64 --arch amd64 busybox\n"
    )
    builder = Builder(load_all(REPOSITORY / "cross" / "image-recipes"), cache.Cache(tmp_path / "of root"), print, update=False)
    for architecture in ("arm64", "amd64"):
        source = make_layout(tmp_path / architecture)
        layout.complete(source, architecture)
        cache.publish(source, tmp_path / "out" / architecture / "busybox", tmp_path / "staging", builder.recipe_hash(architecture, "busybox"))
    assert main(words) == 0
    said = capsys.readouterr().out
    assert "arm64/busybox: unchanged\n" in said and "amd64/busybox: unchanged\n" in said
    # But not when the recipe is another one by now, or the image is damaged.
    assert main([*words, "--update"]) == 1
    (tmp_path / "out" / "arm64" / ".busybox.recipe").write_text("another")
    next((tmp_path / "out" / "amd64" / "busybox" / "blobs" / "sha256").iterdir()).write_bytes(b"x")
    capsys.readouterr()
    assert main(words) == 1
    assert "sudo cross/images --arch arm64 --arch amd64 busybox" in capsys.readouterr().err


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to give files to somebody")
def test_what_root_makes_belongs_to_the_owner_of_the_work_tree(tmp_path: Path) -> None:
    images = tmp_path / "tree" / ".build" / "images"
    images.mkdir(parents=True)
    (images / "file").write_text("x")
    (images / "link").symlink_to(tmp_path)
    cache.give_to_owner(images, tmp_path / "tree")
    assert (images / "file").stat().st_uid == 0
    os.chown(tmp_path / "tree", 1234, 1235)
    cache.give_to_owner(images, tmp_path / "tree")
    assert {(path.lstat().st_uid, path.lstat().st_gid) for path in (images.parent, images, *images.iterdir())} == {(1234, 1235)}
    assert tmp_path.stat().st_uid == 0


def test_what_is_not_used_is_deleted_in_the_end(tmp_path: Path) -> None:
    store = cache.Cache(tmp_path)
    old, new = store.image("a" * 64), store.image("b" * 64)
    for place in (old, new):
        place.mkdir()
    os.utime(old, (1000, 1000))
    store.prune(now=os.stat(new).st_mtime, seconds=100)
    assert not old.exists()
    assert new.exists()
    assert (tmp_path / "resolved").exists()


def test_a_second_run_waits_for_the_first(tmp_path: Path) -> None:
    waiting, order = threading.Event(), []

    def second() -> None:
        with cache.locked(tmp_path, waiting.set):
            order.append("second")

    with cache.locked(tmp_path, lambda: order.append("must not wait")):
        thread = threading.Thread(target=second)
        thread.start()
        assert waiting.wait(10)
        order.append("first")
    thread.join(10)
    assert order == ["first", "second"]


def test_the_configuration_in_the_words_of_umoci() -> None:
    assert config_options(Config(entrypoint=("a", "b"), env=("X=1",), user="redis", ports=("80/tcp",), labels={"k": "v"})) == [
        "--config.user=redis",
        "--config.entrypoint=a",
        "--config.entrypoint=b",
        "--config.env=X=1",
        "--config.exposedports=80/tcp",
        "--config.label=k=v",
    ]


def test_the_tools_are_in_the_list_of_packages() -> None:
    listed = {line.split("#")[0].strip() for line in (REPOSITORY / "cross" / "image-recipes" / "packages.txt").read_text(encoding="utf-8").splitlines()}
    assert {package for _, package in TOOLS} <= listed


def test_missing_tools_are_named() -> None:
    assert packages.missing_tools([("sh", "dash"), ("no-such-program-b", "b"), ("no-such-program-a", "a")]) == ["a", "b"]


def test_an_unknown_name_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["nosuch"]) == 1
    assert capsys.readouterr().err == "cross/images: no such image: nosuch (there are: busybox, mosquitto, nginx, redis)\n"


def test_the_command_has_help() -> None:
    result = subprocess.run([REPOSITORY / "cross" / "images", "--help"], capture_output=True, text=True, check=True)
    assert "--update" in result.stdout
