"""On a kernel without PID, IPC and user namespaces, limits of tasks and of processor time, what takes their place does what they are for."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from machines import Emulated, Machine, Process
from made_images import import_made
from specs import shell, spec

from harness import Device, Options

pytestmark = pytest.mark.device
LACKS = "pid-namespace,ipc-namespace"


@pytest.fixture(scope="module")
def device() -> Iterator[Machine]:
    """A device with the phone kernel and Android's cgroup layout."""
    with Device.boot(Options(kernel="phone", cgroups="android")) as booted:
        yield Emulated(booted, "phone")


@pytest.fixture
def phone(device: Machine) -> Iterator[Machine]:
    """The device; the test must leave nothing on it."""
    yield device
    device.require_nothing_left()


@contextmanager
def application(phone: Machine, script: str, *options: str, image: str = "busybox") -> Iterator[tuple[str, Process]]:
    """A container of an image that says `ready` when its script has come so far; it is killed in the end."""
    name = phone.new_name()
    with phone.start(phone.words("image", "run", "--name", name, *options, phone.image(image), "--", "sh", "-c", script)) as process:
        try:
            # First comes what it does without.
            while (line := process.line()) != "ready":
                assert "warning" in line, line
            yield name, process
        finally:
            phone.call("kill", name, "KILL")
            process.wait()


def first(phone: Machine, name: str) -> int:
    return json.loads(phone.call("state", name).succeeded().text)["pid"]


def clamps(phone: Machine, name: str) -> bool:
    """Whether the kernel has a clamp of speed, which then is told of by `apus check` and is in the container's group."""
    rows = {row["key"]: row for row in json.loads(phone.call("check", "--json").text)["features"]}
    group = phone.sh(f"cat /dev/cpuctl/apus/{name}/cpu.uclamp.max 2>/dev/null || :")
    assert (rows["cpu-clamp"]["verdict"] == "works") == (group != "")
    return group != ""


def user(phone: Machine, process: int) -> int:
    return int(phone.sh(f"stat -c %u /proc/{process}"))


# What is permitted, and what is not.


def test_a_bundle_is_refused_unless_it_may_do_without(phone: Machine) -> None:
    phone.run_bundle(shell("exit 0")).failed("CONFIG_PID_NS", status=1)
    bundle = phone.bundle(shell("exit 0"))
    phone.call("run", "--best-effort", "pid-namespace", "--bundle", bundle.path, bundle.id).failed("CONFIG_IPC_NS", status=1)


def test_a_bundle_that_may_do_without_runs_and_is_told_what_it_does_without(phone: Machine) -> None:
    bundle = phone.bundle(shell("exit 7"))
    result = phone.call("run", "--best-effort", LACKS, "--bundle", bundle.path, bundle.id)
    assert result.status == 7, result.error
    assert "pid-namespace" in result.error and "ipc-namespace" in result.error


def test_a_namespace_of_somebody_else_is_joined_or_the_container_is_refused(phone: Machine) -> None:
    document = shell("exit 7")
    document["linux"]["namespaces"] = [{"type": "mount"}, {"type": "uts"}, {"type": "pid", "path": "/proc/1/ns/pid"}]
    bundle = phone.bundle(document)
    phone.call("run", "--best-effort", "all", "--bundle", bundle.path, bundle.id).failed("CONFIG_PID_NS", status=1)


def test_what_an_image_says_of_itself_permits_nothing(phone: Machine) -> None:
    name = import_made(phone, {"Labels": {"org.apus.best-effort": "all"}})
    phone.call("image", "run", "--require", "all", name).failed("CONFIG_PID_NS", status=125)
    phone.call("image", "remove", name).succeeded()


def test_the_annotation_permits_it_as_well(phone: Machine) -> None:
    document = shell("exit 7")
    document["annotations"] = {"org.apus.best-effort": LACKS}
    assert phone.run_bundle(document).status == 7
    document["annotations"] = {"org.apus.best-effort": "pid-namespace,pids"}
    phone.run_bundle(document).failed("annotations.org.apus.best-effort: pids is not", status=1)


def test_an_application_may_unless_it_is_required(phone: Machine) -> None:
    assert phone.run_image("sh", "-c", "exit 7").status == 7
    phone.run_image("true", options=["--require", "pid-namespace"]).failed("CONFIG_PID_NS", status=125)
    phone.run_image("true", options=["--pids", "9", "--require", "pids-limit"]).failed("CONFIG_CGROUP_PIDS", status=125)
    phone.run_image("true", options=["--cpus", "0.5", "--require", "all"]).failed("CONFIG_PID_NS", status=125)
    phone.run_image("true", options=["--require", "everything"]).failed("everything is not all, nor one of", status=2)


def test_without_control_groups_a_pid_namespace_is_not_done_without(phone: Machine) -> None:
    phone.call("--cgroup-manager", "disabled", "image", "run", phone.image("busybox"), "--", "true").failed("needs control groups", status=125)


# No PID namespace.


def test_no_user_is_given_twice(phone: Machine) -> None:
    found = [int(phone.run_image("id", "-u").succeeded().text) for _ in range(3)]
    assert found == sorted(set(found)) and found[0] >= 1 << 30


def test_a_container_sees_no_process_but_its_own_and_reaches_none(phone: Machine) -> None:
    with application(phone, "echo ready; exec sleep 1000") as (other, _):
        foreign = first(phone, other)
        assert user(phone, foreign) >= 1 << 30
        script = f"""
            for p in 1 2 {foreign}; do
                for what in stat environ mem maps root/etc/passwd cwd fd; do ls -l /proc/$p/$what 2>/dev/null && echo "sees $p"; done
                for signal in 0 STOP KILL; do kill -$signal $p 2>/dev/null && echo "reaches $p"; done
            done
            for p in /proc/[0-9]*; do grep -q "^Uid:.$(id -u)" $p/status || echo "sees $p"; done
            renice -n 19 -p {foreign} 2>/dev/null && echo "changes {foreign}"
            echo end
        """
        assert phone.run_image("sh", "-c", script).text == "end\n"
        assert phone.call("state", other).succeeded().text.find("running") > 0


def test_a_user_of_its_own_gains_nothing(phone: Machine) -> None:
    result = phone.run_image("sh", "-c", "grep -E '^(Cap(Eff|Prm|Bnd|Amb)|NoNewPrivs|Groups)' /proc/self/status; chown 0 /tmp; chroot / true; mknod /tmp/null c 1 3")
    fields = dict(line.split(":", 1) for line in result.lines)
    # CAP_DAC_OVERRIDE and CAP_NET_BIND_SERVICE.
    assert {fields[name].strip() for name in ("CapEff", "CapPrm", "CapBnd", "CapAmb")} == {"0000000000000402"}
    assert fields["NoNewPrivs"].strip() == "1" and fields["Groups"].strip() == ""
    assert result.status != 0 and result.error.count("Operation not permitted") == 3


def test_files_of_the_images_user_are_the_containers_and_those_of_root_stay(phone: Machine) -> None:
    phone.image("redis")
    script = "id -u; stat -c %u /etc/passwd; for f in $(find / -xdev ! -user 0 2>/dev/null); do stat -c %u $f; done"
    own, passwd, *others = phone.run_image("sh", "-c", script, image="redis").succeeded().lines
    assert passwd == "0" and others and set(others) == {own}


def test_what_outlives_the_first_process_ends_with_the_container(phone: Machine) -> None:
    script = "for i in 1 2 3; do (trap '' TERM HUP INT; setsid sleep 1000 &) ; done; exit 3"
    assert phone.run_image("sh", "-c", script).status == 3
    assert phone.leftovers() == ""


def test_orphans_are_reaped_while_the_container_runs(phone: Machine) -> None:
    with application(phone, "for i in 1 2 3 4 5; do (sleep 0.1 &) ; done; sleep 1; echo ready; exec sleep 1000") as (name, process):
        zombies = phone.sh("grep -l '^State:.Z' /proc/[0-9]*/status 2>/dev/null | wc -l")
        assert int(zombies) == 0, (name, process)


def test_ps_and_exec_work(phone: Machine) -> None:
    with application(phone, "echo ready; exec sleep 1000", "--pids", "20") as (name, _):
        process = first(phone, name)
        assert str(process) in phone.call("ps", name).succeeded().text
        result = phone.call("exec", name, "sh", "-c", "id -u; ulimit -u; kill -0 1").lines
        assert result[:2] == [str(user(phone, process)), "20"]
        phone.call("exec", "--user", "5", name, "true").failed("has one user of the host only")
        phone.call("exec", name, "kill", "-KILL", str(process)).succeeded()


def test_all_are_killed_and_deleted_by_the_group(phone: Machine) -> None:
    document = shell("(sleep 1000 &); (sleep 1000 &); exec sleep 1000")
    bundle = phone.bundle(document)
    phone.sh(f"{' '.join(phone.words('run', '--detach', '--best-effort', LACKS, '--bundle', bundle.path, bundle.id))} >/dev/null 2>&1 </dev/null")
    phone.call("kill", bundle.id, "KILL").succeeded()
    for _ in range(50):
        if json.loads(phone.call("state", bundle.id).succeeded().text)["status"] == "stopped":
            break
        time.sleep(0.1)
    phone.call("delete", bundle.id).succeeded()


def test_the_state_tells_what_stands_in_for_what(phone: Machine) -> None:
    with application(phone, "echo ready; exec sleep 1000", "--pids", "20", "--cpus", "0.5", "--memory", "32m") as (name, _):
        own = user(phone, first(phone, name))
        rows = json.loads(phone.call("state", name).succeeded().text)["enforcement"]
        told = {row["what"]: row for row in rows}
        namespaces = {row["asked"]: row["applied"] for row in rows if row["what"].startswith("linux.namespaces")}
        assert [namespaces.pop(kind) for kind in ("pid", "ipc")] == ["none", "none"]
        assert {kind: applied.split(":")[0] for kind, applied in namespaces.items()} == {"mount": "mnt", "uts": "uts", "cgroup": "cgroup", "network": "net"}
        pids = told["linux.resources.pids.limit"]
        assert (pids["asked"], pids["applied"], pids["by"]) == ("20", "20", f"RLIMIT_NPROC on user {own}")
        quota = told["linux.resources.cpu.quota"]
        assert quota["asked"] == "50000" and "/dev/cpuctl" in quota["by"]
        # A kernel of Android's clamps the speed as well.
        assert quota["applied"] == ("shares 512, speed 50.00%" if clamps(phone, name) else "shares 512")
        memory = told["linux.resources.memory.limit"]
        assert memory["asked"] == memory["applied"] == str(32 << 20) and "/dev/memcg" in memory["by"]
        assert str(own) in told["process.user"]["applied"]


def test_an_application_is_paused_without_a_freezer(phone: Machine) -> None:
    with application(phone, "(while :; do sleep 0.1; done &); echo ready; while :; do sleep 0.1; done", "--memory", "32m") as (name, _):
        # Only version 2 freezes there: without it the hierarchy of the limit tells the processes.
        phone.wrapper = ["unshare", "-m", "sh", "-c", 'umount /sys/fs/cgroup; exec "$@"', "sh"]
        try:
            assert "SIGSTOP" in phone.call("pause", name).succeeded().error
            processes = json.loads(phone.call("ps", "--format", "json", name).succeeded().text)
            letters = {phone.sh(f"sed 's/.*) //' /proc/{process}/stat")[0] for process in processes}
            assert len(processes) >= 2 and letters == {"T"}
        finally:
            phone.wrapper = []
        # What paused it is known to whoever sees the freezer, too.
        assert json.loads(phone.call("state", name).succeeded().text)["status"] == "paused"
        phone.call("exec", name, "true").failed("paused")
        phone.call("resume", name).succeeded()
        assert phone.call("exec", name, "sh", "-c", "exit 7").status == 7


# Limits.


def test_a_fork_bomb_is_contained_and_removed(phone: Machine) -> None:
    # A shell that cannot fork ends; what it has started does not.
    bomb = "f() { sleep 1000 & f | f & while :; do sleep 1000 & done; }; echo ready; f 2>/dev/null & exec sleep 1000"
    with application(phone, bomb, "--pids", "24", "--memory", "64m") as (name, _):
        time.sleep(1)
        own = user(phone, first(phone, name))
        count = int(phone.sh(f"for p in /proc/[0-9]*; do stat -c %u $p 2>/dev/null || :; done | grep -c '^{own}$'"))
        assert 12 < count <= 24
        assert phone.run_image("echo", "others start").succeeded().text == "others start\n"
    assert phone.leftovers() == ""


def test_a_memory_hog_is_killed(phone: Machine) -> None:
    result = phone.run_image("sh", "-c", "x=0123456789abcdef; while :; do x=$x$x; done", options=["--memory", "16m"])
    assert result.status == 137


def test_a_limit_of_processor_time_becomes_a_share(phone: Machine) -> None:
    with application(phone, "echo ready; while :; do :; done", "--cpus", "0.25") as (name, _):
        assert phone.sh(f"cat /dev/cpuctl/apus/{name}/cpu.shares") == "256\n"
        if clamps(phone, name):
            assert phone.sh(f"cat /dev/cpuctl/apus/{name}/cpu.uclamp.max") == "25.00\n"
        # Of two processors it gets one: the ceiling.
        assert phone.sh(f"cat /dev/cpuset/apus/{name}/cpus") in ("0\n", "1\n")
        assert phone.call("exec", name, "grep", "-E", "Cpus_allowed_list", "/proc/self/status").text.split()[1] in ("0", "1")
        # Another container gets its time all the same.
        assert phone.run_image("sh", "-c", "i=0; while [ $i -lt 2000 ]; do i=$((i+1)); done; echo $i").succeeded().text == "2000\n"


def test_a_bundles_limit_of_tasks_holds_for_a_user_who_is_not_root(phone: Machine) -> None:
    document = spec("/bin/sh", "-c", "ulimit -u; id -u", user={"uid": 1000, "gid": 1000})
    document["linux"]["resources"] = {"pids": {"limit": 9}}
    bundle = phone.bundle(document)
    result = phone.call("run", "--best-effort", f"{LACKS},pids-limit", "--bundle", bundle.path, bundle.id).succeeded()
    assert result.lines[0] == "9" and int(result.lines[1]) >= 1 << 30


def test_servers_run_side_by_side(phone: Machine) -> None:
    limits = ["--memory", "48m", "--pids", "30", "--cpus", "0.5"]
    asks = {
        "redis": "redis-cli ping | grep -q PONG", "nginx": "wget -q -O - http://127.0.0.1/ | grep -q nginx",
        "mosquitto": "mosquitto_pub -h 127.0.0.1 -t a -m b",
    }
    names = {image: phone.new_name() for image in asks}
    for image, name in names.items():
        words = " ".join(phone.words("image", "run", "--name", name, *limits, phone.image(image)))
        phone.sh(f"({words} >/dev/null 2>&1 </dev/null &)")
    try:
        for image, name in names.items():
            for attempt in range(100):
                answer = phone.call("exec", name, "sh", "-c", asks[image])
                if answer.status == 0:
                    break
                assert attempt < 99, f"{image}: {answer.error}"
                time.sleep(0.2)
        assert len({user(phone, first(phone, name)) for name in names.values()}) == 3
    finally:
        for name in names.values():
            phone.call("kill", name, "KILL")
