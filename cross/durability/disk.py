"""A disk whose cache forgets when the power goes, as a server of QEMU's.

Killing an emulator alone is a mild power cut: what the guest sent to its disk is in the dev box's page cache and stays there, in order. A real disk, eMMC or UFS
has a cache of its own, tells the kernel that a write is done when it is there, and moves it to the medium when and in which order it likes, until a FLUSH or a
write with FUA makes it. At a power cut some of it is on the medium and some is not. This server does just that.

The protocol is NBD's, with simple replies (https://github.com/NetworkBlockDevice/nbd/blob/master/doc/proto.md).
"""

from __future__ import annotations

import contextlib
import os
import random
import socket
import struct
import threading
from pathlib import Path

BLOCK = 4096
"""Bytes that the medium writes as a whole or not at all: the sector of UFS, and the unit of ext4's and f2fs's journals and checkpoints."""

_CACHE_LIMIT = 32 << 20
"""Bytes in the cache above which some of it goes to the medium by itself."""

_MAGIC = b"NBDMAGIC"
_OPTION_MAGIC = b"IHAVEOPT"
_REPLY_MAGIC = 0x3E889045565A9
_REQUEST_MAGIC = 0x25609513
_RESPONSE_MAGIC = 0x67446698
_FIXED_NEWSTYLE, _NO_ZEROES = 1, 2
_OPTION_ABORT, _OPTION_INFO, _OPTION_GO = 2, 6, 7
_ACKNOWLEDGED, _INFORMATION, _UNSUPPORTED = 1, 3, 0x80000001
_INFO_EXPORT, _INFO_BLOCK_SIZE = 0, 3
_HAS_FLAGS, _SEND_FLUSH, _SEND_FUA = 1, 4, 8
_READ, _WRITE, _DISCONNECT, _FLUSH = 0, 1, 2, 3
_FUA = 1
_INVALID = 22


class Cache:
    """What a disk holds: the medium, which is a file, and what was written since and may be lost. Offsets and lengths are multiples of `BLOCK`."""

    def __init__(self, medium: Path, chance: random.Random, limit: int = _CACHE_LIMIT) -> None:
        """`chance` decides what is lost."""
        self._file = os.open(medium, os.O_RDWR | os.O_CLOEXEC)
        self.size = os.fstat(self._file).st_size
        self._chance = chance
        self._limit = limit // BLOCK
        # Of each block all that was written and that the medium may have by now or not, in this order.
        self._versions: dict[int, list[bytes]] = {}

    def read(self, offset: int, length: int) -> bytes:
        """What a reader sees: the newest."""
        content = bytearray(os.pread(self._file, length, offset))
        first = offset // BLOCK
        if self._versions:
            for number in range(first, first + length // BLOCK):
                versions = self._versions.get(number)
                if versions:
                    start = (number - first) * BLOCK
                    content[start : start + BLOCK] = versions[-1]
        return bytes(content)

    def write(self, offset: int, content: bytes, *, through: bool = False) -> None:
        """Writes into the cache; `through`, which is FUA, to the medium."""
        first = offset // BLOCK
        if through:
            for number in range(first, first + len(content) // BLOCK):
                self._versions.pop(number, None)
            os.pwrite(self._file, content, offset)
            return
        for start in range(0, len(content), BLOCK):
            self._versions.setdefault(first + start // BLOCK, []).append(content[start : start + BLOCK])
        if len(self._versions) > self._limit:
            for number in self._chance.sample(sorted(self._versions), len(self._versions) // 2):
                os.pwrite(self._file, self._versions.pop(number)[-1], number * BLOCK)

    def flush(self) -> None:
        """All that was written before is on the medium afterwards."""
        for number in sorted(self._versions):
            os.pwrite(self._file, self._versions[number][-1], number * BLOCK)
        self._versions.clear()

    def lose_power(self) -> tuple[int, int]:
        """Of each block the medium has any of what was written to it, or what it had before. Gives the number of blocks that were in the cache and how many of
        those are older than the newest."""
        # Some cuts find the cache almost written, and some hardly at all.
        share = self._chance.choice((0.0, 0.1, 0.5, 0.9, 1.0))
        lost = 0
        for number in sorted(self._versions):
            versions = self._versions[number]
            if self._chance.random() >= share:
                os.pwrite(self._file, versions[-1], number * BLOCK)
                continue
            lost += 1
            kept = self._chance.randrange(len(versions))
            if kept > 0:
                os.pwrite(self._file, versions[kept - 1], number * BLOCK)
        held = len(self._versions)
        self._versions.clear()
        return held, lost

    def close(self) -> None:
        """The medium stays as it is."""
        os.close(self._file)


class Disk:
    """Serves a cache on a Unix socket to one emulator, until the power is cut or the emulator ends."""

    def __init__(self, medium: Path, path: Path, chance: random.Random) -> None:
        """`path` is where the socket will be."""
        self.cache = Cache(medium, chance)
        self._lock = threading.Lock()
        self._is_on = True
        self._requests = 0
        self._flushes = 0
        self._armed: int | None = None
        self._closed = threading.Event()
        self.went_off = threading.Event()
        """Set when the power went at the request that was chosen by `cut_after`."""
        path.unlink(missing_ok=True)
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(path))
        self._listener.listen(1)
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    @property
    def changes(self) -> int:
        """How many writes and flushes there were so far."""
        return self._requests

    @property
    def flushes(self) -> int:
        """How many of them were flushes."""
        return self._flushes

    def cut_after(self, changes: int) -> None:
        """The power goes when so many more writes and flushes have been done."""
        with self._lock:
            self._armed = self._requests + changes

    def stop(self) -> None:
        """From here on nothing is done any more: no request is answered."""
        with self._lock:
            self._is_on = False

    def lose_power(self) -> tuple[int, int]:
        """See `Cache.lose_power`; the emulator must have ended."""
        self.stop()
        return self.cache.lose_power()

    def close(self) -> None:
        """Ends the server; what is in the cache is lost."""
        self.stop()
        self._closed.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(10)
        self.cache.close()

    def _serve(self) -> None:
        with contextlib.suppress(OSError, EOFError):
            connection, _ = self._listener.accept()
            with connection:
                if self._agree(connection):
                    while self._answer(connection):
                        pass

    def _agree(self, connection: socket.socket) -> bool:
        """The handshake; whether there is to be a transmission."""
        connection.sendall(_MAGIC + _OPTION_MAGIC + struct.pack(">H", _FIXED_NEWSTYLE | _NO_ZEROES))
        _receive(connection, 4)
        while True:
            magic, option, length = struct.unpack(">8sII", _receive(connection, 16))
            if magic != _OPTION_MAGIC or length > 65536:
                return False
            _receive(connection, length)

            def reply(kind: int, data: bytes = b"", option: int = option) -> None:
                connection.sendall(struct.pack(">QIII", _REPLY_MAGIC, option, kind, len(data)) + data)

            if option == _OPTION_ABORT:
                reply(_ACKNOWLEDGED)
                return False
            if option not in (_OPTION_INFO, _OPTION_GO):
                reply(_UNSUPPORTED)
                continue
            reply(_INFORMATION, struct.pack(">HQH", _INFO_EXPORT, self.cache.size, _HAS_FLAGS | _SEND_FLUSH | _SEND_FUA))
            reply(_INFORMATION, struct.pack(">HIII", _INFO_BLOCK_SIZE, BLOCK, BLOCK, 32 << 20))
            reply(_ACKNOWLEDGED)
            if option == _OPTION_GO:
                return True

    def _answer(self, connection: socket.socket) -> bool:
        """One request; whether more may come."""
        magic, flags, kind, handle, offset, length = struct.unpack(">IHH8sQI", _receive(connection, 28))
        if magic != _REQUEST_MAGIC or kind == _DISCONNECT:
            return False
        content = _receive(connection, length) if kind == _WRITE else b""
        status, result = 0, b""
        with self._lock:
            if self._is_on:
                status, result = self._perform(kind, flags, offset, length, content)
            is_on = self._is_on
        if not is_on:
            # No answer, not even the end of the connection: the guest would see that as an error of its disk, and report it.
            self._closed.wait()
            return False
        connection.sendall(struct.pack(">II8s", _RESPONSE_MAGIC, status, handle) + result)
        return True

    def _perform(self, kind: int, flags: int, offset: int, length: int, content: bytes) -> tuple[int, bytes]:
        """The error number and what was read. The lock is held."""
        if kind == _FLUSH:
            self._flushes += 1
            self.cache.flush()
        elif kind not in (_READ, _WRITE) or offset % BLOCK or length % BLOCK or offset + length > self.cache.size:
            return _INVALID, b""
        elif kind == _READ:
            return 0, self.cache.read(offset, length)
        else:
            self.cache.write(offset, content, through=bool(flags & _FUA))
        self._requests += 1
        if self._armed is not None and self._requests >= self._armed:
            self._is_on = False
            self.went_off.set()
        return 0, b""


def _receive(connection: socket.socket, length: int) -> bytes:
    parts = []
    while length > 0:
        part = connection.recv(min(length, 1 << 20))
        if not part:
            raise EOFError
        parts.append(part)
        length -= len(part)
    return b"".join(parts)
