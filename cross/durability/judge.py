"""Decides from what work.sh said whether a store is as it has to be."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from .images import Image
from .plan import Contents, Order

_MESSAGE = re.compile(r"(?:\[ *([0-9.]+)\] )?powercut: (.*)")
#: Only on kernels where stand-ins give each container a user of its own: the list of users is replaced by this file, and the next container replaces what was left of it.
_MAY_BE_LEFT = "./.users.new"

IMPORTING = "./importing"
"""There as long as layers wait for an import that was killed to be made again."""

_FILE_SYSTEM_ERROR = re.compile(r"EXT4-fs error|EXT4-fs \(\w+\): (failed|error)|JBD2: .*(rror|bort)|F2FS-fs \(\w+\): .*(orrupt|nconsist|rror|ail)|I/O error")


def messages(console: str) -> list[tuple[float, str]]:
    """What work.sh said, whole lines only, with the kernel's time in seconds."""
    return [(float(found[1] or 0), found[2]) for line in console.split("\n")[:-1] if (found := _MESSAGE.search(line.rstrip("\r")))]


def kernel_complaints(console: str) -> list[str]:
    """What the kernel says of a damaged file system."""
    return [line.strip() for line in console.splitlines() if _FILE_SYSTEM_ERROR.search(line)]


@dataclass
class Look:
    """What `look` found."""

    status: int | None = None
    images: dict[str, str] = field(default_factory=dict)
    """Name -> digest of the manifest."""
    layers: dict[str, str] = field(default_factory=dict)
    files: set[str] = field(default_factory=set)
    ran: dict[str, tuple[int, str]] = field(default_factory=dict)
    complaints: list[str] = field(default_factory=list)
    used: int = 0
    inodes_used: int = 0
    counted: int = 0
    inodes_counted: int = 0

    def take(self, message: str) -> None:
        """Takes a line that is about it."""
        word, _, rest = message.partition(" ")
        words = rest.split()
        if word == "list":
            self.status = int(rest)
        elif word == "image":
            self.images[words[0]] = words[1]
        elif word == "layer":
            self.layers[words[0]] = words[1]
        elif word == "file":
            self.files.add(rest)
        elif word == "ran":
            self.ran[words[0]] = (int(words[1]), words[2])
        elif word == "space":
            self.used, self.inodes_used, self.counted, self.inodes_counted = map(int, words)
        elif word == "left":
            self.complaints.append(f"left behind: {rest}")
        elif word == "error":
            self.complaints.append(f"said: {rest}")


@dataclass
class Session:
    """What was said since a boot: looks, and what came of orders, by number from 1."""

    looks: dict[int, Look] = field(default_factory=dict)
    done: dict[int, tuple[int, str]] = field(default_factory=dict)
    """Status and the first line of what apus said to its user."""
    killed: set[int] = field(default_factory=set)
    seconds: dict[int, float] = field(default_factory=dict)
    """How long each order took."""

    @classmethod
    def read(cls, said: Sequence[tuple[float, str]]) -> Session:
        """From the messages in their order."""
        session, look = cls(), Look()
        before = 0.0
        for time, message in said:
            word, _, rest = message.partition(" ")
            number, _, more = rest.partition(" ")
            if word == "looked":
                session.looks[int(number)], look = look, Look()
            elif word == "done":
                status, _, error = more.partition(" ")
                session.done[int(number)] = (int(status), error)
                session.seconds[int(number)] = time - before
            elif word == "killed":
                session.killed.add(int(number))
            else:
                look.take(message)
            before = time
        return session


@dataclass
class Knowledge:
    """What a sound store looks like: from the images as they were made, and from calm imports."""

    images: dict[str, Image]
    """By the digest of the manifest."""
    file_system: str = "ext4"
    common_files: set[str] = field(default_factory=set)
    """What is there without any image."""
    files: dict[str, set[str]] = field(default_factory=dict)
    """What the store keeps of each image besides its layers, by the digest."""
    overhead: tuple[int, int] | None = None
    """Blocks and inodes that the file system itself takes, when that is known."""

    def contents(self, look: Look) -> dict[str, str]:
        """Name in the store -> name of the image; one that was never made is a `?`."""
        return {name: self.images[digest].name if digest in self.images else "?" for name, digest in look.images.items()}

    def faults(self, look: Look) -> list[str]:
        """What is wrong with a store by itself, whatever should be in it."""
        faults = list(look.complaints)
        if look.status != 0:
            faults.append(f"apus image list ended with status {look.status}")
        layers: dict[str, str] = {}
        files = set(self.common_files)
        for name, digest in look.images.items():
            image = self.images.get(digest)
            if image is None:
                faults.append(f"image {name} has the digest {digest}, which no image has that was made")
                continue
            layers |= image.layers
            files |= self.files.get(digest, set())
            if look.ran.get(name) != (0, image.output):
                faults.append(f"image {name} ({image.name}) ran with {look.ran.get(name)} and not with {(0, image.output)}")
        faults += [f"layer {name} is missing" for name in layers.keys() - look.layers.keys()]
        if IMPORTING in look.files:
            known = {name: content for image in self.images.values() for name, content in image.layers.items()}
            layers |= {name: known[name] for name in look.layers.keys() & known.keys()}
            # What is kept of the archives of those layers.
            files |= {f"./headers/{name}" for name in layers} & look.files
        faults += [f"layer {name} is of no image" for name in look.layers.keys() - layers.keys()]
        faults += [f"layer {name} has other contents" for name in layers.keys() & look.layers.keys() if layers[name] != look.layers[name]]
        if self.files:
            faults += [f"file {name} is missing" for name in files - look.files]
            faults += [f"file {name} is of no image" for name in look.files - files - {_MAY_BE_LEFT, IMPORTING}]
        if self.overhead is not None:
            blocks, inodes = (found - expected for found, expected in zip(self.unaccounted(look), self.overhead, strict=True))
            if (blocks, inodes) != (0, 0):
                faults.append(f"{blocks} blocks and {inodes} inodes are in use that no file has")
        return faults

    def unaccounted(self, look: Look) -> tuple[int, int]:
        """Blocks and inodes that are in use and that no file has."""
        if self.file_system == "f2fs":
            # An inode is a block there, which st_blocks leaves out; and the number of free ones follows from that of free blocks.
            return look.used - look.counted - look.inodes_counted, 0
        return look.used - look.counted, look.inodes_used - look.inodes_counted


@dataclass
class Belief:
    """What may be in the store: what it had at the last look, and the orders since, of which some were reported as done."""

    contents: Contents = field(default_factory=dict)
    pending: Order | None = None
    """The one that was cut short, if there was one: it may have been done or not."""

    def faults(self, found: Contents) -> list[str]:
        """Why the store cannot have these contents."""
        if found == self.contents or (self.pending is not None and self.pending.explains(self.contents, found)):
            return []
        cut = f", with '{self.pending.line}' cut short" if self.pending is not None else ""
        return [f"the store has {_shown(found)}, reported was {_shown(self.contents)}{cut}"]


def follow(belief: Belief, orders: Sequence[tuple[int, Order]], session: Session, note: Callable[[str], None]) -> int:
    """Carries a belief from a look on over the orders after it, up to the one that was cut short; gives the number of those that were reported as done."""
    done = 0
    for number, order in orders:
        outcome = session.done.get(number)
        if outcome is None:
            belief.pending = order
            return done
        status, error = outcome
        if (status == 0) != order.succeeds(belief.contents):
            note(f"'{order.line}' ended with status {status} ({error}); in the store was {_shown(belief.contents)}")
        belief.contents = order.after(belief.contents) if status == 0 else belief.contents
        done += 1
    belief.pending = None
    return done


def _shown(contents: Contents) -> str:
    return ", ".join(f"{name}={image}" for name, image in sorted(contents.items())) or "nothing"
