"""The commands of docs/engines.md, as they stand there. Its configuration files are those of all these tests (documents.py)."""

from __future__ import annotations

import json
from pathlib import Path

import documents
import pytest
from buildah import Buildah
from commands import Docker, Podman
from containerd import Containerd
from engine import IMAGE

pytestmark = pytest.mark.native


def runtime_of(podman: Podman, name: str) -> str:
    """The runtime of a container."""
    return str(json.loads(podman.call("inspect", "--type", "container", name).succeeded().text)[0]["OCIRuntime"])


def test_podman_for_one_container(podman: Podman) -> None:
    program, *options, verb = documents.command("Podman", podman.place.runtime)
    assert (program, verb) == ("podman", "run")
    command = podman.words()
    # Without what the other tests tell it of the runtime.
    at = command.index("--runtime")
    command = [*command[:at], *command[at + 2 :], *options]
    podman.run([*command, verb, "--detach", "--name", "one", *podman.options, IMAGE, "sleep", "1000"]).succeeded()
    try:
        assert Path(runtime_of(podman, "one")) == podman.place.runtime
    finally:
        podman.call("rm", "--force", "--time", "0", "one").succeeded()


def test_docker_for_one_container(docker: Docker) -> None:
    program, verb, *options = documents.command("Docker", docker.place.runtime)
    assert (program, verb) == ("docker", "run")
    assert docker.call(verb, *options, "--rm", "--network", "none", IMAGE, "echo", "runs").succeeded().text == "runs\n"


def test_dockers_daemon_is_told_the_same_by_options_as_by_the_file(docker: Docker) -> None:
    program, *options = documents.command("Docker", docker.place.runtime, 2)
    assert program == "dockerd"
    known = docker.run([str(docker.place.programs / "dockerd"), "--help"]).succeeded().text
    told = dict(zip(options[::2], options[1::2], strict=True))
    assert all(f"{option} " in known for option in told)
    name, _, path = told["--add-runtime"].partition("=")
    same = {"runtimes": {name: {"path": path}}, "default-runtime": told["--default-runtime"], "exec-opts": [told["--exec-opt"]]}
    assert json.loads(documents.configuration("Docker", docker.place.runtime)) == same
    said = json.loads(docker.call("info", "--format", "{{json .}}").succeeded().text)
    assert (said["DefaultRuntime"], said["Runtimes"]["apus"]["path"], said["CgroupDriver"]) == ("apus", str(docker.place.runtime), "cgroupfs")


def test_containerd_for_one_container(containerd: Containerd) -> None:
    program, verb, *options = documents.command("containerd", containerd.place.runtime)
    assert (program, verb) == ("ctr", "run")
    command = containerd.words(verb, *options, "--rm", "--snapshotter", "native", "--cgroup", f"{containerd.place.cgroup}/one", IMAGE, "one", "echo", "runs")
    assert containerd.run(command).succeeded().text == "runs\n"


def test_buildah(buildah: Buildah, tmp_path: Path) -> None:
    program, verb, *options = documents.command("Buildah", buildah.place.runtime)
    assert (program, verb) == ("buildah", "build")
    (tmp_path / "Containerfile").write_text(f"FROM {IMAGE}\nRUN echo built >/file\n")
    limits = ["--ulimit", "nofile=1024:1024", "--ulimit", "nproc=4096:4096", "--cgroup-parent", buildah.place.cgroup]
    buildah.call(verb, *options, "--pull-never", "--network", "none", *limits, "--tag", "localhost/documented", str(tmp_path)).succeeded()
    buildah.call("rmi", "localhost/documented").succeeded()
