"""Real servers on the device."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator

import pytest
from machines import Machine, Process

pytestmark = pytest.mark.device


@contextlib.contextmanager
def serving(machine: Machine, image: str, port: int, *options: str) -> Iterator[tuple[str, Process]]:
    """A server from an image, on the device's network, that listens; gives its name."""
    name = machine.new_name()
    machine.image(image)
    with machine.start(machine.words("image", "run", "--name", name, "--network", "host", *options, image)) as server:
        listening = f":{port:04X} 0*:0000 0A"
        for _ in range(300):
            if machine.sh(f"cat /proc/net/tcp /proc/net/tcp6 | grep -c '{listening}' || :").strip() != "0":
                break
            assert machine.run(["kill", "-0", str(server.number)]).status == 0, server.rest()
            time.sleep(0.1)
        yield name, server


def ended(machine: Machine, server: Process, signal: str) -> int:
    """Sends the signal that ends the server; gives its exit status."""
    machine.sh(f"kill -{signal} {server.number}")
    return server.wait()


def client(machine: Machine, image: str, *words: str) -> str:
    """What a client in another container of the image prints."""
    return machine.run_image(*words, image=image, options=["--network", "host"]).succeeded().text


def test_redis_serves(v2: Machine) -> None:
    with serving(v2, "redis", 6379, "--memory", "64m", "--pids", "64") as (name, server):
        assert client(v2, "redis", "redis-cli", "PING") == "PONG\n"
        assert client(v2, "redis", "redis-cli", "SET", "key", "a value") == "OK\n"
        assert client(v2, "redis", "redis-cli", "GET", "key") == "a value\n"
        assert v2.sh(f"cat /sys/fs/cgroup/apus/{name}/memory.max /sys/fs/cgroup/apus/{name}/pids.max").split() == [str(64 << 20), "64"]
        assert int(v2.sh(f"cat /sys/fs/cgroup/apus/{name}/memory.current")) > 0
        assert ended(v2, server, "TERM") == 0


def test_mosquitto_serves(v2: Machine) -> None:
    with serving(v2, "mosquitto", 1883) as (_, server):
        client(v2, "mosquitto", "mosquitto_pub", "-h", "127.0.0.1", "-r", "-t", "topic", "-m", "a message")
        assert client(v2, "mosquitto", "mosquitto_sub", "-h", "127.0.0.1", "-t", "topic", "-C", "1", "-W", "20") == "a message\n"
        assert ended(v2, server, "TERM") == 0


def test_nginx_serves(v2: Machine) -> None:
    with serving(v2, "nginx", 80) as (_, server):
        assert "This page was served from a container." in v2.sh("wget -q -O - http://127.0.0.1/")
        assert "This page was served from a container." in client(v2, "nginx", "wget", "-q", "-O", "-", "http://127.0.0.1/")
        assert ended(v2, server, "QUIT") == 0


def test_servers_run_beside_each_other(v2: Machine) -> None:
    with serving(v2, "redis", 6379) as (_, redis), serving(v2, "nginx", 80) as (_, nginx):
        assert client(v2, "redis", "redis-cli", "PING") == "PONG\n"
        assert "container" in v2.sh("wget -q -O - http://127.0.0.1/")
        assert ended(v2, redis, "TERM") == 0
        assert "container" in v2.sh("wget -q -O - http://127.0.0.1/")
        assert ended(v2, nginx, "QUIT") == 0


def test_a_server_is_not_reachable_without_the_hosts_network(v2: Machine) -> None:
    v2.image("redis")
    with v2.start(v2.words("image", "run", "--name", v2.new_name(), "redis")) as server:
        said = ""
        while "Ready to accept connections" not in said:
            said = server.line()
            assert said, "the server ended"
        assert v2.sh("grep -c ':18EB 0*:0000 0A' /proc/net/tcp || :").strip() == "0"
        assert ended(v2, server, "TERM") == 0
