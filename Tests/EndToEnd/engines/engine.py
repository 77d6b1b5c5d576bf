"""What the engines have in common: a place of their own, how their commands are run, and what they may not leave behind."""

from __future__ import annotations

import contextlib
import itertools
import os
import select
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import documents
import traces
from machines import Result, status_of
from terminals import Terminal, on_a_terminal

LIMIT = 60.0
"""Seconds that a command of an engine may take before the test fails. They take less than one."""

IMAGE = "localhost/busybox:latest"
"""The name of the test image busybox in every engine's store."""


@dataclass(frozen=True)
class Place:
    """Where an engine works: its programs, the runtime that it gets, and a folder and a cgroup that are its own."""

    programs: Path
    runtime: Path
    folder: Path
    #: The archive with the image busybox, in the format of `docker save`.
    image: Path
    #: A cgroup, as a path below the root of every hierarchy. All containers of the engine are in it.
    cgroup: str

    @property
    def environment(self) -> dict[str, str]:
        """The environment of the engine's programs: nothing of the user's, and the unpacked programs first on the PATH."""
        kept = {name: os.environ[name] for name in ("LANG", "TZ") if name in os.environ}
        return {
            **kept, "HOME": str(self.folder), "TMPDIR": str(self.folder / "tmp"), "XDG_RUNTIME_DIR": str(self.folder / "tmp"), "TERM": "xterm",
            "PATH": f"{self.programs}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            "CONTAINERS_CONF": str(self.folder / "containers.conf"), "BUILDAH_ISOLATION": "oci",
        }

    @classmethod
    def make(cls, programs: Path, runtime: Path, folder: Path, image: Path) -> Place:
        """A place in a new folder."""
        for path in (folder, folder / "tmp"):
            path.mkdir()
        return cls(programs, runtime, folder, image, f"/engines-{os.getpid()}-{folder.name}")

    def write_containers_configuration(self) -> None:
        """Writes what podman and buildah read instead of the system's files: what docs/engines.md has, and what keeps them apart from others."""
        (self.folder / ".config" / "containers").mkdir(parents=True)
        (self.folder / ".config" / "containers" / "policy.json").write_text('{"default": [{"type": "insecureAcceptAnything"}]}\n')
        (self.folder / ".config" / "containers" / "registries.conf").write_text("")
        ours = f"""\
[containers]
init_path = "{self.programs}/catatonit"
# Podman asks for as many as the kernel has, which needs CAP_SYS_RESOURCE. Build machines often lack it.
default_ulimits = ["nofile=1024:1024", "nproc=4096:4096"]

[engine]
events_logger = "file"
conmon_path = ["{self.programs}/conmon"]
helper_binaries_dir = ["{self.programs}"]
hooks_dir = []
# The other kind is one for all of the machine's Podmans.
lock_type = "file"
"""
        documented = documents.configuration("Podman", self.runtime)
        assert documented.startswith("[engine]\n"), documented
        # A table can be opened only once.
        (self.folder / "containers.conf").write_text(ours + documented.removeprefix("[engine]\n"))


class Engine:
    """An engine with Apus under it. Commands run in an environment of ours."""

    #: As in the names of tests.
    name: str

    def __init__(self, place: Place) -> None:
        """Sets up what every engine has."""
        self.place = place
        self._numbers = itertools.count()
        #: Process numbers of daemons, which live longer than one test.
        self.daemons: list[int] = []
        # What runtimes take by themselves, if the engine tells them none.
        self.watch_state(Path("/run") / place.runtime.name)

    def watch_state(self, folder: Path) -> None:
        """Names the runtime's state directory; what is there now is not the engine's."""
        self._state, self._before = folder, set(traces.files(folder))

    def words(self, *words: str) -> list[str]:
        """A command of the engine."""
        raise NotImplementedError

    def remove_everything(self) -> None:
        """Ends and removes every container, whatever a failed test left."""
        raise NotImplementedError

    def run(self, command: Sequence[str], *, data: bytes | None = None, limit: float = LIMIT, keep: Sequence[int] = ()) -> Result:
        """Runs a program to its end; without `data` its input is empty. `keep`: descriptors that it gets as well."""
        feed = {"stdin": subprocess.DEVNULL} if data is None else {"stdin": subprocess.PIPE}
        place = {"env": self.place.environment, "cwd": self.place.folder, "pass_fds": keep}
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **place, **feed) as process:
            try:
                output, error = process.communicate(data, timeout=limit)
            except subprocess.TimeoutExpired:
                process.kill()
                output, error = process.communicate()
                raise AssertionError(f"{' '.join(command)} did not end; it said {output!r} and {error!r}") from None
            except BaseException:
                process.kill()
                raise
            return Result(status_of(process.returncode), output, error)

    def call(self, *words: str, data: bytes | None = None, limit: float = LIMIT) -> Result:
        """Runs a command of the engine to its end."""
        return self.run(self.words(*words), data=data, limit=limit)

    @contextlib.contextmanager
    def start(self, *words: str) -> Iterator[Client]:
        """Starts a command of the engine, with a pipe to its input."""
        client = Client(self.words(*words), self.place)
        try:
            yield client
        finally:
            client.close()

    def on_a_terminal(self, *words: str, rows: int = 33, columns: int = 99) -> contextlib.AbstractContextManager[Terminal]:
        """Starts a command of the engine on a terminal."""
        return on_a_terminal(self.words(*words), rows, columns, self.place.environment)

    def new_name(self) -> str:
        """A name that no other container has."""
        return f"e2e-{self.name}-{next(self._numbers)}"

    def leftovers(self) -> list[str]:
        """What is left of the containers; empty when there is nothing."""
        return settled(self._leftovers, limit=5)

    def _leftovers(self) -> list[str]:
        return [
            *(f"process {number}: {words}" for number, words in self._processes().items()),
            *traces.cgroups(self.place.cgroup),
            *traces.mounts(self.place.folder),
            *sorted(set(traces.files(self._state)) - self._before),
        ]

    def _processes(self) -> dict[int, str]:
        return traces.processes(self.place.folder, self.place.cgroup, {os.getpid(), *self.daemons})

    def remove_traces(self) -> None:
        """Removes what the engine itself leaves when it is no longer used."""
        traces.kill_processes(self.place.folder, self.place.cgroup, {os.getpid()})
        traces.remove_cgroups(self.place.cgroup)
        traces.unmount(self.place.folder)
        shutil.rmtree(self.place.folder)


class Client:
    """A command of an engine that runs beside the test. Its output and error output come together."""

    def __init__(self, command: Sequence[str], place: Place) -> None:
        """Starts it."""
        self._command = command
        self._output = b""
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=place.environment, cwd=place.folder,
        )
        assert self._process.stdin is not None and self._process.stdout is not None
        self.stdin = self._process.stdin
        self.stdout = self._process.stdout

    def read_until(self, text: str) -> str:
        """Reads until the output has `text`; gives all the output up to it, and forgets it."""
        end = time.monotonic() + LIMIT
        while text.encode() not in self._output:
            ready, _, _ = select.select([self.stdout], [], [], max(0.0, end - time.monotonic()))
            more = os.read(self.stdout.fileno(), 65536) if ready else b""
            assert more, f"waited for {text!r} of {' '.join(self._command)}; there was {self._output!r}"
            self._output += more
        before, _, self._output = self._output.partition(text.encode())
        return before.decode() + text

    def signal(self, number: int) -> None:
        """Sends it a signal."""
        self._process.send_signal(number)

    def wait(self) -> tuple[int, str]:
        """Its exit status, and the rest of its output."""
        output, _ = self._process.communicate(timeout=LIMIT)
        rest, self._output = (self._output + output).decode(), b""
        return status_of(self._process.returncode), rest

    def close(self) -> None:
        """Ends it."""
        with contextlib.suppress(BrokenPipeError):
            self.stdin.close()
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        self.stdout.close()


def settled(look: Callable[[], list[str]], limit: float) -> list[str]:
    """What `look` finds, with `limit` seconds of patience for those who clean up behind the last command; empty as soon as there is nothing."""
    end = time.monotonic() + limit
    while (found := look()) and time.monotonic() < end:
        time.sleep(0.05)
    return found


def eventually(what: Callable[[], Any], wanted: Any, limit: float = LIMIT) -> None:
    """Waits until `what` gives what is wanted."""
    end = time.monotonic() + limit
    while (found := what()) != wanted:
        assert time.monotonic() < end, f"waited for {wanted!r}; it is {found!r}"
        time.sleep(0.05)


class Daemon:
    """A server program of an engine, with a log file."""

    def __init__(self, command: Sequence[str], place: Place, log: Path) -> None:
        """Starts it. It ends with the test run, however that ends."""
        self.log = log
        with log.open("ab") as output:
            self.process = subprocess.Popen(
                ["setpriv", "--pdeathsig", "TERM", *command], stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=place.environment,
                cwd=place.folder, start_new_session=True,
            )

    def await_ready(self, ready: Callable[[], bool], limit: float = 30) -> None:
        """Waits until it serves."""
        end = time.monotonic() + limit
        while not ready():
            assert self.process.poll() is None, f"it ended with status {self.process.returncode}: {self.tail()}"
            assert time.monotonic() < end, f"it does not serve: {self.tail()}"
            time.sleep(0.05)

    def tail(self) -> str:
        """The end of its log."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-15:])

    def kill(self) -> None:
        """Ends it as a crash would."""
        self.process.kill()
        self.process.wait()

    def close(self) -> None:
        """Asks it to end, and makes it."""
        self.process.terminate()
        try:
            self.process.wait(timeout=15)
        except subprocess.TimeoutExpired:
            self.kill()
