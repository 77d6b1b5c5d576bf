"""Podman and Docker: their command lines are the same in most of what people do every day."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import documents
import traces
from engine import IMAGE, Daemon, Engine, Place
from machines import Result


class CommandLine(Engine):
    """An engine with a command line like Docker's."""

    #: Options of `run` and `create` that this engine needs on any machine.
    options: tuple[str, ...] = ("--network", "none")
    #: Options of `rm --force` to kill the container before it is asked to end.
    at_once: tuple[str, ...] = ()

    def run_container(self, *words: str, options: Sequence[str] = (), data: bytes | None = None, image: str = IMAGE) -> Result:
        """`run --rm`: a container that is gone afterwards. Without options about the network it has none."""
        return self.call("run", "--rm", *self._defaults(options), *options, image, *words, data=data)

    def shell(self, script: str, *options: str) -> str:
        """The output of a shell script in a container of its own, which must succeed."""
        return self.run_container("sh", "-c", script, options=options).succeeded().text

    @contextlib.contextmanager
    def container(self, *words: str, options: Sequence[str] = (), image: str = IMAGE) -> Iterator[str]:
        """A container in the background, removed at the end of the `with` statement; gives its name."""
        name = self.new_name()
        self.call("run", "--detach", "--name", name, *self._defaults(options), *options, image, *words).succeeded()
        try:
            yield name
        finally:
            removed = self.call("rm", "--force", *self.at_once, name)
            if "device or resource busy" in removed.error:
                # Podman's own cleanup, which the end of the container has started, may be unmounting at the same moment.
                time.sleep(1)
                removed = self.call("rm", "--force", *self.at_once, name)
            removed.succeeded()

    def _defaults(self, options: Sequence[str]) -> Sequence[str]:
        return () if any(option.startswith(("--network", "--pod")) for option in options) else self.options

    def inspect(self, name: str) -> dict[str, Any]:
        """What the engine knows of a container."""
        return json.loads(self.call("inspect", "--type", "container", name).succeeded().text)[0]

    def state(self, name: str) -> dict[str, Any]:
        """The state of a container."""
        return self.inspect(name)["State"]

    def control(self, name: str, controller: str, file: str) -> str:
        """A control file of a container's cgroup."""
        lines = Path(f"/proc/{self.state(name)['Pid']}/cgroup").read_text().splitlines()
        groups = dict(line.split(":", 2)[1:] for line in lines)
        return traces.control(groups[controller], controller, file)

    def remove_everything(self) -> None:
        """See Engine."""
        for name in self.call("ps", "--all", "--quiet").text.split():
            self.call("rm", "--force", "--volumes", name)


class Podman(CommandLine):
    """Podman, which has no daemon: conmon watches each container."""

    name = "podman"
    at_once = ("--time", "0")

    def __init__(self, place: Place) -> None:
        """Loads the image."""
        super().__init__(place)
        self.options = (*self.options, "--cgroup-parent", place.cgroup)
        place.write_containers_configuration()
        self.call("load", "--quiet", "--input", str(place.image)).succeeded()

    def words(self, *words: str) -> list[str]:
        """See Engine."""
        folder = self.place.folder
        return [
            str(self.place.programs / "podman"), "--root", f"{folder}/data", "--runroot", f"{folder}/run", "--tmpdir", f"{folder}/libpod",
            "--storage-driver", "vfs", "--runtime", str(self.place.runtime), *words,
        ]

    def remove_everything(self) -> None:
        """See Engine."""
        self.call("pod", "rm", "--all", "--force", "--time", "0")
        self.call("rm", "--all", "--force", "--time", "0", "--volumes")

    def close(self) -> None:
        """Removes all of it."""
        self.remove_everything()
        self.remove_traces()


class Docker(CommandLine):
    """Docker's daemon with a containerd of its own, and its command line."""

    name = "docker"

    def __init__(self, place: Place) -> None:
        """Starts the daemon and loads the image."""
        super().__init__(place)
        self.watch_state(place.folder / "exec" / "runtime-runc")
        self._configuration = place.folder / "daemon.json"
        self._configuration.write_text(json.dumps({
            **json.loads(documents.configuration("Docker", place.runtime)), "bridge": "none", "iptables": False, "ip-forward": False,
            "storage-driver": "vfs", "cgroup-parent": place.cgroup, "live-restore": True,
            "data-root": f"{place.folder}/data", "exec-root": f"{place.folder}/exec", "pidfile": f"{place.folder}/pid",
            "hosts": [f"unix://{place.folder}/socket"], "init-path": f"{place.programs}/docker-init", "log-level": "debug",
        }))
        self.daemon = self._start()
        self.call("load", "--quiet", "--input", str(place.image)).succeeded()

    def _start(self) -> Daemon:
        daemon = Daemon([str(self.place.programs / "dockerd"), "--config-file", str(self._configuration)], self.place, self.place.folder / "log")
        self.daemon = daemon
        daemon.await_ready(lambda: self.call("version").status == 0)
        containerd = int((self.place.folder / "exec" / "containerd" / "containerd.pid").read_text())
        self.daemons = [daemon.process.pid, containerd]
        return daemon

    def restart_daemon(self) -> None:
        """Kills the daemon as a crash would, and starts it again. Containers go on."""
        self.daemon.kill()
        # Its containerd dies with it; where nobody buries that one at once, the new daemon would take it for alive.
        (self.place.folder / "exec" / "containerd" / "containerd.pid").unlink()
        self.daemon = self._start()

    def words(self, *words: str) -> list[str]:
        """See Engine."""
        return [str(self.place.programs / "docker"), "--host", f"unix://{self.place.folder}/socket", *words]

    def close(self) -> None:
        """Removes all of it."""
        self.remove_everything()
        self.daemon.close()
        self.remove_traces()
