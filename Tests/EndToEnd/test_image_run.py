"""`apus image import`, `list`, `remove` and `run`: what an image says, and what the command line says instead."""

from __future__ import annotations

import re

import layouts
import pytest
from machines import Machine
from made_images import import_made, run_made

#: chown, dac_override, fowner, fsetid, kill, setgid, setuid, setpcap, net_bind_service, sys_chroot, setfcap (linux/capability.h).
DEFAULT_CAPABILITIES = sum(1 << number for number in (0, 1, 3, 4, 5, 6, 7, 8, 10, 18, 31))


def names(machine: Machine) -> set[str]:
    """The names in the list of images."""
    return {line.split()[0] for line in machine.call("image", "list").succeeded().lines if line.split()}


def test_an_import_says_what_it_took_and_the_list_has_it(machine: Machine) -> None:
    name = machine.new_name()
    said = machine.call("image", "import", "--name", name, machine.layout("busybox")).succeeded().text
    assert re.fullmatch(rf"imported {name} sha256:[0-9a-f]{{64}} \(1 layer(, 1 of them there already)?\)\n", said)
    assert name in names(machine)
    machine.call("image", "remove", name).succeeded()
    assert name not in names(machine)
    machine.call("image", "remove", name).failed(name)


def test_an_image_can_be_imported_again(machine: Machine) -> None:
    name = machine.new_name()
    first = machine.call("image", "import", "--name", name, machine.layout("busybox")).succeeded().text
    second = machine.call("image", "import", "--name", name, machine.layout("busybox")).succeeded().text
    assert second.split()[:3] == first.split()[:3]
    assert "there already" in second
    assert machine.run_image("echo", "works", options=[]).succeeded().text == "works\n"
    machine.call("image", "remove", name).succeeded()


def test_images_share_the_layers_that_they_have_in_common(machine: Machine) -> None:
    # redis and nginx have the same lower layer. The store is the test's own, because others may have put either into the common one.
    store = f"{machine.store}-shared"
    for image, layers in (("redis", 2), ("nginx", 3)):
        machine.run([machine.apus, "--data-root", store, "image", "import", machine.layout(image)]).succeeded()
        assert len(machine.sh(f"ls {store}/layers").split()) == layers
    machine.sh(f"rm -rf {store}")


def test_layers_go_with_the_last_image_that_has_them(machine: Machine) -> None:
    before = machine.sh(f"ls {machine.store}/layers 2>/dev/null || :")
    name = import_made(machine)
    assert machine.sh(f"ls {machine.store}/layers") != before
    machine.call("image", "remove", name).succeeded()
    assert machine.sh(f"ls {machine.store}/layers") == before


def test_entrypoint_and_command_of_the_image(machine: Machine) -> None:
    name = import_made(machine, {"Entrypoint": ["/bin/echo", "entry"], "Cmd": ["one", "two"]})
    assert run_made(machine, name).succeeded().text == "entry one two\n"


def test_words_of_the_command_line_replace_the_images_command_and_not_its_entrypoint(machine: Machine) -> None:
    name = import_made(machine, {"Entrypoint": ["/bin/echo", "entry"], "Cmd": ["one", "two"]})
    assert run_made(machine, name, "three", "--four").succeeded().text == "entry three --four\n"


def test_the_environment_is_the_images_and_the_command_lines(machine: Machine) -> None:
    name = import_made(machine, {"Env": ["PATH=/bin", "A=image", "B=image"]})
    lines = run_made(machine, name, "env", options=["--env", "A=mine", "--env", "C=a b=c", "--hostname", "box"]).succeeded().lines
    assert sorted(lines) == ["A=mine", "B=image", "C=a b=c", "HOME=/root", "HOSTNAME=box", "PATH=/bin"]


def test_the_working_directory_of_the_image(machine: Machine) -> None:
    name = import_made(machine, {"WorkingDir": "/home/alice"})
    assert run_made(machine, name, "pwd").succeeded().text == "/home/alice\n"


@pytest.mark.parametrize(
    ("user", "expected"),
    [
        ("", "0 0 - /root"),
        ("alice", "1000 1001 29,44 /home/alice"),
        ("1000", "1000 1001 29,44 /home/alice"),
        ("alice:video", "1000 44 - /home/alice"),
        ("bob:0", "1002 0 - /home/bob"),
        ("4242", "4242 0 - /"),
        ("4242:77", "4242 77 - /"),
    ],
)
def test_the_user_of_the_image(machine: Machine, user: str, expected: str) -> None:
    name = import_made(machine, {"User": user})
    script = "groups=$(grep ^Groups: /proc/self/status); set -- ${groups#Groups:}; echo $(id -u) $(id -g) $(IFS=,; echo \"${*:--}\") $HOME"
    assert run_made(machine, name, "sh", "-c", script).succeeded().text.strip() == expected


def test_another_user_than_root_can_open_its_standard_output_by_name(machine: Machine) -> None:
    name = import_made(machine, {"User": "alice"})
    assert run_made(machine, name, "sh", "-c", "echo opened > /dev/stdout").succeeded().text == "opened\n"


@pytest.mark.parametrize("user", ["nobody-here", "alice:no-such-group", "-1", "4294967296", "a:b:c"])
def test_a_user_that_the_image_does_not_have_is_refused(machine: Machine, user: str) -> None:
    name = import_made(machine, {"User": user})
    run_made(machine, name, "true").failed(status=125)


def test_the_host_name_is_the_containers_name(machine: Machine) -> None:
    name = machine.new_name()
    assert machine.run_image("hostname", options=["--name", name]).succeeded().text == f"{name}\n"
    assert machine.run_image("hostname", options=["--hostname", "other"]).succeeded().text == "other\n"


def test_without_a_name_it_is_the_images_and_eight_digits(machine: Machine) -> None:
    machine.image("busybox")
    said = {machine.call("image", "run", "busybox", "--", "hostname").succeeded().text for _ in range(2)}
    assert len(said) == 2
    assert all(re.fullmatch(r"busybox-[0-9a-f]{8}\n", text) for text in said)


def test_the_network_is_its_own_or_the_hosts(machine: Machine) -> None:
    host = machine.sh("readlink /proc/self/ns/net")
    assert machine.run_image("readlink", "/proc/self/ns/net").succeeded().text != host
    assert machine.run_image("readlink", "/proc/self/ns/net", options=["--network", "none"]).succeeded().text != host
    assert machine.run_image("readlink", "/proc/self/ns/net", options=["--network", "host"]).succeeded().text == host


def test_what_a_container_writes_is_gone_with_it(machine: Machine) -> None:
    assert machine.run_image("sh", "-c", "echo text >/file && rm /bin/vi && cat /file").succeeded().text == "text\n"
    assert machine.run_image("sh", "-c", "[ ! -e /file ] && [ -e /bin/vi ] && echo fresh").succeeded().text == "fresh\n"


def test_two_containers_of_an_image_do_not_see_each_others_files(machine: Machine) -> None:
    machine.image("busybox")
    command = machine.words("image", "run", "--name", machine.new_name(), "busybox", "--", "sh", "-c", "echo one >/file; echo ready; read wait; cat /file")
    with machine.start(command) as first:
        assert first.line() == "ready"
        assert machine.run_image("sh", "-c", "[ ! -e /file ] && echo two >/file && echo alone").succeeded().text == "alone\n"
        first.stdin.close()
        assert first.line() == "one"
        first.wait()


def test_a_read_only_container_cannot_write_its_root(machine: Machine) -> None:
    result = machine.run_image("sh", "-c", "echo x >/dev/shm/file && cat /dev/shm/file; echo x >/file", options=["--read-only"])
    assert result.text == "x\n"
    assert result.status != 0
    assert "Read-only file system" in result.error


def test_upper_layers_replace_and_delete(machine: Machine) -> None:
    above = [
        layouts.Layer([layouts.folder("data"), layouts.file("data/one", b"1"), layouts.file("data/two", b"2"), layouts.folder("data/sub"), layouts.file("data/sub/x")]),
        layouts.Layer([layouts.whiteout("data/one"), layouts.opaque("data/sub"), layouts.file("data/sub/y"), layouts.file("data/two", b"changed")]),
    ]
    name = import_made(machine, above=above)
    result = run_made(machine, name, "sh", "-c", "cd /data; echo * sub/*; cat two").succeeded()
    assert result.text == "sub two sub/y\nchanged"


def test_owners_modes_links_times_and_attributes_of_files_are_kept(machine: Machine) -> None:
    entries = [
        layouts.file("f", b"x", mode=0o4751, uid=1000, gid=1001, mtime=1000000000), layouts.hardlink("g", "f"), layouts.symlink("s", "f"), layouts.fifo("p", mode=0o600),
        layouts.folder("d", mode=0o2770, mtime=1100000000), layouts.file("d/inside"),
    ]
    name = import_made(machine, entries=entries)
    result = run_made(machine, name, "stat", "-c", "%n %F %a %u:%g %h %Y", "/f", "/g", "/p", "/d").succeeded()
    assert result.lines == [
        "/f regular file 4751 1000:1001 2 1000000000", "/g regular file 4751 1000:1001 2 1000000000", f"/p fifo 600 0:0 1 {layouts.EPOCH}",
        "/d directory 2770 0:0 2 1100000000",
    ]


def test_the_whiteouts_of_a_real_image_delete(machine: Machine) -> None:
    result = machine.run_image("sh", "-c", "ls -d /etc/issue /etc/skel /etc/passwd 2>/dev/null", image="redis")
    assert result.lines == ["/etc/passwd"]


def test_capabilities_and_privileges_of_an_image(machine: Machine) -> None:
    rows = machine.run_image("grep", "-E", "^(Cap|NoNewPrivs|Seccomp:)", "/proc/self/status").succeeded().lines
    found = {line.split(":")[0]: int(line.split()[1], 16) for line in rows}
    full = DEFAULT_CAPABILITIES
    assert found == {"CapInh": 0, "CapPrm": full, "CapEff": full, "CapBnd": full, "CapAmb": 0, "NoNewPrivs": 1, "Seccomp": 2}


def test_the_mounts_of_an_image(machine: Machine) -> None:
    result = machine.run_image("cut", "-d", " ", "-f", "5", "/proc/self/mountinfo").succeeded()
    assert {"/", "/proc", "/dev", "/dev/pts", "/dev/shm", "/sys", "/sys/fs/cgroup"} <= set(result.lines)
    assert result.lines.count("/") == 1


def test_the_container_sees_its_own_control_groups_only(machine: Machine) -> None:
    rows = machine.run_image("cat", "/proc/self/cgroup").succeeded().lines
    assert rows
    assert {row.split(":", 2)[2] for row in rows} == {"/"}


def test_a_program_that_is_not_there_is_127_and_one_that_is_none_126(machine: Machine) -> None:
    machine.run_image("no-such-program").failed("no-such-program", status=127)
    machine.run_image("/etc/passwd").failed("/etc/passwd", status=126)


def test_an_image_that_is_not_there_is_125(machine: Machine) -> None:
    machine.call("image", "run", "no-such-image").failed("no-such-image", status=125)


def test_an_image_without_a_command_needs_one(machine: Machine) -> None:
    name = import_made(machine, {"Cmd": []})
    run_made(machine, name).failed(name, status=125)


def test_a_name_that_runs_already_is_refused(machine: Machine) -> None:
    machine.image("busybox")
    name = machine.new_name()
    with machine.start(machine.words("image", "run", "--name", name, "busybox", "--", "sh", "-c", "echo ready; read wait")) as first:
        assert first.line() == "ready"
        machine.run_image("true", options=["--name", name]).failed(name, status=125)
        first.stdin.close()
        first.wait()


def test_an_image_that_runs_can_be_removed_and_the_container_goes_on(machine: Machine) -> None:
    name = import_made(machine)
    command = machine.words("image", "run", "--name", machine.new_name(), name, "--", "sh", "-c", "echo ready; read wait; cat /etc/passwd | head -n 1")
    with machine.start(command) as first:
        assert first.line() == "ready"
        machine.call("image", "remove", name).succeeded()
        first.stdin.close()
        assert first.line().startswith("root:")
        assert first.wait() == 0


def test_in_the_hosts_network_the_hosts_name_servers_are_asked_or_those_that_are_given(machine: Machine) -> None:
    script = "cat /etc/resolv.conf; echo x >>/etc/resolv.conf"
    host = machine.sh("[ ! -e /etc/resolv.conf ] || cat /etc/resolv.conf")
    told = machine.run_image("sh", "-c", script, options=["--network", "host"])
    assert told.text == host and ("knows no name servers" in told.error) == (machine.sh("[ -e /etc/resolv.conf ] || echo none") == "none\n")
    given = machine.run_image("sh", "-c", script, options=["--network", "host", "--dns", "192.0.2.1", "--dns", "2001:db8::1"])
    assert given.text == "nameserver 192.0.2.1\nnameserver 2001:db8::1\n" and "Read-only file system" in given.error


def test_a_name_server_that_cannot_be_one_or_cannot_be_asked_is_refused(machine: Machine) -> None:
    machine.run_image("true", options=["--network", "host", "--dns", "a\nb"]).failed("--dns")
    machine.run_image("true", options=["--dns", "192.0.2.1"]).failed("--network host", status=2)
    assert machine.leftovers() == ""


def test_a_container_is_not_protected_from_the_lack_of_memory_as_apus_is(machine: Machine) -> None:
    before = int(machine.sh("cat /proc/self/oom_score_adj"))
    if before > -500 and machine.run(["sh", "-c", "echo -500 >/proc/self/oom_score_adj"]).status != 0:
        pytest.skip("this machine lets nobody protect a process (CAP_SYS_RESOURCE)")
    words = " ".join(machine.words("image", "run", "--name", machine.new_name(), machine.image("busybox"), "--", "cat", "/proc/self/oom_score_adj"))
    assert machine.sh(f"echo -500 >/proc/self/oom_score_adj; {words}").splitlines()[-1] == "0"
    assert machine.sh(f"echo 300 >/proc/self/oom_score_adj; {words.replace('--name ', '--name x')}").splitlines()[-1] == "300"
