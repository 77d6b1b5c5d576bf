"""containerd with its runc shim, as `ctr` and as a kubelet use it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import documents
from engine import IMAGE, Daemon, Engine, Place
from machines import Result


class Containerd(Engine):
    """containerd, and `ctr`, its own simple client. The daemon is told nothing of Apus: `ctr` names the runtime for each container."""

    name = "containerd"

    def __init__(self, place: Place) -> None:
        """Starts the daemon and loads the image."""
        super().__init__(place)
        self.watch_state(place.folder / "runtime")
        configuration = place.folder / "config.toml"
        configuration.write_text(self._configuration())
        self.daemon = Daemon([str(place.programs / "containerd"), "--config", str(configuration)], place, place.folder / "log")
        self.daemons = [self.daemon.process.pid]
        self.daemon.await_ready(lambda: self.call("version").status == 0)
        self.import_image(place.image)

    @property
    def socket(self) -> Path:
        """Where the daemon listens."""
        return self.place.folder / "socket"

    def _configuration(self) -> str:
        folder = self.place.folder
        return f"""\
version = 2
root = "{folder}/data"
state = "{folder}/run"
disabled_plugins = ["io.containerd.grpc.v1.cri"]

[grpc]
address = "{self.socket}"

[ttrpc]
address = "{self.socket}.ttrpc"

[plugins."io.containerd.internal.v1.opt"]
path = "{folder}/opt"
"""

    def words(self, *words: str) -> list[str]:
        """See Engine."""
        return [str(self.place.programs / "ctr"), "--address", str(self.socket), *words]

    def import_image(self, archive: Path, namespace: str = "default") -> None:
        """Takes an image from an archive."""
        self.call("--namespace", namespace, "image", "import", "--snapshotter", "native", str(archive)).succeeded()

    def options(self, name: str) -> list[str]:
        """What `ctr run` needs to use Apus; without a path of its own, a container's cgroup would be in /default."""
        return [
            "--runc-binary", str(self.place.runtime), "--runc-root", str(self.place.folder / "runtime"), "--snapshotter", "native",
            "--cgroup", f"{self.place.cgroup}/{name}",
        ]

    def run_container(self, *words: str, options: Sequence[str] = (), data: bytes | None = None) -> Result:
        """`ctr run --rm`."""
        name = self.new_name()
        return self.call("run", "--rm", *self.options(name), *options, IMAGE, name, *words, data=data)

    @contextlib.contextmanager
    def container(self, *words: str, options: Sequence[str] = ()) -> Iterator[str]:
        """A container in the background, removed at the end of the `with` statement; gives its name."""
        name = self.new_name()
        self.call("run", "--detach", *self.options(name), *options, IMAGE, name, *words).succeeded()
        try:
            yield name
        finally:
            self._remove(name)

    def status(self, name: str) -> str:
        """The state of a container's task; empty without one."""
        lines = [line.split() for line in self.call("task", "ls").succeeded().lines]
        return next((line[2] for line in lines if line[0] == name), "")

    def process(self, name: str) -> int:
        """The process number of a container's first process."""
        return next(int(line.split()[1]) for line in self.call("task", "ls").succeeded().lines if line.split()[0] == name)

    def remove_everything(self) -> None:
        """See Engine."""
        for name in self.call("container", "ls", "--quiet").text.split():
            self._remove(name)

    def _remove(self, name: str) -> None:
        self.call("task", "delete", "--force", name)
        self.call("container", "rm", name)

    def _leftovers(self) -> list[str]:
        """See Engine; a container without a task is a leftover as well."""
        return [*self.call("container", "ls", "--quiet").text.split(), *super()._leftovers()]

    def close(self) -> None:
        """Removes all of it."""
        self.remove_everything()
        self.daemon.close()
        self.remove_traces()


class Kubernetes(Containerd):
    """containerd with its interface for a kubelet, and Apus as the runtime that it takes by itself."""

    name = "cri"

    #: Holds a pod's namespaces; it must not end by itself.
    PAUSE = "localhost/pause:latest"

    def __init__(self, place: Place, pause: Path) -> None:
        """Starts the daemon and loads the images; `pause` is an archive with that image."""
        super().__init__(place)
        self.import_image(place.image, "k8s.io")
        self.import_image(pause, "k8s.io")

    def _configuration(self) -> str:
        ours = super()._configuration().replace('disabled_plugins = ["io.containerd.grpc.v1.cri"]', "") + f"""
[plugins."io.containerd.grpc.v1.cri"]
sandbox_image = "{self.PAUSE}"
disable_tcp_service = true
# The processes of this machine's build services may not be made less likely to be killed.
restrict_oom_score_adj = true

"""
        documented = documents.configuration("containerd and Kubernetes", self.place.runtime)
        assert documented.startswith("version = 2\n"), documented
        table = '[plugins."io.containerd.grpc.v1.cri".containerd]\n'
        return ours + documented.removeprefix("version = 2\n").replace(table, table + 'snapshotter = "native"\n') + f'Root = "{self.place.folder}/runtime"\n'

    def remove_everything(self) -> None:
        """See Engine."""
        self.call("--namespace", "k8s.io", "task", "delete", "--force", *self._names())
        self.call("--namespace", "k8s.io", "container", "rm", *self._names())

    def _names(self) -> list[str]:
        return self.call("--namespace", "k8s.io", "container", "ls", "--quiet").text.split()

    def _leftovers(self) -> list[str]:
        """See Engine."""
        return [*self._names(), *super()._leftovers()]


def metrics(engine: Containerd, name: str) -> dict[str, str]:
    """What `ctr task metrics` says of a container, by name."""
    lines = engine.call("task", "metrics", name).succeeded().lines
    return {words[0]: words[1].strip() for words in (line.split(None, 1) for line in lines) if len(words) == 2}
