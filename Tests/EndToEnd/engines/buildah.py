"""Buildah, which runs a build's commands with an OCI runtime."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from engine import Engine, Place
from machines import Result


class Buildah(Engine):
    """Buildah, with the isolation `oci`: the other kinds use no runtime, or one without groups."""

    name = "buildah"

    def __init__(self, place: Place) -> None:
        """Loads the image."""
        super().__init__(place)
        place.write_containers_configuration()
        self.call("pull", "--quiet", f"docker-archive:{place.image}").succeeded()

    def words(self, *words: str) -> list[str]:
        """See Engine."""
        folder = self.place.folder
        return [
            str(self.place.programs / "buildah"), "--root", f"{folder}/data", "--runroot", f"{folder}/run", "--storage-driver", "vfs", *words,
        ]

    @property
    def _runtime(self) -> list[str]:
        # Buildah's default limits are those of the kernel, which need CAP_SYS_RESOURCE.
        return ["--runtime", str(self.place.runtime), "--isolation", "oci"]

    def build(self, context: Path, tag: str) -> Result:
        """Builds an image."""
        limits = ["--ulimit", "nofile=1024:1024", "--ulimit", "nproc=4096:4096", "--cgroup-parent", self.place.cgroup]
        return self.call("build", "--pull-never", "--network", "none", *self._runtime, *limits, "--tag", tag, str(context))

    def run_words(self, container: str, *words: str, options: Sequence[str] = ()) -> list[str]:
        """The words of `run` in a working container."""
        return ["run", "--network", "none", *self._runtime, *options, container, "--", *words]

    def run_in(self, container: str, *words: str, options: Sequence[str] = ()) -> Result:
        """Runs a command in a working container."""
        return self.call(*self.run_words(container, *words, options=options))

    def remove_everything(self) -> None:
        """See Engine."""
        self.call("rm", "--all")

    def close(self) -> None:
        """Removes all of it."""
        self.remove_everything()
        self.remove_traces()
