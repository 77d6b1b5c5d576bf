"""`apus spec`: a configuration that runs as it is."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from machines import Machine


def test_the_configuration_runs_with_the_root_beside_it(machine: Machine) -> None:
    bundle = machine.new_folder()
    machine.call("spec", "--bundle", bundle).succeeded()
    document = json.loads(machine.sh(f"cat {bundle}/config.json"))
    assert document["root"] == {"path": "rootfs", "readonly": True} and document["process"]["args"] == ["sh"]
    machine.sh(f"ln -s {machine.new_root()} {bundle}/rootfs")
    machine.sh(f"""sed -i -e 's/"terminal": true/"terminal": false/' -e 's/"sh"/"cat", "\\/proc\\/1\\/comm"/' {bundle}/config.json""")
    assert machine.call("run", "--bundle", bundle, machine.new_name()).succeeded().text == "cat\n"


def test_what_is_there_is_not_touched(machine: Machine) -> None:
    folder = machine.new_folder()
    machine.write(f"{folder}/config.json", b"mine")
    machine.call("spec", "-b", folder).failed(f"{folder}/config.json: file exists", status=1)
    assert machine.sh(f"cat {folder}/config.json") == "mine"
    machine.sh(f"rm {folder}/config.json; ln -s {folder}/elsewhere {folder}/config.json")
    machine.call("spec", "-b", folder).failed(f"{folder}/config.json: file exists", status=1)
    assert machine.sh(f"ls -A {folder}") == "config.json\n"


def test_without_the_folder_it_says_so(machine: Machine) -> None:
    machine.call("spec", "-b", "/no/such/folder").failed("/no/such/folder: no such file or directory", status=1)
    machine.call("spec", "word").failed("no operands", status=2)


@pytest.mark.native
def test_it_needs_no_root_and_maps_the_caller(native: Machine, tmp_path: Path) -> None:
    tmp_path.chmod(0o777)
    for parent in list(tmp_path.parents)[:3]:
        parent.chmod(0o755)
    subprocess.run([native.apus, "spec", "--rootless"], cwd=tmp_path, user=65534, group=65533, extra_groups=[], check=True, timeout=30)
    document = json.loads((tmp_path / "config.json").read_text())
    assert document["linux"]["uidMappings"] == [{"containerID": 0, "hostID": 65534, "size": 1}]
    assert document["linux"]["gidMappings"] == [{"containerID": 0, "hostID": 65533, "size": 1}]
    types = [namespace["type"] for namespace in document["linux"]["namespaces"]]
    assert "user" in types and "network" not in types and "resources" not in document["linux"]
    mounts = {mount["destination"]: mount for mount in document["mounts"]}
    assert mounts["/sys"]["source"] == "/sys" and "gid=5" not in mounts["/dev/pts"]["options"]
