"""`apus run` does what config.json says: the process, its identity, its streams and its end."""

from __future__ import annotations

import pytest
from machines import Machine
from specs import shell, spec


@pytest.mark.parametrize("status", [0, 1, 42, 255])
def test_the_exit_status_is_the_containers(machine: Machine, status: int) -> None:
    assert machine.run_bundle(shell(f"exit {status}")).status == status


@pytest.mark.parametrize("number", [6, 9, 15])
def test_death_by_a_signal_is_128_and_its_number(machine: Machine, number: int) -> None:
    # The first process of a PID namespace ignores what it has no handler for, so a child dies, and the shell around it says how.
    document = shell(f"sh -c 'kill -{number} $$'; exit $?")
    assert machine.run_bundle(document).status == 128 + number


def test_standard_streams_pass_through(machine: Machine) -> None:
    result = machine.run_bundle(shell("cat; echo error >&2"), data=b"one\ntwo\x00\xff").succeeded()
    assert (result.stdout, result.stderr) == (b"one\ntwo\x00\xff", b"error\n")


def test_large_output_is_whole(machine: Machine) -> None:
    assert len(machine.run_bundle(spec("/bin/head", "-c", "3000000", "/dev/zero")).succeeded().stdout) == 3000000


def test_arguments_are_passed_as_they_are(machine: Machine) -> None:
    words = ["", "a b", "$HOME", "*", "\\", "'\"", "ä\n"]
    result = machine.run_bundle(spec("/bin/sh", "-c", 'for word; do printf "[%s]" "$word"; done', "sh", *words)).succeeded()
    assert result.text == "".join(f"[{word}]" for word in words)


def test_the_environment_is_exactly_that_of_the_configuration_and_home(machine: Machine) -> None:
    result = machine.run_bundle(spec("/usr/bin/env", env=["PATH=/bin", "A=1", "B=two words", "C="])).succeeded()
    assert sorted(result.lines) == ["A=1", "B=two words", "C=", "HOME=/root", "PATH=/bin"]


def test_of_a_variable_that_is_given_twice_the_last_value_counts(machine: Machine) -> None:
    result = machine.run_bundle(spec("/usr/bin/env", env=["A=1", "HOME=/a", "AB=2", "A=3", "HOME=/b", "A="])).succeeded()
    assert sorted(result.lines) == ["A=", "AB=2", "HOME=/b"]


@pytest.mark.parametrize(("user", "environment", "home"), [
    (0, [], "/root"), (0, ["HOME="], "/root"), (7, [], "/srv/seven"), (8, [], "/"), (9, [], "/"), (0, ["HOME=", "HOME=/own"], "/own"),
    (0, ["HOME=/own", "HOME="], "/root"),
])
def test_home_is_that_of_the_containers_passwd_unless_it_is_given(machine: Machine, user: int, environment: list[str], home: str) -> None:
    root = machine.new_root()
    machine.write(f"{root}/etc/passwd", b"root:x:0:0:root:/root:/bin/sh\nseven:x:7:7::/srv/seven:/bin/sh\nnine:x:9:9::relative:/bin/sh\n")
    document = spec("/bin/sh", "-c", "echo $HOME", env=["PATH=/bin", *environment], user={"uid": user, "gid": user})
    assert machine.run_bundle(document, root).succeeded().text == f"{home}\n"


def test_the_program_is_found_through_the_path_of_the_container(machine: Machine) -> None:
    root = machine.new_root()
    machine.sh(f"mkdir {root}/own && printf '#!/bin/sh\\necho found\\n' >{root}/own/tool && chmod 755 {root}/own/tool")
    assert machine.run_bundle(spec("tool", env=["PATH=/nowhere:/own:/bin"]), root).succeeded().text == "found\n"


def test_a_program_that_is_not_there_is_named(machine: Machine) -> None:
    machine.run_bundle(spec("/no/such/program")).failed("/no/such/program", status=1)


def test_a_program_that_is_no_program_is_named(machine: Machine) -> None:
    machine.run_bundle(spec("/etc/passwd")).failed("/etc/passwd", status=1)


def test_the_working_directory(machine: Machine) -> None:
    assert machine.run_bundle(spec("/bin/pwd", cwd="/usr/bin")).succeeded().text == "/usr/bin\n"


def test_user_group_and_additional_groups(machine: Machine) -> None:
    document = shell("id -u; id -g; grep ^Groups: /proc/self/status", user={"uid": 1000, "gid": 1001, "additionalGids": [5, 2000]})
    uid, gid, groups = machine.run_bundle(document).succeeded().lines
    assert (uid, gid, groups.split()[1:]) == ("1000", "1001", ["5", "2000"])


def test_root_has_no_group_of_the_callers(machine: Machine) -> None:
    assert machine.run_bundle(spec("/bin/grep", "^Groups:", "/proc/self/status")).succeeded().text.split()[1:] == []


@pytest.mark.parametrize(("umask", "expected"), [(0o27, "0027"), (0o77, "0077"), (None, "0022")])
def test_umask(machine: Machine, umask: int | None, expected: str) -> None:
    user = {"uid": 0, "gid": 0} | ({"umask": umask} if umask is not None else {})
    assert machine.run_bundle(shell("umask", user=user)).succeeded().text.strip() == expected


def test_resource_limits_of_the_process(machine: Machine) -> None:
    limits = [{"type": "RLIMIT_NOFILE", "soft": 77, "hard": 99}, {"type": "RLIMIT_CORE", "soft": 0, "hard": 4096}]
    rows = machine.run_bundle(spec("/bin/cat", "/proc/self/limits", rlimits=limits)).succeeded().lines
    found = {line[:26].strip(): line[26:].split()[:2] for line in rows}
    assert (found["Max open files"], found["Max core file size"]) == (["77", "99"], ["0", "4096"])


def test_the_adjustment_of_the_oom_score(machine: Machine) -> None:
    assert machine.run_bundle(spec("/bin/cat", "/proc/self/oom_score_adj", oomScoreAdj=321)).succeeded().text == "321\n"


def test_host_and_domain_name(machine: Machine) -> None:
    document = shell("hostname; cat /proc/sys/kernel/domainname")
    document["domainname"] = "example.org"
    assert machine.run_bundle(document).succeeded().lines == ["inside", "example.org"]


def test_the_first_process_has_number_one(machine: Machine) -> None:
    assert machine.run_bundle(shell("echo $$; ls -d /proc/[0-9]* | head -n 1")).succeeded().lines == ["1", "/proc/1"]


def test_a_writable_root_keeps_what_is_written_and_a_read_only_one_refuses(machine: Machine) -> None:
    root = machine.new_root()
    document = shell("echo text >/file")
    document["root"]["readonly"] = False
    machine.run_bundle(document, root).succeeded()
    assert machine.sh(f"cat {root}/file") == "text\n"
    refused = machine.run_bundle(shell("echo other >/file"), root)
    assert refused.status != 0
    assert "Read-only file system" in refused.error
    assert machine.sh(f"cat {root}/file") == "text\n"


def test_bind_mounts_of_folders_and_files(machine: Machine) -> None:
    folder = machine.new_folder()
    machine.sh(f"mkdir {folder}/data && echo one >{folder}/data/file && echo two >{folder}/single")
    document = shell("cat /data/file /single; echo more >/data/new; echo no >/single 2>/dev/null || echo refused")
    document["mounts"] += [
        {"destination": "/data", "type": "bind", "source": f"{folder}/data", "options": ["rbind", "rw"]},
        {"destination": "/single", "type": "bind", "source": f"{folder}/single", "options": ["bind", "ro"]},
    ]
    root = machine.new_root()
    assert machine.run_bundle(document, root).succeeded().lines == ["one", "two", "refused"]
    assert machine.sh(f"cat {folder}/data/new {folder}/single") == "more\ntwo\n"


def test_mount_options_are_in_force(machine: Machine) -> None:
    document = spec("/bin/grep", " /tmp ", "/proc/self/mountinfo")
    document["mounts"][-1]["options"] = ["nosuid", "noexec", "nodev", "noatime", "size=1m", "mode=1700"]
    line = machine.run_bundle(document).succeeded().text
    options = line.split()[5].split(",")
    assert {"nosuid", "noexec", "nodev", "noatime"} <= set(options)
    assert "size=1024k" in line and "mode=1700" in line


def test_the_bundle_is_the_working_directory_by_default(machine: Machine) -> None:
    bundle = machine.bundle(spec("/bin/echo", "hello"))
    command = ["sh", "-c", 'cd "$1"; shift; exec "$@"', "sh", bundle.path, *machine.words("run", bundle.id)]
    assert machine.run(command).succeeded().text == "hello\n"


def test_a_relative_root_is_inside_the_bundle(machine: Machine) -> None:
    bundle = machine.bundle(spec("/bin/echo", "hello"))
    machine.sh(f"cp -a {bundle.root} {bundle.path}/tree && sed -i 's#\"path\": \".*\"#\"path\": \"tree\"#' {bundle.path}/config.json")
    assert bundle.run().succeeded().text == "hello\n"


def test_an_id_that_runs_already_is_refused_and_the_first_is_not_disturbed(machine: Machine) -> None:
    bundle = machine.bundle(shell("echo ready; read answer; echo $answer; exit 7"))
    with machine.start(bundle.command) as first:
        assert first.line() == "ready"
        bundle.run().failed(bundle.id)
        first.stdin.write(b"still here\n")
        first.stdin.flush()
        assert first.line() == "still here"
        assert first.wait() == 7


def test_an_id_can_be_used_again(machine: Machine) -> None:
    bundle = machine.bundle(shell("exit 3"))
    assert [bundle.run().status, bundle.run().status] == [3, 3]


def test_children_that_are_still_there_end_with_the_first_process(machine: Machine) -> None:
    name = machine.new_name()
    machine.run_bundle(shell(f"sleep 1000.{name.rpartition('-')[2]} & exit 0")).succeeded()
    assert f"sleep 1000.{name.rpartition('-')[2]}" not in machine.sh("cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' ' '")


@pytest.mark.native
def test_the_new_process_asks_the_kernel_for_no_memory_before_its_program(native: Machine) -> None:
    """Else a container with a small limit would be killed by what apus needs, and its peak would tell of apus."""
    document = shell("exit 0")
    document["process"]["env"] += [f"VARIABLE_{number}={'value' * 20}" for number in range(200)]
    document["mounts"] += [{"destination": f"/mnt/{number}", "type": "tmpfs", "source": "tmpfs", "options": ["nosuid"]} for number in range(40)]
    bundle = native.bundle(document)
    calls = "trace=brk,mmap,munmap,mremap,madvise,execve"
    native.run(["strace", "-f", "-qq", "-o", f"{bundle.path}/calls", "-e", calls, *bundle.command]).succeeded()
    before: dict[str, list[str]] = {}
    for line in native.sh(f"cat {bundle.path}/calls").splitlines():
        process, call = line.split(maxsplit=1)
        before.setdefault(process, []).append(call.split("(")[0])
    (_, own), (_, container) = before.items()
    assert len(own) > 4, "the calls are others"
    assert container[0] == "execve", container
