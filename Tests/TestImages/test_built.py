"""The images that cross/images has made in this work tree. Where there are none, the tests are skipped and say so."""

import gzip
import json
import tarfile
from pathlib import Path

import pytest
from image_builder import layout
from image_builder.recipe import load_all

REPOSITORY = Path(__file__).resolve().parents[2]
IMAGES = REPOSITORY / ".build" / "images"
RECIPES = load_all(REPOSITORY / "cross" / "image-recipes")
SERVERS = ("mosquitto", "nginx", "redis")
#: The e_machine of an ELF file (elf.h), by architecture: EM_AARCH64, EM_X86_64.
MACHINES = {"arm64": 183, "amd64": 62}


def image(architecture: str, name: str) -> layout.Image:
    """The built image, or a skip."""
    folder = IMAGES / architecture / name
    if not folder.is_dir():
        pytest.skip(f"{folder.relative_to(REPOSITORY)} is not built; run cross/images")
    return layout.read(folder)


def members(layer: Path) -> list[tarfile.TarInfo]:
    """The entries of a layer."""
    with tarfile.open(layer, "r:gz") as archive:
        return archive.getmembers()


def final_files(one: layout.Image) -> dict[str, tarfile.TarInfo]:
    """What the layers make together, by path, whiteouts applied."""
    files: dict[str, tarfile.TarInfo] = {}
    for layer in one.layers:
        for member in members(layer):
            path = Path(member.name)
            if path.name.startswith(".wh."):
                gone = str(path.with_name(path.name.removeprefix(".wh.")))
                files = {name: entry for name, entry in files.items() if name != gone and not name.startswith(gone + "/")}
            else:
                files[str(path)] = member
    return files


each_architecture = pytest.mark.parametrize("architecture", sorted(layout.VARIANTS))
each_server = pytest.mark.parametrize("name", SERVERS)


@each_architecture
@pytest.mark.parametrize("name", ("busybox", *SERVERS))
def test_the_layout_is_sound_and_as_the_recipe_says(architecture: str, name: str) -> None:
    one = image(architecture, name)
    layout.check(one.folder, architecture, RECIPES[name].config)
    assert len(one.layers) == (1 if name == "busybox" else 2)
    assert {path.name for path in one.folder.iterdir()} == {"blobs", "index.json", "oci-layout"}


@each_architecture
def test_the_servers_share_their_lower_layer(architecture: str) -> None:
    assert len({image(architecture, name).manifest["layers"][0]["digest"] for name in SERVERS}) == 1


@each_architecture
@each_server
def test_a_server_deletes_what_its_recipe_says(architecture: str, name: str) -> None:
    one = image(architecture, name)
    lower, upper = ({member.name for member in members(layer)} for layer in one.layers)
    for path in RECIPES[name].remove:
        place = Path(path.lstrip("/"))
        assert str(place) in {entry.rstrip("/") for entry in lower}
        assert str(place.with_name(f".wh.{place.name}")) in upper
        assert str(place) not in final_files(one)


@each_architecture
@pytest.mark.parametrize(("name", "folder"), [("redis", "data"), ("mosquitto", "var/lib/mosquitto")])
def test_a_server_owns_its_data(architecture: str, name: str, folder: str) -> None:
    one = image(architecture, name)
    with tarfile.open(one.layers[1], "r:gz") as archive:
        file = archive.extractfile("etc/passwd")
        assert file is not None
        entries = {line.split(":")[0]: line.split(":") for line in file.read().decode().splitlines()}
    entry = final_files(one)[folder]
    assert (entry.uid, entry.gid) == (int(entries[name][2]), int(entries[name][3]))
    assert one.config["config"]["User"] == name


@each_architecture
@pytest.mark.parametrize("name", ("busybox", *SERVERS))
def test_the_image_is_small_and_clean(architecture: str, name: str) -> None:
    files = final_files(image(architecture, name))
    assert sum(entry.size for entry in files.values()) < (4 if name == "busybox" else 40) * 1_000_000
    assert not [path for path in files if path.startswith(("dev/", "var/lib/apt", "var/lib/dpkg", "usr/share/man", "usr/share/locale"))]
    assert not [path for path, entry in files.items() if entry.isdev()]
    documents = [path for path, entry in files.items() if path.startswith("usr/share/doc/") and entry.isfile()]
    assert documents
    assert {Path(path).name for path in documents} == {"copyright"}


@each_architecture
@pytest.mark.parametrize(("name", "program"), [("busybox", "busybox"), ("redis", "redis-check-rdb"), ("mosquitto", "mosquitto"), ("nginx", "nginx")])
def test_programs_are_of_the_architecture(architecture: str, name: str, program: str) -> None:
    one = image(architecture, name)
    with tarfile.open(one.layers[-1], "r:gz") as archive:
        place = next(member for member in archive.getmembers() if member.name in (f"usr/bin/{program}", f"usr/sbin/{program}"))
        while place.islnk():
            place = archive.getmember(place.linkname.lstrip("/"))
        file = archive.extractfile(place)
        assert file is not None
        header = file.read(20)
    assert header[:4] == b"\x7fELF"
    assert int.from_bytes(header[18:20], "little") == MACHINES[architecture]


@each_architecture
def test_busybox_has_its_names_as_hard_links(architecture: str) -> None:
    entries = members(image(architecture, "busybox").layers[0])
    links = {Path(entry.name).name for entry in entries if entry.islnk()}
    files = {Path(entry.name).name for entry in entries if entry.isfile()}
    assert {"cat", "ls", "sh", "true", "wget"} <= links | files
    assert len(links) > 200


@each_architecture
@each_server
def test_nothing_is_younger_than_the_epoch(architecture: str, name: str) -> None:
    for layer in image(architecture, name).layers:
        with gzip.open(layer) as raw, tarfile.open(fileobj=raw) as archive:
            assert max(member.mtime for member in archive) <= 1767225600


@each_architecture
def test_the_architectures_have_the_same_images(architecture: str) -> None:
    for name in ("busybox", *SERVERS):
        config = dict(image(architecture, name).config["config"])
        other = dict(image("amd64" if architecture == "arm64" else "arm64", name).config["config"])
        assert json.dumps(config, sort_keys=True) == json.dumps(other, sort_keys=True)
