"""The initramfs archive: cpio in the "newc" format (Linux, Documentation/driver-api/early-userspace/buffer-format.rst).

Written here and not by cpio(1), because device nodes can then be recorded without being root.
"""

from __future__ import annotations

import stat


class Archive:
    """An archive that grows in memory. All entries belong to root and bear the time 0, so equal contents are equal bytes."""

    def __init__(self) -> None:
        """Starts an empty archive."""
        self._blocks: list[bytes] = []
        self._inode = 0

    def directory(self, name: str, mode: int = 0o755) -> None:
        """Adds a directory; its parents must have been added before."""
        self._entry(name, stat.S_IFDIR | mode)

    def file(self, name: str, content: bytes, mode: int = 0o644) -> None:
        """Adds a regular file."""
        self._entry(name, stat.S_IFREG | mode, content)

    def link(self, name: str, target: str) -> None:
        """Adds a symbolic link."""
        self._entry(name, stat.S_IFLNK | 0o777, target.encode())

    def character_device(self, name: str, major: int, minor: int, mode: int = 0o600) -> None:
        """Adds a character device."""
        self._entry(name, stat.S_IFCHR | mode, device=(major, minor))

    def finish(self) -> bytes:
        """The whole archive."""
        blocks = [*self._blocks, self._block("TRAILER!!!", 0, 0, b"", (0, 0))]
        return b"".join(blocks)

    def _entry(self, name: str, mode: int, content: bytes = b"", device: tuple[int, int] = (0, 0)) -> None:
        self._inode += 1
        self._blocks.append(self._block(name, self._inode, mode, content, device))

    @staticmethod
    def _block(name: str, inode: int, mode: int, content: bytes, device: tuple[int, int]) -> bytes:
        encoded = name.encode() + b"\0"
        links = 2 if stat.S_ISDIR(mode) else 1
        numbers = (inode, mode, 0, 0, links, 0, len(content), 0, 0, *device, len(encoded), 0)
        header = b"070701" + b"".join(b"%08X" % number for number in numbers) + encoded
        return _padded(header) + _padded(content)


def _padded(data: bytes) -> bytes:
    return data + b"\0" * (-len(data) % 4)
