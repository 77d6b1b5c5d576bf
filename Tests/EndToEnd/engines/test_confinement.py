"""Podman and Docker: what they can ask for around a container, and that the container has it."""

from __future__ import annotations

import errno
import json
from pathlib import Path

import pytest
from commands import CommandLine
from engine import eventually

pytestmark = pytest.mark.native


def words_of(text: str) -> dict[str, str]:
    """Lines like `Name:  value` as a dictionary."""
    return {name: value.strip() for name, _, value in (line.partition(":") for line in text.splitlines())}


def test_a_read_only_root(engine: CommandLine) -> None:
    assert engine.shell("touch /file 2>/dev/null || echo refused; touch /dev/shm/file && echo but not here", "--read-only") == "refused\nbut not here\n"


def test_a_tmpfs(engine: CommandLine) -> None:
    text = engine.shell("grep ' /scratch ' /proc/mounts; stat -c %a /scratch", "--tmpfs", "/scratch:rw,noexec,size=1m,mode=1700")
    assert text.startswith("tmpfs /scratch tmpfs rw,") and "noexec" in text and "size=1024k" in text
    assert text.endswith("\n1700\n")


def test_the_size_of_shared_memory(engine: CommandLine) -> None:
    assert "size=2048k" in engine.shell("grep ' /dev/shm ' /proc/mounts", "--shm-size", "2m")


def test_folders_of_the_host(engine: CommandLine, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("from the host\n")
    script = "cat /there/file /here/file; echo from the container >/there/new; touch /here/new 2>/dev/null || echo refused"
    assert engine.shell(script, "--volume", f"{tmp_path}:/there", "--volume", f"{tmp_path}:/here:ro") == "from the host\nfrom the host\nrefused\n"
    assert (tmp_path / "new").read_text() == "from the container\n"


def test_a_single_file_of_the_host(engine: CommandLine, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("one file\n")
    assert engine.shell("cat /etc/deep/new/file", "--mount", f"type=bind,source={tmp_path}/file,target=/etc/deep/new/file,readonly") == "one file\n"


def test_a_volume_outlives_its_containers(engine: CommandLine) -> None:
    engine.call("volume", "create", "kept").succeeded()
    engine.shell("echo kept >/data/file", "--volume", "kept:/data")
    assert engine.shell("cat /data/file", "--volume", "kept:/data") == "kept\n"
    engine.call("volume", "rm", "kept").succeeded()


def test_a_new_volume_has_what_the_image_has_there(engine: CommandLine) -> None:
    assert engine.shell("test -s /etc/passwd && echo there", "--volume", "/etc") == "there\n"


def test_the_user(engine: CommandLine) -> None:
    assert engine.shell("id -u; id -g; id -G", "--user", "1000:1001", "--group-add", "1005") == "1000\n1001\n1001 1005\n"


def test_a_user_of_the_image_by_name(engine: CommandLine) -> None:
    assert engine.shell("id -un", "--user", "nobody") == "nobody\n"


def test_root_has_the_engines_capabilities(engine: CommandLine) -> None:
    found = words_of(engine.shell("cat /proc/self/status"))
    assert found["CapEff"] == found["CapPrm"] == found["CapBnd"] != "0" * 16
    # CAP_SYS_ADMIN, CAP_SYS_MODULE.
    assert int(found["CapBnd"], 16) & (1 << 21 | 1 << 16) == 0


def test_capabilities_can_be_dropped_and_added(engine: CommandLine) -> None:
    script = "grep Cap /proc/self/status; chown 1 /tmp 2>/dev/null || echo refused"
    text = engine.shell(script, "--cap-drop", "ALL", "--cap-add", "NET_BIND_SERVICE")
    found = words_of(text)
    assert {int(found[name], 16) for name in ("CapPrm", "CapEff", "CapBnd")} == {1 << 10}
    assert "refused" in text


def test_no_new_privileges(engine: CommandLine) -> None:
    assert words_of(engine.shell("cat /proc/self/status", "--security-opt", "no-new-privileges"))["NoNewPrivs"] == "1"


def test_the_default_seccomp_profile(engine: CommandLine) -> None:
    assert engine.shell("grep Seccomp: /proc/self/status") == "Seccomp:\t2\n"


def shell_with_profile(engine: CommandLine, script: str, *calls: str, error: int) -> str:
    """The output of a shell script under a seccomp profile that lets these calls fail."""
    profile = engine.place.folder / "profile.json"
    rule = {"names": list(calls), "action": "SCMP_ACT_ERRNO", "errnoRet": error}
    profile.write_text(json.dumps({"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [rule]}))
    try:
        return engine.shell(script, "--security-opt", f"seccomp={profile}")
    finally:
        profile.unlink()


def test_a_seccomp_profile_of_the_user(engine: CommandLine) -> None:
    assert "cross-device link" in shell_with_profile(engine, "mkdir /tmp/folder 2>&1 || true", "mkdir", "mkdirat", error=errno.EXDEV)


def test_a_seccomp_profile_that_refuses_to_look_for_the_program(engine: CommandLine) -> None:
    # Without no_new_privs the filter is there before the program is looked for.
    assert shell_with_profile(engine, "echo runs", "access", "faccessat", "faccessat2", error=errno.EPERM) == "runs\n"


def test_without_a_seccomp_profile(engine: CommandLine) -> None:
    assert engine.shell("grep Seccomp: /proc/self/status", "--security-opt", "seccomp=unconfined") == "Seccomp:\t0\n"


def test_devices(engine: CommandLine) -> None:
    script = "stat -c '%t %T' /dev/inside; head -c 0 /dev/inside && echo opened; mknod /tmp/full c 1 11; head -c 0 /tmp/full 2>/dev/null || echo refused"
    assert engine.shell(script, "--device", "/dev/fuse:/dev/inside") == "a e5\nopened\nrefused\n"


def test_a_device_for_reading_only(engine: CommandLine) -> None:
    script = "head -c 0 </dev/inside && echo read; (: >/dev/inside) 2>/dev/null || echo refused"
    assert engine.shell(script, "--device", "/dev/fuse:/dev/inside:r") == "read\nrefused\n"


def test_privileged(engine: CommandLine) -> None:
    script = "grep CapEff /proc/self/status; test -e /dev/fuse && echo devices; mount -t tmpfs none /tmp && echo mounted; grep Seccomp: /proc/self/status"
    own = int(words_of(Path("/proc/self/status").read_text())["CapBnd"], 16)
    if engine.name == "docker":
        # It asks for the 38 that it knows; those of them that this machine has not got are left out.
        own &= (1 << 38) - 1
    lines = engine.shell(script, "--privileged").splitlines()
    assert lines == [f"CapEff:\t{own:016x}", "devices", "mounted", "Seccomp:\t0"]


def test_resource_limits(engine: CommandLine) -> None:
    assert engine.shell("ulimit -Sn; ulimit -Hn", "--ulimit", "nofile=300:500", "--ulimit", "nproc=1000:1000") == "300\n500\n"


def test_kernel_parameters(engine: CommandLine) -> None:
    options = ["--sysctl", "net.ipv4.ip_unprivileged_port_start=5", "--sysctl", "kernel.shm_rmid_forced=1"]
    assert engine.shell("cat /proc/sys/net/ipv4/ip_unprivileged_port_start /proc/sys/kernel/shm_rmid_forced", *options) == "5\n1\n"


def test_an_init_process(engine: CommandLine) -> None:
    # What the shell leaves to itself is buried by the first process, which is not the shell.
    script = "readlink /proc/1/exe; (sleep 0.1 &); sleep 0.3; cat /proc/[0-9]*/status | grep -c '^State:.Z' || :"
    first, zombies = engine.shell(script, "--init").splitlines()
    assert first != "/usr/bin/busybox"
    assert zombies == "0"


def test_names_of_the_container(engine: CommandLine) -> None:
    assert engine.shell("hostname; cat /etc/hostname", "--hostname", "inside").split() == ["inside", "inside"]


def test_folder_and_environment(engine: CommandLine) -> None:
    assert engine.shell("pwd; echo $NAME", "--workdir", "/usr/bin", "--env", "NAME=a value") == "/usr/bin\na value\n"


def test_the_entrypoint(engine: CommandLine) -> None:
    assert engine.run_container("a", "b", options=["--entrypoint", "echo"]).succeeded().text == "a b\n"


def test_limits_at_the_start(engine: CommandLine) -> None:
    options = ["--memory", "32m", "--memory-reservation", "16m", "--memory-swap", "64m", "--pids-limit", "77", "--cpu-shares", "300", "--cpuset-cpus", "0"]
    with engine.container("sleep", "1000", options=[*options, "--cpu-period", "50000", "--cpu-quota", "20000", "--oom-score-adj", "500"]) as name:
        found = {file: engine.control(name, *file.split("/")) for file in (
            "memory/memory.limit_in_bytes", "memory/memory.soft_limit_in_bytes", "memory/memory.memsw.limit_in_bytes", "pids/pids.max", "cpu/cpu.shares",
            "cpuset/cpuset.cpus", "cpu/cpu.cfs_period_us", "cpu/cpu.cfs_quota_us",
        )}
        assert list(found.values()) == [str(32 << 20), str(16 << 20), str(64 << 20), "77", "300", "0", "50000", "20000"]
        assert Path(f"/proc/{engine.state(name)['Pid']}/oom_score_adj").read_text() == "500\n"


def test_too_many_processes(engine: CommandLine) -> None:
    text = engine.shell("(for i in 1 2 3 4 5 6 7 8; do sleep 0.2 & done; wait) 2>&1 || true", "--pids-limit", "4")
    assert "can't fork" in text


def test_paths_that_are_masked_and_read_only(engine: CommandLine) -> None:
    masked = ["/proc/keys", "/proc/timer_list", "/proc/kcore"]
    there = [path for path in masked if Path(path).exists()]
    script = f"cat {' '.join(there)}; ls -A /sys/firmware; (echo 1 >/proc/sys/kernel/panic) 2>/dev/null || echo refused"
    assert engine.shell(script) == "refused\n"


def test_the_cgroup_mount(engine: CommandLine) -> None:
    script = "cat /sys/fs/cgroup/memory/memory.limit_in_bytes; (echo 1 >/sys/fs/cgroup/pids/pids.max) 2>/dev/null || echo refused"
    text = engine.shell(script, "--memory", "64m")
    assert text == f"{64 << 20}\nrefused\n"


def test_namespaces_of_the_host(engine: CommandLine) -> None:
    options = ["--network", "host", "--pid", "host", "--ipc", "host", "--uts", "host"]
    text = engine.shell("for name in net pid ipc uts mnt; do readlink /proc/self/ns/$name; done", *options)
    here = [Path(f"/proc/self/ns/{name}").readlink().as_posix() for name in ("net", "pid", "ipc", "uts", "mnt")]
    assert text.split()[:4] == here[:4]
    assert text.split()[4] != here[4]


def test_namespaces_of_another_container(engine: CommandLine) -> None:
    script = "for name in net pid ipc; do readlink /proc/self/ns/$name; done"
    with engine.container("sleep", "1234", options=["--ipc", "shareable"]) as name:
        expected = engine.call("exec", name, "sh", "-c", script).succeeded().text
        options = ["--network", f"container:{name}", "--pid", f"container:{name}", "--ipc", f"container:{name}"]
        assert engine.shell(script, *options) == expected
        assert "sleep 1234" in engine.shell("ps", *options)


def test_mounts_of_the_host_that_come_later_are_seen(engine: CommandLine, tmp_path: Path) -> None:
    folder = engine.place.folder / "shared"
    (folder / "below").mkdir(parents=True)
    engine.run(["mount", "--bind", str(folder), str(folder)]).succeeded()
    try:
        engine.run(["mount", "--make-rshared", str(folder)]).succeeded()
        with engine.container("sleep", "1000", options=["--volume", f"{folder}:/shared:rslave"]) as name:
            engine.run(["mount", "-t", "tmpfs", "none", f"{folder}/below"]).succeeded()
            (folder / "below" / "file").write_text("came later\n")
            assert engine.call("exec", name, "cat", "/shared/below/file").text == "came later\n"
            engine.run(["umount", f"{folder}/below"]).succeeded()
    finally:
        engine.run(["umount", "--recursive", str(folder)]).succeeded()
    (folder / "below").rmdir()
    folder.rmdir()


def test_what_another_container_has_mounted(engine: CommandLine, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("shared\n")
    with engine.container("sleep", "1000", options=["--volume", f"{tmp_path}:/data"]) as name:
        assert engine.shell("cat /data/file", "--volumes-from", name) == "shared\n"


def test_a_change_becomes_an_image(engine: CommandLine) -> None:
    with engine.container("sh", "-c", "echo changed >/file; sleep 1000") as name:
        eventually(lambda: engine.call("exec", name, "cat", "/file").text, "changed\n")
        # The container is paused for that.
        engine.call("commit", name, "localhost/changed").succeeded()
    assert engine.run_container("cat", "/file", image="localhost/changed").succeeded().text == "changed\n"
    engine.call("rmi", "localhost/changed").succeeded()


def test_nothing_of_the_machine_leaks_in(engine: CommandLine) -> None:
    lines = engine.shell("ls /proc/self/fd; id -G; env | cut -d= -f1 | sort | tr '\\n' ' '").splitlines()
    assert lines[:4] == ["0", "1", "2", "3"]
    assert lines[4] in ("0", "0 10")
    assert set(lines[5].split()) <= {"HOME", "HOSTNAME", "PATH", "PWD", "SHLVL", "TERM", "container"}


def test_a_bad_request_is_one_message_and_leaves_nothing(engine: CommandLine) -> None:
    result = engine.run_container("true", options=["--workdir", "/etc/passwd"])
    assert result.status != 0
    assert "/etc/passwd" in result.error and "directory" in result.error, result.error
    assert engine.call("ps", "--all", "--quiet").text == ""
