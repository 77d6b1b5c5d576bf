"""Images as EROFS files: what is in them, how they are used, and what happens where the kernel or the data directory lacks something."""

from __future__ import annotations

import contextlib
import gzip
import json
import os
import stat
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

import layouts
import pytest
from made_images import import_made
from machines import Machine, Result

EROFS = ["--backend", "erofs"]

ENTRIES = [
    layouts.folder("d", mode=0o1777, mtime=1000), layouts.file("d/f", b"hello", mode=0o4755, uid=12, gid=70000), layouts.hardlink("d/h", "d/f"),
    layouts.file("d/old", b"old"), layouts.folder("opaque"), layouts.file("opaque/hidden"), layouts.folder("gone"), layouts.file("gone/too"),
    layouts.symlink("d/l", "/nowhere"), layouts.symlink("d/long", "x" * 4000), layouts.fifo("d/p", mode=0o620), layouts.file("empty"),
    layouts.file("block", b"b" * 4096), layouts.file("both", b"c" * 70001), layouts.file("tail", b"t" * 4090),
    layouts.with_xattr(layouts.file("d/x", b"x"), "user.a", "one"), layouts.with_xattr(layouts.folder("d/y"), "user.b", "two"),
    *(layouts.file(f"many/name-{number:04}", str(number).encode()) for number in range(400)), layouts.file("/".join(["deep"] * 40) + "/f", b"deep"),
    layouts.file("é/ü", b"names are bytes"),
]
ABOVE = [
    layouts.Layer([layouts.whiteout("gone"), layouts.opaque("opaque"), layouts.file("opaque/new", b"new"), layouts.file("d/old", b"new"),
                   layouts.whiteout("many/name-0007")]),
    layouts.Layer([layouts.folder("gone", mode=0o711), layouts.file("gone/again"), layouts.folder("d", mode=0o755, mtime=2000)]),
]


@pytest.fixture
def image(machine: Machine) -> Iterator[str]:
    """An image with everything in it, in an EROFS file."""
    name = import_made(machine, entries=ENTRIES, above=ABOVE, options=EROFS)
    yield name
    machine.call("image", "remove", name)


def told(machine: Machine, name: str) -> dict[str, object]:
    """What inspect says of the image's file."""
    document = json.loads(machine.call("image", "inspect", name).succeeded().text)
    assert isinstance(document["erofs"], dict)
    return document["erofs"]


def files(machine: Machine) -> list[str]:
    """The EROFS files in the store."""
    return machine.sh(f"cd {machine.store}/layers && for name in *; do if [ -f $name ]; then echo $name; fi; done").split()


def run(machine: Machine, name: str, script: str, options: Sequence[str] = ()) -> Result:
    """Runs a script in a container of the image."""
    return machine.call("image", "run", "--name", machine.new_name(), *options, name, "--", "sh", "-c", script)


def inject(native: Machine, faults: str) -> list[str]:
    """What has calls of apus itself fail, and not those of its containers."""
    return ["strace", "-qq", "-o", f"{native.volatile}/calls", "-e", "trace=mount", *(word for fault in faults.split() for word in ("-e", f"inject=mount:{fault}"))]


def tree(root: Path) -> dict[str, tuple[object, ...]]:
    """Everything below a folder, by its path: all that a program can see of it but inode numbers, the sizes of folders, and names in other layers (a file that
    layers share has those as well)."""
    found: dict[str, tuple[object, ...]] = {}
    names: dict[int, list[str]] = {}
    paths = [root, *sorted(Path(folder) / name for folder, folders, others in os.walk(root) for name in folders + others)]
    for path in paths:
        status = path.lstat()
        name = str(path.relative_to(root))
        content: bytes | str = ""
        attributes: list[tuple[str, bytes]] = []
        if stat.S_ISLNK(status.st_mode):
            content = os.readlink(path)
        elif stat.S_ISREG(status.st_mode):
            content = path.read_bytes()
        if stat.S_ISREG(status.st_mode) or stat.S_ISDIR(status.st_mode):
            attributes = [(key, os.getxattr(path, key)) for key in sorted(os.listxattr(path)) if not key.startswith("trusted.overlay.")]
        # The same list for all names of a file, which is whole at the end.
        links = [] if stat.S_ISDIR(status.st_mode) else names.setdefault(status.st_ino, [])
        if not stat.S_ISDIR(status.st_mode):
            links.append(name)
            assert status.st_nlink >= len(links)
        found[name] = (status.st_mode, status.st_uid, status.st_gid, status.st_mtime_ns, content, attributes, links)
    return found


@contextlib.contextmanager
def mounted(place: str, *options: str) -> Iterator[Path]:
    """Something that is mounted for a while."""
    Path(place).mkdir()
    subprocess.run(["mount", *options, place], check=True)
    try:
        yield Path(place)
    finally:
        subprocess.run(["umount", place], check=True)
        Path(place).rmdir()


@pytest.mark.native
def test_the_file_shows_what_overlayfs_shows_of_the_layers(native: Machine) -> None:
    name = import_made(native, entries=ENTRIES, above=ABOVE, options=EROFS)
    other = import_made(native, entries=ENTRIES, above=ABOVE, options=["--backend", "overlay"])
    [file] = files(native)
    path = f"{native.store}/layers/{file}"
    subprocess.run(["fsck.erofs", path], check=True, capture_output=True)
    layers = json.loads(native.call("image", "inspect", other).succeeded().text)["layers"]
    lower = ":".join(f"{native.store}/layers/{layer.split(':')[1]}" for layer in reversed(layers))
    with mounted(f"{native.volatile}/erofs", "-t", "erofs", "-o", "ro", path) as one:
        with mounted(f"{native.volatile}/overlay", "-t", "overlay", "-o", f"ro,lowerdir={lower}", "overlay") as two:
            shown = tree(one)
            assert shown == tree(two)
    assert {"gone/again", "opaque/new", "d/h"} <= shown.keys() and not {"gone/too", "opaque/hidden", "many/name-0007"} & shown.keys()
    for image in (name, other):
        native.call("image", "remove", image).succeeded()


@pytest.mark.native
@pytest.mark.parametrize("name", ["busybox", "nginx", "redis"])
def test_built_images_show_the_same(native: Machine, name: str) -> None:
    shown = []
    for backend in ("erofs", "overlay"):
        native.call("image", "import", "--backend", backend, "--name", f"e2e-{backend}", native.layout(name)).succeeded()
    [file] = files(native)
    layers = json.loads(native.call("image", "inspect", "e2e-overlay").succeeded().text)["layers"]
    lower = ":".join([*(f"{native.store}/layers/{layer.split(':')[1]}" for layer in reversed(layers)), native.new_folder()])
    with mounted(f"{native.volatile}/erofs", "-t", "erofs", "-o", "ro", f"{native.store}/layers/{file}") as one:
        shown.append(tree(one))
    with mounted(f"{native.volatile}/overlay", "-t", "overlay", "-o", f"ro,lowerdir={lower}", "overlay") as two:
        shown.append(tree(two))
    assert shown[0] == shown[1] and len(shown[0]) > 10
    for backend in ("erofs", "overlay"):
        native.call("image", "remove", f"e2e-{backend}").succeeded()


def test_no_layer_is_kept_and_the_record_tells_of_the_file(machine: Machine, image: str) -> None:
    erofs = told(machine, image)
    [file] = files(machine)
    path = f"{machine.store}/layers/{file}"
    assert erofs["digest"] == f"sha256:{file}"
    layers = json.loads(machine.call("image", "inspect", image).succeeded().text)["layers"]
    kept = set(machine.sh(f"ls {machine.store}/layers").split())
    assert not {layer.split(":")[1] for layer in layers} & kept
    assert machine.sh(f"sha256sum {path}").split()[0] == file
    assert machine.sh(f"stat -c '%s %a' {path}").split() == [str(erofs["size"]), "400"]
    assert machine.sh(f"ls {machine.store}/tmp") == ""


def test_export_says_that_it_cannot_and_df_counts_the_file(machine: Machine, image: str) -> None:
    machine.call("image", "export", image, "-").failed(f"image {image}: is in an EROFS file, of which its layers cannot be made again")
    usage = json.loads(machine.call("image", "df", "--format", "json").succeeded().text)
    [measured] = [other for other in usage["images"] if other["name"] == image]
    size = told(machine, image)["size"]
    assert isinstance(size, int) and size <= measured["bytes"] == measured["unique"] < size + 65536


def test_the_same_layers_become_the_same_file(machine: Machine, image: str) -> None:
    first = told(machine, image)
    machine.call("image", "remove", image).succeeded()
    assert files(machine) == []
    again = import_made(machine, entries=ENTRIES, above=ABOVE, options=EROFS)
    assert told(machine, again) == first
    machine.call("image", "remove", again).succeeded()


def test_a_container_reads_the_image_and_writes_what_is_gone_afterwards(machine: Machine, image: str) -> None:
    result = run(machine, image, "cat d/h both | head -c 5; echo new >d/f; cat d/f opaque/new; rm -r many; ls many; stat -c %a d gone; echo x >/made && cat made")
    assert result.stdout == b"hellonew\nnew755\n711\nx\n"
    assert run(machine, image, "cat d/f; ls / | grep made; ls many | head -n 1").stdout == b"helloname-0000\n"
    assert run(machine, image, "echo x >/made", ["--read-only"]).status != 0
    assert run(machine, image, "cat /d/f", ["--read-only"]).succeeded().stdout == b"hello"


def test_several_containers_of_one_file_at_a_time(machine: Machine, image: str) -> None:
    command = machine.words("image", "run", "--name", machine.new_name(), image, "--", "sh", "-c", "echo one >/f; echo ready; read line; cat /f")
    with machine.start(command) as first:
        assert first.line() == "ready"
        assert run(machine, image, "echo two >/f; cat /f").stdout == b"two\n"
        # Its name may go: what a container needs stays.
        machine.call("image", "remove", image).succeeded()
        assert len(files(machine)) == 1
        first.stdin.close()
        assert first.rest() == "one\n" and first.wait() == 0
    assert files(machine) == []


def test_what_a_killed_run_leaves_goes_with_the_next(machine: Machine, image: str) -> None:
    command = machine.words("image", "run", "--name", machine.new_name(), image, "--", "sh", "-c", "echo ready; sleep 1000")
    with machine.start(command) as process:
        assert process.line() == "ready"
    # It has been killed.
    run(machine, image, "true").succeeded()
    assert machine.sh(f"ls {machine.store}/containers") == ""
    assert machine.sh(f"cat /sys/block/loop*/loop/backing_file 2>/dev/null | grep {machine.store} || :") == ""


def test_names_share_the_file_and_it_goes_with_the_last(machine: Machine, image: str) -> None:
    second = machine.new_name()
    machine.call("image", "tag", image, second).succeeded()
    assert len(files(machine)) == 1
    machine.call("image", "remove", image).succeeded()
    assert run(machine, second, "cat /d/f").stdout == b"hello"
    machine.prune_images()
    assert files(machine) == [] and machine.call("image", "inspect", second).status == 1


def test_layers_of_other_images_are_shared_and_stay(machine: Machine) -> None:
    whole = import_made(machine, entries=ENTRIES)
    before = machine.sh(f"ls {machine.store}/layers").split()
    name = import_made(machine, entries=ENTRIES, above=ABOVE, options=EROFS)
    assert sorted(machine.sh(f"ls {machine.store}/layers").split()) == sorted([*before, *files(machine)])
    assert run(machine, name, "cat /d/old").stdout == b"new"
    assert run(machine, whole, "cat /d/old").stdout == b"old"
    for image in (name, whole):
        machine.call("image", "remove", image).succeeded()


def test_a_damaged_file_is_found_and_made_anew_by_an_import(machine: Machine, image: str) -> None:
    machine.call("image", "verify", image).succeeded()
    [file] = files(machine)
    machine.sh(f"printf X | dd of={machine.store}/layers/{file} bs=1 seek=20000 conv=notrunc 2>/dev/null")
    result = machine.call("image", "verify", image)
    assert result.status == 1 and f"image {image}: its EROFS file: is damaged; import the image again\n" in result.text
    again = import_made(machine, entries=ENTRIES, above=ABOVE, options=EROFS)
    for name in (image, again):
        machine.call("image", "verify", name).succeeded()
    assert len(files(machine)) == 1
    machine.call("image", "remove", again).succeeded()
    machine.sh(f"rm {machine.store}/layers/{file}")
    result = machine.call("image", "run", image)
    assert result.status == 125 and result.error == f"apus: image {image}: layer sha256:{file} is gone; import the image again\n"


@pytest.mark.native
def test_a_kernel_that_mounts_no_files_gets_a_loop_device(native: Machine) -> None:
    name = import_made(native, entries=ENTRIES, options=EROFS)
    # The second mount is the file's.
    native.wrapper = inject(native, "error=ENOTBLK:when=2")
    result = run(native, name, "cat /d/f; echo x >/f; cat /f")
    native.wrapper = []
    assert result.succeeded().stdout == b"hellox\n"
    assert "ENOTBLK" in native.sh(f"cat {native.volatile}/calls")
    assert native.sh(f"cat /sys/block/loop*/loop/backing_file 2>/dev/null | grep {native.store} || :") == ""
    native.call("image", "remove", name).succeeded()


@pytest.mark.native
def test_without_overlayfs_the_root_can_only_be_read_only(native: Machine) -> None:
    name = import_made(native, entries=[*ENTRIES, *(layouts.folder(folder) for folder in ("proc", "sys", "dev"))], options=EROFS)
    native.wrapper = inject(native, "error=ENODEV:when=3")
    refused = run(native, name, "true")
    shown = run(native, name, "cat /d/f", ["--read-only"])
    native.wrapper = []
    assert refused.status == 125
    assert refused.error == (
        f"apus: image {name}: its EROFS file: this kernel has no overlayfs (CONFIG_OVERLAY_FS), without which the root can only be read-only, by --read-only\n")
    assert shown.succeeded().stdout == b"hello"
    native.call("image", "remove", name).succeeded()


@pytest.mark.native
def test_without_erofs_an_image_in_a_file_is_refused(native: Machine) -> None:
    name = import_made(native, options=EROFS)
    native.wrapper = inject(native, "error=ENODEV:when=2")
    refused = run(native, name, "true")
    native.wrapper = []
    assert refused.status == 125 and refused.error == f"apus: image {name}: its EROFS file: this kernel has no EROFS (CONFIG_EROFS_FS)\n"
    native.call("image", "remove", name).succeeded()


@pytest.mark.native
def test_where_overlayfs_does_not_work_images_become_files_and_writes_stay_in_memory(native: Machine, tmp_path: Path) -> None:
    for folder in ("lower", "upper", "work"):
        (tmp_path / folder).mkdir()
    options = ",".join(f"{folder}dir={tmp_path}/{folder}" for folder in ("lower", "upper", "work"))
    # overlayfs takes no directory of another overlay to write into.
    with mounted(str(tmp_path / "merged"), "-t", "overlay", "-o", options, "overlay") as place:
        store = place / "store"

        def call(*words: str) -> Result:
            return native.run([native.apus, "--root", native.state, "--data-root", str(store), *words])

        imported = call("image", "import", native.layout("busybox")).succeeded()
        assert "apus: warning: overlayfs does not work here (absent: invalid argument" in imported.error
        assert imported.error.splitlines()[0].endswith("the image is kept as an EROFS file")
        assert len(os.listdir(store / "layers")) == 1 and next((store / "layers").iterdir()).is_file()
        result = call("image", "run", "--name", native.new_name(), "busybox", "--", "sh", "-c", "echo x >/f; cat /f").succeeded()
        assert result.stdout == b"x\n"
        assert "what the container writes is in memory, at most a quarter of that" in result.error
        silent = call("image", "run", "--name", native.new_name(), "--read-only", "busybox", "--", "cat", "/etc/passwd").succeeded()
        assert silent.stderr == b""
        forced = call("image", "import", "--backend", "overlay", "--name", "o", native.layout("busybox")).succeeded()
        assert "EROFS" not in forced.error
        assert call("image", "run", "--name", native.new_name(), "o", "--", "true").status == 125
        assert os.listdir(store / "containers") == [] and os.listdir(store / "tmp") == []


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--backend", "squashfs"], "option --backend: squashfs is none of auto, overlay and erofs"),
        (["--backend", "overlay", "--verity"], "option --verity: seals an EROFS file, which --backend overlay does not make"),
    ],
)
def test_options_that_mean_nothing(machine: Machine, options: list[str], sentence: str) -> None:
    result = machine.call("image", "import", *options, "/nowhere")
    assert result.status == 2 and sentence in result.error


@pytest.mark.native
def test_verity_where_the_file_system_has_none_is_refused_before_anything_is_done(native: Machine) -> None:
    store = native.new_folder(lasting=True)
    result = native.run([native.apus, "--data-root", store, "image", "import", "--verity", native.layout("busybox")])
    if result.status == 0:
        pytest.skip("this machine has fs-verity")
    assert f"option --verity: {store} cannot have sealed files: " in result.error
    assert native.sh(f"find {store} -type f ! -name '*lock' ! -name reserve") == ""


@pytest.mark.native
@pytest.mark.parametrize("call", ["sendfile", "pwrite64", "syncfs", "renameat2"])
def test_an_import_that_is_killed_leaves_nothing(native: Machine, call: str) -> None:
    store = native.new_folder(lasting=True)
    layout = native.layout("nginx")

    def words(*more: str) -> list[str]:
        return [native.apus, "--data-root", store, *more]

    complete = False
    for moment in (1, 2, 3, 5, 8, 13, 400):
        trace = ["strace", "-qq", "-o", "/dev/null", "-e", f"trace={call}", "-e", f"inject={call}:signal=SIGKILL:when={moment}"]
        status = native.run([*trace, *words("image", "import", *EROFS, layout)]).status
        assert status in (0, 137)
        listed = native.run(words("image", "list")).succeeded().text
        assert native.sh(f"ls {store}/tmp") == ""
        complete = "nginx" in listed
        if complete:
            native.run(words("image", "verify", "nginx")).succeeded()
            native.run(words("image", "remove", "nginx")).succeeded()
        assert native.sh(f"find {store} -type f ! -name '*lock' ! -name reserve") == ""
        if status == 0:
            break
    native.sh(f"rm -rf {store}")


@contextlib.contextmanager
def disk(machine: Machine, folder: Path, features: str) -> Iterator[str]:
    """A new ext4 with these features, mounted on the device."""
    image = folder / "disk"
    subprocess.run(["mkfs.ext4", "-q", "-b", "4096", "-O", features, image, "48m"], check=True)
    place = machine.new_folder(lasting=True)
    machine.write(f"{place}.gz", gzip.compress(image.read_bytes(), 1))
    machine.sh(f"gunzip -c {place}.gz >{place}.img; rm {place}.gz; mount -o loop {place}.img {place}")
    try:
        yield f"{place}/store"
    finally:
        machine.sh(f"umount {place}; rm {place}.img; rmdir {place}")


@pytest.mark.device
def test_a_casefolded_data_directory(v2: Machine, tmp_path: Path) -> None:
    with disk(v2, tmp_path, "casefold") as store:

        def call(*words: str) -> Result:
            return v2.run([v2.apus, "--root", v2.state, "--data-root", store, *words])

        imported = call("image", "import", v2.layout("busybox")).succeeded()
        assert imported.error.startswith("apus: warning: overlayfs does not work here (absent: invalid argument"), imported.error
        result = call("image", "run", "--name", v2.new_name(), "busybox", "--", "sh", "-c", "echo x >/f; cat /f").succeeded()
        assert result.stdout == b"x\n" and "what the container writes is in memory" in result.error
        assert v2.sh(f"find {store}/layers {store}/containers {store}/tmp -type d | wc -l").strip() == "3"
        assert v2.sh("cat /sys/block/loop*/loop/backing_file 2>/dev/null | grep store || :") == ""


@pytest.mark.device
def test_a_sealed_file_is_started_only_as_it_was_sealed(v2: Machine, tmp_path: Path) -> None:
    with disk(v2, tmp_path, "verity") as store:

        def call(*words: str) -> Result:
            return v2.run([v2.apus, "--root", v2.state, "--data-root", store, *words])

        def file(name: str) -> str:
            return f"{store}/layers/{json.loads(call('image', 'inspect', name).succeeded().text)['erofs']['digest'].split(':')[1]}"

        for name in ("busybox", "mosquitto"):
            call("image", "import", "--verity", v2.layout(name)).succeeded()
        erofs = json.loads(call("image", "inspect", "busybox").succeeded().text)["erofs"]
        local = tmp_path / "file"
        local.write_bytes(v2.run(["cat", file("busybox")]).succeeded().stdout)
        measured = subprocess.run(["fsverity", "digest", "--compact", local], check=True, capture_output=True, text=True).stdout.strip()
        assert erofs["verity"] == f"sha256:{measured}"
        call("image", "verify", "busybox").succeeded()
        start = ["image", "run", "--name", v2.new_name(), "busybox", "--", "true"]
        call(*start).succeeded()
        assert v2.run(["sh", "-c", f"printf X >>{file('busybox')}"]).status != 0
        v2.sh(f"cp {file('busybox')} {store}/copy; mv {store}/copy {file('busybox')}")
        expected = "image busybox: its EROFS file: is not sealed by fs-verity as it was; import the image again"
        assert call(*start).failed(expected).status == 125
        assert call("image", "verify", "busybox").status == 1
        v2.sh(f"mv {file('mosquitto')} {file('busybox')}")
        assert call(*start).failed(expected).status == 125
        call("image", "import", "--verity", v2.layout("busybox")).succeeded()
        call(*start).succeeded()
