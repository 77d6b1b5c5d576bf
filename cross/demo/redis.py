"""What is shown on the device, with redis as the example."""

from __future__ import annotations

import time
from collections.abc import Sequence

from harness import Device, Result, Running
from harness.errors import Deadline

from .narration import DemoError, Narrator

#: All images of the demonstration lie on the device's data disk.
APUS = ("apus", "--data-root", "/data/apus")
_CLIENT = (*APUS, "image", "run", "--network", "host", "redis", "--", "redis-cli")
_GROUP = "/sys/fs/cgroup/apus/redis"
_SECONDS = 60


def demonstrate(device: Device, narrator: Narrator) -> None:
    """Imports, runs, asks and ends redis."""
    narrator.show(device.run(["uname", "-srm"]).text)
    narrator.tell("Importing the image: every digest is checked, and nothing of a layer can be unpacked outside its folder.")
    narrator.show(_succeed(device, [*APUS, "image", "import", "/images/redis"], timeout=120).text)

    narrator.tell("Running redis in a container: at most 64 MB of memory, 64 processes and half a processor.")
    command = [*APUS, "image", "run", "--name", "redis", "--network", "host", "--memory", "64m", "--pids", "64", "--cpus", "0.5", "redis"]
    narrator.show("$ " + " ".join(command))
    with device.spawn(command) as server:
        _wait_until_it_listens(device, server)
        narrator.tell("Talking to it, with the client in a second container.")
        for words in (["PING"], ["SET", "greeting", "hello from a container"], ["GET", "greeting"]):
            narrator.show(f"redis> {' '.join(words)}")
            narrator.show(_succeed(device, [*_CLIENT, *words]).text)

        narrator.tell(f"The limits, as the kernel has them in {_GROUP}.")
        for file in ("memory.max", "pids.max", "cpu.max", "memory.current", "pids.current"):
            narrator.show(f"{file:15} {_succeed(device, ['cat', f'{_GROUP}/{file}']).text.strip()}")
        narrator.tell("What the container sees: its own processes and host name, and no way to gain privileges.")
        narrator.show(_succeed(device, ["grep", "-E", "^(Name|VmRSS|NSpid|NoNewPrivs|Seccomp):", f"/proc/{_first_process(device)}/status"]).text)

        narrator.tell("Ending it: the signal goes through Apus to the server, and its exit status comes back.")
        _succeed(device, ["kill", "-TERM", _runtime(device)])
        narrator.show(f"exit status {server.wait(Deadline(_SECONDS))}")


def _succeed(device: Device, command: Sequence[str], timeout: float = _SECONDS) -> Result:
    """Runs a command on the device, which must end with status 0."""
    result = device.run(command, timeout=timeout)
    if result.status != 0:
        raise DemoError(f"on the device, `{' '.join(command)}` ended with status {result.status}: {result.stderr.decode(errors='replace').strip()}")
    return result


def _wait_until_it_listens(device: Device, server: Running) -> None:
    """Waits until the port of redis, 6379 (18EB), is in state LISTEN (0A; proc(5), /proc/net/tcp)."""
    deadline = Deadline(_SECONDS)
    deadline.enter("waiting for redis to listen")
    while device.run(["grep", "-q", ":18EB 00000000:0000 0A", "/proc/net/tcp"]).status != 0:
        if server.process.poll() is not None:
            output, errors = server.process.communicate(timeout=_SECONDS)
            raise DemoError(f"redis ended early, with status {server.process.returncode}: {(errors or output).decode(errors='replace').strip()}")
        deadline.check()
        time.sleep(0.1)


def _first_process(device: Device) -> str:
    """The process number, on the device, of the container's first process."""
    return _succeed(device, ["cat", f"{_GROUP}/cgroup.procs"]).text.split()[0]


def _runtime(device: Device) -> str:
    """The process number of the `apus` that waits for the container: the parent of the container's first process."""
    status = _succeed(device, ["cat", f"/proc/{_first_process(device)}/status"]).text
    return next(line.split()[1] for line in status.splitlines() if line.startswith("PPid:"))
