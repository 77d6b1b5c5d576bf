"""What `image df` says of the store's size agrees with the files."""

from __future__ import annotations

import json
from typing import Any

from machines import Machine


def test_sizes_agree_with_du_and_change_with_what_is_there(machine: Machine) -> None:
    store = f"{machine.lasting}/{machine.new_name()}"
    words = [machine.apus, "--root", machine.state, "--data-root", store]

    def df() -> dict[str, Any]:
        told: dict[str, Any] = json.loads(machine.run([*words, "image", "df", "--format", "json"]).succeeded().text)
        return told

    assert df()["images"] == [] and df()["layers"] == {"count": 0, "bytes": 0, "reclaimable": 0}
    for name in ("busybox", "redis"):
        machine.run([*words, "image", "import", "--name", name, machine.layout(name)]).succeeded()
    told = df()
    on_disk = int(machine.sh(f"cd {store} && du -sk layers headers | awk '{{ sum += $1 }} END {{ print sum }}'"))
    # The two directories themselves are nobody's.
    assert abs(told["layers"]["bytes"] // 1024 - on_disk) <= 32
    assert told["layers"]["count"] == int(machine.sh(f"ls {store}/layers | wc -l"))
    assert told["layers"]["reclaimable"] == told["layers"]["bytes"]
    assert [image["name"] for image in told["images"]] == ["busybox", "redis"]
    assert all(0 < image["unique"] <= image["bytes"] <= told["layers"]["bytes"] and image["containers"] == 0 for image in told["images"])
    container = machine.new_name()
    with machine.start([*words, "image", "run", "--name", container, "busybox", "--", "sh", "-c", "echo ready; read line"]) as running:
        assert running.line() == "ready"
        used = df()
        table = machine.run([*words, "image", "df"]).succeeded().lines
        running.stdin.write(b"\n")
        running.stdin.flush()
        assert running.wait() == 0
    assert used["containers"]["count"] == 1 and [image["containers"] for image in used["images"]] == [1, 0]
    assert 0 < used["layers"]["reclaimable"] < used["layers"]["bytes"]
    assert table[0].split() == ["WHAT", "COUNT", "KIB", "RECLAIMABLE"]
    assert [line.split()[0] for line in table[1:7]] == ["layers", "documents", "containers", "quarantine", "temporary", "reserve"]
    assert table[8].split() == ["IMAGE", "CONTAINERS", "KIB", "UNIQUE"] and table[9].split()[:2] == ["busybox", "1"]
    freed = df()["layers"]["reclaimable"]
    machine.run([*words, "image", "prune", "--all"]).succeeded()
    assert freed == told["layers"]["bytes"] and df()["layers"]["bytes"] == 0
    machine.sh(f"rm -rf {store}")
