"""What only Docker has: a daemon that may be killed, and its own builder."""

from __future__ import annotations

import pytest
from commands import Docker
from engine import IMAGE, eventually

pytestmark = pytest.mark.native


def test_containers_outlive_the_daemon(docker: Docker) -> None:
    with docker.container("sh", "-c", "while :; do sleep 0.05; done") as name:
        before = docker.state(name)["Pid"]
        docker.restart_daemon()
        assert docker.state(name)["Running"] is True
        assert docker.state(name)["Pid"] == before
        assert docker.call("exec", name, "echo", "reached").succeeded().text == "reached\n"
        docker.call("stop", "--time", "0", name).succeeded()
        assert docker.state(name)["ExitCode"] == 137


def test_a_build_with_commands(docker: Docker) -> None:
    folder = docker.place.folder / "context"
    folder.mkdir()
    (folder / "file").write_text("from the context\n")
    (folder / "Dockerfile").write_text(f"""\
FROM {IMAGE}
COPY file /data/file
RUN cat /data/file >/data/copy && id -u >/data/user
USER 1000:1001
WORKDIR /tmp
RUN id -u >user && pwd >>user
CMD ["sh", "-c", "cat /data/copy /data/user user"]
""")
    docker.run(["env", "DOCKER_BUILDKIT=0", *docker.words("build", "--network", "none", "--tag", "localhost/built", str(folder))]).succeeded()
    try:
        assert docker.run_container(image="localhost/built").succeeded().text == "from the context\n0\n1000\n/tmp\n"
        (folder / "Dockerfile").write_text(f"FROM {IMAGE}\nRUN exit 23\n")
        result = docker.run(["env", "DOCKER_BUILDKIT=0", *docker.words("build", "--network", "none", str(folder))])
        assert result.status != 0 and "returned a non-zero code: 23" in result.error
    finally:
        for name in docker.call("ps", "--all", "--quiet").text.split():
            docker.call("rm", "--force", name)
        docker.call("rmi", "--force", "localhost/built")
        docker.run(["rm", "-r", str(folder)]).succeeded()


def test_update_of_one_limit_leaves_the_others(docker: Docker) -> None:
    with docker.container("sleep", "1000", options=["--memory", "64m", "--pids-limit", "50", "--cpu-shares", "512"]) as name:
        docker.call("update", "--cpus", "0.25", name).succeeded()
        assert docker.control(name, "cpu", "cpu.cfs_quota_us") == "25000"
        assert docker.control(name, "memory", "memory.limit_in_bytes") == str(64 << 20)
        assert docker.control(name, "pids", "pids.max") == "50"
        docker.call("update", "--pids-limit", "70", name).succeeded()
        assert docker.control(name, "pids", "pids.max") == "70"
        assert docker.control(name, "cpu", "cpu.cfs_quota_us") == "25000"


def test_a_container_that_runs_out_of_memory(docker: Docker) -> None:
    command = ["sh", "-c", "sleep 0.5; exec tail -c 190m /dev/zero"]
    with docker.container(*command, options=["--memory", "16m", "--memory-swap", "16m"]) as name:
        assert docker.call("wait", name).succeeded().text == "137\n"
        eventually(lambda: docker.state(name)["OOMKilled"], True)


def test_docker_knows_the_runtime(docker: Docker) -> None:
    assert docker.call("info", "--format", "{{.DefaultRuntime}}").succeeded().text == "apus\n"
    with docker.container("sleep", "1000", options=["--runtime", "apus"]) as name:
        assert docker.inspect(name)["HostConfig"]["Runtime"] == "apus"
