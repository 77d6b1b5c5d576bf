"""The way into the guest: OpenSSH's client over one shared connection, so that a command costs milliseconds."""

from __future__ import annotations

import secrets
import shlex
import shutil
import subprocess
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from .errors import Deadline, DeviceError
from .tools import call, find

Stream = int | IO[bytes] | None
"""A stream of a command, as subprocess takes it: None is inherited."""


_LONGEST = 8000
"""Bytes of a command that are sent as such: the guest's secure shell server, Dropbear, breaks the whole connection at one of 9000 (MAX_CMD_LEN)."""


@dataclass(frozen=True)
class Result:
    """What a command in the guest did. Death by a signal is status 128 + signal."""

    status: int
    stdout: bytes
    stderr: bytes

    @property
    def text(self) -> str:
        """The output as text."""
        return self.stdout.decode(errors="replace")


def make_keys(directory: Path) -> None:
    """Makes the two key pairs of a device: `key` opens it, `host_key` proves that it is this device."""
    if (directory / "known_hosts").exists():
        return
    for name in ("key", "host_key"):
        (directory / name).unlink(missing_ok=True)
    call(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "apus-device", "-f", directory / "key"])
    call(["dropbearkey", "-t", "ed25519", "-f", directory / "host_key"])
    public = next(line for line in call(["dropbearkey", "-y", "-f", directory / "host_key"]).splitlines() if line.startswith("ssh-ed25519 "))
    (directory / "known_hosts").write_text(f"device {' '.join(public.split()[:2])}\n")


class Connection:
    """Commands and files to and from one running guest. `directory` holds the keys and the socket of the shared connection."""

    def __init__(self, directory: Path, port: int) -> None:
        """Nothing happens before the first command."""
        self.directory = directory
        self.port = port

    def _client(self, *options: str) -> list[str]:
        # The names are relative to the working directory of the client: the path of a socket may not be longer than 107 bytes.
        settings = {
            "IdentityFile": "key", "IdentitiesOnly": "yes", "UserKnownHostsFile": "known_hosts", "GlobalKnownHostsFile": "/dev/null",
            "HostKeyAlias": "device", "StrictHostKeyChecking": "yes", "BatchMode": "yes", "LogLevel": "ERROR", "ConnectTimeout": "5",
            "ControlPath": f"control-{self.port}", "ServerAliveInterval": "30",
            "EscapeChar": "none", "KexAlgorithms": "curve25519-sha256", "Ciphers": "chacha20-poly1305@openssh.com,aes128-ctr",
        }
        words = [find("ssh"), "-F", "/dev/null", "-p", str(self.port)]
        for name, value in settings.items():
            words += ["-o", f"{name}={value}"]
        return [*words, *options, "root@127.0.0.1"]

    def open(self, deadline: Deadline) -> bool:
        """Opens the shared connection; False when the guest does not answer yet."""
        # The client that stays in the background must not hold the caller's streams.
        command = self._client("-f", "-N", "-o", "ControlMaster=yes", "-o", "ControlPersist=yes")
        try:
            done = subprocess.run(
                command, cwd=self.directory, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                timeout=max(0.1, deadline.remaining()), check=False,
            )
        except subprocess.TimeoutExpired:
            raise deadline.expired() from None
        return done.returncode == 0

    def close(self) -> None:
        """Ends the shared connection, if there is one."""
        socket = self.directory / f"control-{self.port}"
        if not socket.exists():
            return
        subprocess.run(self._client("-O", "exit"), cwd=self.directory, stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=10)
        # The client that had it says yes before it is gone; who saw its socket still there would take the connection to stand.
        deadline = Deadline(10)
        while socket.exists() and deadline.remaining() > 0:
            time.sleep(0.01)

    def run(
        self, command: Sequence[str], deadline: Deadline, *, stdin: Stream = subprocess.DEVNULL, data: bytes | None = None, stdout: Stream = subprocess.PIPE,
        stderr: Stream = subprocess.PIPE, terminal: bool = False,
    ) -> Result:
        """Runs a command to its end. `data` is fed to its input; `terminal` gives it a terminal, whose size follows the caller's.

        When the time is up the command is killed in the guest as well, and `DeviceTimeout` is raised.
        """
        with self.start(command, stdin=subprocess.PIPE if data is not None else stdin, stdout=stdout, stderr=stderr, terminal=terminal) as running:
            try:
                output, errors = running.process.communicate(data, timeout=max(0.1, deadline.remaining()))
            except subprocess.TimeoutExpired:
                raise deadline.expired() from None
            return Result(running.wait(deadline), output or b"", errors or b"")

    def start(
        self, command: Sequence[str], *, stdin: Stream = subprocess.DEVNULL, stdout: Stream = subprocess.PIPE, stderr: Stream = subprocess.PIPE,
        terminal: bool = False,
    ) -> Running:
        """Starts a command and returns at once."""
        # Without the shared connection the client would make one of its own, and its status 255 could not be told from the command's.
        if not (self.directory / f"control-{self.port}").exists():
            self.open(Deadline(10))
        token = secrets.token_hex(8)
        # With a terminal the server starts a session for it; without one, setsid does.
        leader = [] if terminal else ["setsid"]
        words = " ".join(shlex.quote(word) for word in [*leader, "/etc/device/enter", token, *command])
        if len(words.encode()) > _LONGEST:
            words = self._leave(token, words)
        # A terminal for ssh itself must be the caller's: -tt gives the command one in any case.
        arguments = [*self._client(*(["-tt"] if terminal else ["-T"])), "--", "exec " + words]
        process = subprocess.Popen(arguments, cwd=self.directory, stdin=stdin, stdout=stdout, stderr=stderr)
        return Running(self, process, token, command)

    def _leave(self, token: str, words: str) -> str:
        """Leaves a long command in a file in the guest; gives the words that run it and remove it."""
        path = f"/run/command-{token}"
        client = [*self._client("-T"), "--", f"cat >{path}"]
        text = f"rm {path}\nexec {words}\n".encode()
        done = subprocess.run(client, cwd=self.directory, input=text, capture_output=True, timeout=30, check=False)
        if done.returncode != 0:
            raise DeviceError(f"a command of {len(text)} bytes could not be left on the device: {_first_line(done.stderr)}")
        return f"sh {path}"

    def end(self, token: str) -> None:
        """Kills the processes of a command in the guest; says nothing when the guest is gone."""
        words = [*self._client("-T", "-o", "ConnectTimeout=2"), "--", "/etc/device/end"]
        try:
            subprocess.run(words, cwd=self.directory, input=token.encode() + b"\n", capture_output=True, timeout=10, check=False)
        except subprocess.TimeoutExpired:
            return

    def answers(self) -> bool:
        """Whether the shared connection stands."""
        done = subprocess.run(self._client("-O", "check"), cwd=self.directory, stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=10)
        return done.returncode == 0

    def put(self, source: Path, target: str, deadline: Deadline) -> None:
        """Copies a file or directory into the guest: below `target` when that is a directory there, else under that name. Replaces files, not directories."""
        deadline.enter(f"copying {source} to the device")
        name = source.resolve().name
        packer = subprocess.Popen(
            [find("tar"), "--create", "--file=-", "--owner=0", "--group=0", "--numeric-owner", f"--directory={source.resolve().parent}", "--", name],
            stdout=subprocess.PIPE,
        )
        try:
            done = self.run(["/etc/device/receive", target, name], deadline, stdin=packer.stdout)
        finally:
            if packer.stdout is not None:
                packer.stdout.close()
            status = _finish(packer)
        if done.status != 0 or status != 0:
            raise DeviceError(f"copying {source} to device:{target} failed: {_first_line(done.stderr) or f'tar ended with status {status}'}")

    def get(self, source: str, target: Path, deadline: Deadline) -> None:
        """Copies a file or directory out of the guest, by the same rules as `put`."""
        deadline.enter(f"copying {source} from the device")
        name = source.rstrip("/").rpartition("/")[2]
        if name in ("", ".", ".."):
            raise DeviceError(f"'{source}' names no file or directory to copy")
        final = target / name if target.is_dir() else target
        if final.is_dir():
            raise DeviceError(f"{final} exists already")
        with tempfile.TemporaryDirectory(prefix=".copy-", dir=final.parent) as stage:
            unpacker = subprocess.Popen(
                [find("tar"), "--extract", "--file=-", "--no-same-owner", f"--directory={stage}"], stdin=subprocess.PIPE, stderr=subprocess.DEVNULL
            )
            try:
                done = self.run(["/bin/tar", "-c", "-f", "-", "-C", source.rstrip("/").rpartition("/")[0] or "/", name], deadline, stdout=unpacker.stdin)
            finally:
                if unpacker.stdin is not None:
                    unpacker.stdin.close()
                status = _finish(unpacker)
            if done.status != 0 or status != 0:
                raise DeviceError(f"copying device:{source} failed: {_first_line(done.stderr) or f'tar ended with status {status}'}")
            shutil.move(Path(stage) / name, final)


def _first_line(text: bytes) -> str:
    return text.decode(errors="replace").strip().partition("\n")[0]


def _finish(process: subprocess.Popen[bytes]) -> int:
    """Waits shortly for a helper whose stream has ended; kills it when it does not end."""
    try:
        return process.wait(timeout=10)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait()


class Running:
    """A command that runs in the guest. Leaving its `with` block ends it."""

    def __init__(self, connection: Connection, process: subprocess.Popen[bytes], token: str, command: Sequence[str]) -> None:
        """Made by `Connection.start`."""
        self.process = process
        self._connection = connection
        self._token = token
        self._command = command
        self._ended = False

    def wait(self, deadline: Deadline) -> int:
        """Waits for its end and returns its exit status."""
        try:
            status = self.process.wait(timeout=max(0.1, deadline.remaining()))
        except subprocess.TimeoutExpired:
            raise deadline.expired() from None
        # 255 is the client's own failure, unless the connection still stands: then it is the command's status.
        if status == 255 and not self._connection.answers():
            raise DeviceError(f"the connection to the device broke while it ran: {' '.join(self._command)}")
        self._ended = True
        return status

    def __enter__(self) -> Running:
        """Returns itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Ends the command in the guest if it was not waited for to its end (its client may be gone already), and its client."""
        if not self._ended:
            self._connection.end(self._token)
        if self.process.poll() is None:
            self.process.terminate()
            _finish(self.process)
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            if stream is not None:
                stream.close()
