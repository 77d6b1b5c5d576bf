"""The parts of cross/powercut that need no emulator: the disk that forgets, and the judgement."""

from __future__ import annotations

import random
import socket
import struct
from pathlib import Path

import pytest
from durability import images, judge, plan
from durability.disk import BLOCK, Cache, Disk


def block(letter: str) -> bytes:
    """A block full of it."""
    return letter.encode() * BLOCK


@pytest.fixture
def medium(tmp_path: Path) -> Path:
    """A medium of eight blocks of zeros."""
    path = tmp_path / "medium"
    path.write_bytes(bytes(8 * BLOCK))
    return path


def content(path: Path) -> str:
    """The first letter of each block; a dot for zeros."""
    return "".join(chr(first) if (first := path.read_bytes()[number * BLOCK]) else "." for number in range(8))


class TestCache:
    """What is on the medium after a power cut."""

    def test_what_was_flushed_is_there_after_any_cut(self, medium: Path) -> None:
        for seed in range(50):
            cache = Cache(medium, random.Random(seed))
            cache.write(0, block("a") + block("b"))
            cache.flush()
            cache.write(2 * BLOCK, block("c"))
            cache.lose_power()
            cache.close()
            assert content(medium)[:2] == "ab"

    def test_what_was_not_flushed_may_be_there_or_not_each_block_by_itself(self, medium: Path) -> None:
        seen = set()
        for seed in range(200):
            medium.write_bytes(bytes(8 * BLOCK))
            cache = Cache(medium, random.Random(seed))
            cache.write(0, block("a"))
            cache.write(BLOCK, block("b"))
            cache.lose_power()
            cache.close()
            seen.add(content(medium)[:2])
        # The later one without the earlier one, too: a disk writes in any order.
        assert seen == {"..", "a.", ".b", "ab"}

    def test_of_a_block_that_was_written_twice_any_version_may_be_there(self, medium: Path) -> None:
        seen = set()
        for seed in range(200):
            medium.write_bytes(bytes(8 * BLOCK))
            cache = Cache(medium, random.Random(seed))
            cache.write(0, block("a"))
            cache.write(0, block("b"))
            assert cache.read(0, BLOCK) == block("b")
            cache.lose_power()
            cache.close()
            seen.add(content(medium)[0])
        assert seen == {".", "a", "b"}

    def test_fua_goes_to_the_medium_and_nothing_older_comes_after_it(self, medium: Path) -> None:
        for seed in range(50):
            cache = Cache(medium, random.Random(seed))
            cache.write(0, block("a"))
            cache.write(0, block("b"), through=True)
            cache.lose_power()
            cache.close()
            assert content(medium)[0] == "b"

    def test_a_cache_that_is_full_writes_by_itself(self, medium: Path) -> None:
        cache = Cache(medium, random.Random(1), limit=2 * BLOCK)
        cache.write(0, block("a") + block("b") + block("c") + block("d"))
        assert content(medium).count(".") < 8
        assert cache.read(0, 4 * BLOCK) == block("a") + block("b") + block("c") + block("d")
        cache.close()


class Client:
    """An NBD client with just enough to talk to the disk."""

    def __init__(self, path: Path) -> None:
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(10)
        self.socket.connect(str(path))
        assert self.take(16) == b"NBDMAGICIHAVEOPT"
        self.take(2)
        self.socket.sendall(struct.pack(">I8sIIIH", 3, b"IHAVEOPT", 7, 6, 0, 0))
        while True:
            _, _, kind, length = struct.unpack(">QIII", self.take(20))
            self.take(length)
            if kind == 1:
                return

    def take(self, length: int) -> bytes:
        got = b""
        while len(got) < length:
            part = self.socket.recv(length - len(got))
            assert part
            got += part
        return got

    def ask(self, kind: int, offset: int = 0, data: bytes = b"", length: int = 0, flags: int = 0) -> bytes:
        self.socket.sendall(struct.pack(">IHH8sQI", 0x25609513, flags, kind, b"handle..", offset, length or len(data)) + data)
        magic, error, handle = struct.unpack(">II8s", self.take(16))
        assert (magic, error, handle) == (0x67446698, 0, b"handle..")
        return self.take(length) if kind == 0 else b""


def test_the_disk_speaks_nbd(medium: Path, tmp_path: Path) -> None:
    disk = Disk(medium, tmp_path / "socket", random.Random(1))
    client = Client(tmp_path / "socket")
    client.ask(1, BLOCK, block("x"))
    assert client.ask(0, 0, length=3 * BLOCK) == bytes(BLOCK) + block("x") + bytes(BLOCK)
    assert content(medium) == "........"
    client.ask(3)
    assert content(medium) == ".x......"
    client.ask(1, 2 * BLOCK, block("y"), flags=1)
    assert content(medium) == ".xy....."
    assert (disk.changes, disk.flushes) == (3, 1)
    client.socket.close()
    disk.close()


def test_the_power_goes_with_the_write_that_was_chosen_and_that_gets_no_answer(medium: Path, tmp_path: Path) -> None:
    disk = Disk(medium, tmp_path / "socket", random.Random(1))
    client = Client(tmp_path / "socket")
    disk.cut_after(2)
    client.ask(1, 0, block("x"))
    assert not disk.went_off.is_set()
    client.socket.settimeout(0.2)
    with pytest.raises(TimeoutError):
        client.ask(1, BLOCK, block("y"))
    assert disk.went_off.is_set()
    disk.close()


class TestPlan:
    """What may be in the store when a command was cut short."""

    BEFORE = {"a": "one", "b": "two"}

    def test_it_was_done_or_it_was_not(self) -> None:
        order = plan.Order("import", ("a", "three"))
        assert order.explains(self.BEFORE, self.BEFORE) and order.explains(self.BEFORE, {"a": "three", "b": "two"})
        assert not order.explains(self.BEFORE, {"b": "two"}) and not order.explains(self.BEFORE, {"a": "two", "b": "two"})

    def test_a_prune_may_have_removed_some(self) -> None:
        order = plan.Order("prune")
        assert all(order.explains(self.BEFORE, found) for found in ({}, {"a": "one"}, {"b": "two"}, self.BEFORE))
        assert not order.explains(self.BEFORE, {"a": "two"})

    def test_the_same_seed_gives_the_same_orders(self) -> None:
        first, second = (plan.orders(random.Random(7), {}, ["one", "two"], 40) for _ in range(2))
        assert first == second != plan.orders(random.Random(8), {}, ["one", "two"], 40)


class TestJudgement:
    """What is a fault."""

    IMAGE = images.Image("one", "sha256:m", {"l1": "f1"}, "out")

    def look(self, **changed: object) -> judge.Look:
        sound = {"status": 0, "images": {"a": "sha256:m"}, "layers": {"l1": "f1"}, "files": {"./lock", "./blobs/m"}, "ran": {"a": (0, "out")}, "used": 110,
                 "inodes_used": 21, "counted": 10, "inodes_counted": 1}
        return judge.Look(**{**sound, **changed})  # type: ignore[arg-type]

    def faults(self, look: judge.Look) -> list[str]:
        return judge.Knowledge({"sha256:m": self.IMAGE}, "ext4", {"./lock"}, {"sha256:m": {"./blobs/m"}}, (100, 20)).faults(look)

    def test_a_sound_store_has_none(self) -> None:
        assert self.faults(self.look()) == []

    @pytest.mark.parametrize(
        ("changed", "said"),
        [
            ({"status": 1}, "status 1"), ({"images": {"a": "sha256:x"}}, "no image has"), ({"layers": {}}, "layer l1 is missing"),
            ({"layers": {"l1": "f1", "l2": "f2"}}, "layer l2 is of no image"), ({"layers": {"l1": "f9"}}, "other contents"),
            ({"files": {"./lock"}}, "./blobs/m is missing"), ({"files": {"./lock", "./blobs/m", "./x"}}, "./x is of no image"),
            ({"ran": {"a": (1, "out")}}, "ran with"), ({"ran": {}}, "ran with"), ({"used": 111}, "1 blocks"), ({"inodes_used": 22}, "1 inodes"),
            ({"complaints": ["left behind: tmp/x"]}, "tmp/x"),
        ],
    )
    def test_whatever_is_otherwise_is_one(self, changed: dict[str, object], said: str) -> None:
        assert any(said in fault for fault in self.faults(self.look(**changed)))

    def test_an_image_that_was_reported_must_be_there(self) -> None:
        belief = judge.Belief({})
        order = plan.Order("import", ("a", "one"))
        session = judge.Session.read([(1.0, "looked 1"), (2.0, "done 2 0 ")])
        assert judge.follow(belief, [(2, order), (3, plan.Order("remove", ("a",)))], session, lambda fault: pytest.fail(fault)) == 1
        assert belief.faults({"a": "one"}) == [] == belief.faults({})
        assert belief.faults({"a": "two"}) != []
        assert judge.Belief({"a": "one"}).faults({}) != []

    def test_a_command_that_fails_for_no_reason_is_one(self) -> None:
        noted: list[str] = []
        judge.follow(judge.Belief({}), [(2, plan.Order("import", ("a", "one")))], judge.Session.read([(1.0, "done 2 1 apus: broken")]), noted.append)
        assert len(noted) == 1 and "broken" in noted[0]

    def test_half_a_line_on_the_console_says_nothing(self) -> None:
        assert judge.messages("[    1.5] powercut: mounted\r\n[    2.0] powercut: done 2") == [(1.5, "mounted")]

    def test_complaints_of_the_kernel_are_found(self) -> None:
        assert judge.kernel_complaints("[ 1.0] EXT4-fs error (device vda): bad\n[ 1.1] fine\n") != []
        assert judge.kernel_complaints("[ 1.0] F2FS-fs (vda): Mounted with checkpoint version = 5\n") == []


def test_the_images_are_always_the_same(tmp_path: Path) -> None:
    made = []
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
        made.append(images.make(tmp_path / name, "amd64", b"busybox"))
    assert made[0] == made[1]
    assert len({image.manifest for image in made[0]}) == len(made[0])
