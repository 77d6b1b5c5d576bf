"""The OCI runtimes, all with the same command line."""

import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from .processes import BenchmarkError, output_of


@dataclass(frozen=True)
class Runtime:
    """One runtime, and where it keeps its state."""

    name: str
    program: str
    #: On a tmpfs, as the state of runtimes is by default (/run).
    root: Path

    def run(self, bundle: Path, name: str = "bench", *options: str) -> list[str]:
        """A container in the foreground."""
        return self._command("run", *options, "--bundle", str(bundle), name)

    def create(self, bundle: Path, name: str = "bench") -> list[str]:
        """A container that waits for `start`."""
        return self._command("create", "--bundle", str(bundle), name)

    def start(self, name: str = "bench") -> list[str]:
        """The container's program."""
        return self._command("start", name)

    def execute(self, name: str, *words: str) -> list[str]:
        """A further process in a container that runs."""
        return self._command("exec", name, *words)

    def delete(self, name: str = "bench") -> list[str]:
        """The end of a container that may still run."""
        return self._command("delete", "--force", name)

    def _command(self, verb: str, *words: str) -> list[str]:
        return [self.program, "--root", str(self.root), verb, *words]

    @contextmanager
    def sleeping(self, bundle: Path, name: str = "bench") -> Iterator[subprocess.Popen]:
        """The runtime in the foreground, as soon as its container sleeps; both are ended afterwards."""
        process = subprocess.Popen(self.run(bundle, name), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            sleeper_of(process.pid, self.name, 20)
            yield process
        finally:
            self.end(process, name)

    def end(self, process: subprocess.Popen, name: str) -> None:
        """Ends a container in the foreground, and the runtime with it."""
        subprocess.run(self.delete(name), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=60, check=False)
        try:
            process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.wait()


def find(apus: Path, also: dict[str, Path], state: Path) -> tuple[list[Runtime], dict[str, str]]:
    """Ours, other builds of it by their names, and the peers; and why one is not among them."""
    programs = {"apus": str(apus)} | {name: str(path) for name, path in also.items()} | {"crun": "crun", "runc": "runc"}
    failures = {name: f"{program}: not installed" for name, program in programs.items() if shutil.which(program) is None}
    return [Runtime(name, program, state / name) for name, program in programs.items() if name not in failures], failures


def working(runtimes: list[Runtime], bundle: Path) -> tuple[list[Runtime], dict[str, str]]:
    """Those that can run a container of `bundle` here; and why another one cannot. That ours can is taken for granted: if not, that is the error."""
    usable, failures = [], {}
    for runtime in runtimes:
        try:
            output_of(runtime.run(bundle))
            usable.append(runtime)
        except BenchmarkError as error:
            if runtime.name == "apus":
                raise
            failures[runtime.name] = str(error)
    return usable, failures


def delete_all(runtimes: list[Runtime]) -> None:
    """Ends what a benchmark that failed has left."""
    for runtime in runtimes:
        listed = subprocess.run(
            [runtime.program, "--root", str(runtime.root), "list", "-q"], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False)
        for name in listed.stdout.split():
            subprocess.run(runtime.delete(name), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=60, check=False)


def sleeper_of(runtime: int, name: str, limit: float) -> int:
    """The container's process below the process `runtime`, as soon as it is the program and no longer the runtime."""
    deadline = time.monotonic() + limit
    while time.monotonic() < deadline:
        for task in Path(f"/proc/{runtime}/task").glob("*/children"):
            for child in map(int, task.read_text().split()):
                if _name_of(child) == "sleep":
                    return child
        if _name_of(runtime) is None:
            raise BenchmarkError(f"{name}: ended before its container slept")
        time.sleep(0.02)
    raise BenchmarkError(f"{name}: no container after {limit:.0f} s")


def _name_of(process: int) -> str | None:
    """The name of a process's program; None when it is gone or has ended."""
    try:
        text = Path(f"/proc/{process}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    name, _, rest = text.partition("(")[2].rpartition(")")
    return None if rest.split()[0] in "ZX" else name
