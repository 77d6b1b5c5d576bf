"""The servers serve: each amd64 image is unpacked with umoci and started as its configuration says, in a network of its own. Needs root on an amd64 machine."""

import os
import platform
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest
from image_builder import layout

REPOSITORY = Path(__file__).resolve().parents[2]
#: What a client in the image says to the server, tried for some seconds, and what must come back.
CLIENTS = {
    "redis": ("redis-cli -h 127.0.0.1 ping", "PONG"),
    "nginx": ("wget -q -O - http://127.0.0.1/", "This page was served from a container."),
    "mosquitto": ("mosquitto_pub -h 127.0.0.1 -r -t a/topic -m 'a message' && mosquitto_sub -h 127.0.0.1 -t a/topic -C 1 -W 5", "a message"),
}


def unpacked(name: str, folder: Path) -> tuple[Path, layout.Image]:
    """The root of the unpacked image, and its documents; or a skip that says what is missing."""
    source = REPOSITORY / ".build" / "images" / "amd64" / name
    if not source.is_dir():
        pytest.skip(f"{source.relative_to(REPOSITORY)} is not built; run cross/images")
    if platform.machine() != "x86_64":
        pytest.skip(f"this machine is {platform.machine()}, the images are amd64")
    if os.geteuid() != 0:
        pytest.skip("needs root, to unpack an image and to start it as its user")
    subprocess.run(["umoci", "unpack", "--image", f"{source}:latest", folder], check=True, capture_output=True)
    return folder / "rootfs", layout.read(source)


def user_of(root: Path, name: str) -> str:
    """UID:GID of the image's user, from the image's own /etc/passwd."""
    entries = {line.split(":")[0]: line.split(":") for line in (root / "etc" / "passwd").read_text(encoding="utf-8").splitlines()}
    entry = entries[name or "root"]
    return f"{entry[2]}:{entry[3]}"


@pytest.mark.parametrize("name", sorted(CLIENTS))
def test_it_serves(tmp_path: Path, name: str) -> None:
    root, image = unpacked(name, tmp_path / "bundle")
    config = image.config["config"]
    command = shlex.join([*config.get("Entrypoint", []), *config.get("Cmd", [])])
    environment = shlex.join(config["Env"])
    enter = f"chroot --userspec={user_of(root, config.get('User', ''))} --groups= {shlex.quote(str(root))} /usr/bin/env -i {environment}"
    request, answer = CLIENTS[name]
    client = f"{enter} sh -c {shlex.quote(request)}"
    script = f"""
      set -eu
      ip link set lo up
      mount --rbind /dev {root}/dev
      mount -t proc proc {root}/proc
      {enter} sh -c {shlex.quote(f'cd {config.get("WorkingDir", "/")} && exec {command}')} >{tmp_path}/log 2>&1 &
      for attempt in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
        if {client} 2>/dev/null; then exit 0; fi
        sleep 0.25
      done
      cat {tmp_path}/log >&2
      exit 1
    """
    isolation = ["unshare", "--mount", "--net", "--ipc", "--uts", "--pid", "--fork", "--kill-child", "--mount-proc"]
    system = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}
    result = subprocess.run([*isolation, "sh", "-c", script], capture_output=True, text=True, timeout=60, check=False, env=system)
    shutil.rmtree(tmp_path / "bundle")
    assert result.returncode == 0, result.stderr
    assert answer in result.stdout
