"""A container with a user namespace: its numbers, what it owns, and what it may do with it. Others can join it."""

from __future__ import annotations


import deny_calls
import pytest
from machines import Machine
from specs import shell, spec
from terminals import on_a_terminal_of
from user_namespaces import FIRST, WAIT, Document, mapped, mapped_root, namespace, pid_of, running, without

WHOLE = [["0", str(FIRST), "65536"]]


def rows(text: str) -> list[list[str]]:
    """The words of each line."""
    return [line.split() for line in text.splitlines()]


def test_the_numbers_are_those_of_the_configuration(machine: Machine) -> None:
    script = "id -u; id -g; cat /proc/self/uid_map; echo; cat /proc/self/gid_map; cat /proc/self/setgroups"
    users, groups = [(0, 100000, 10), (10, 200000, 20), (1000, 300000, 1)], [(0, 150000, 2000)]
    document = mapped(shell(script), users, groups)
    found = rows(machine.run_bundle(document, mapped_root(machine)).succeeded().text)
    assert found[:2] == [["0"], ["0"]]
    assert found[2:5] == [[str(number) for number in row] for row in users]
    assert found[6:] == [["0", "150000", "2000"], ["allow"]]


def test_what_the_container_makes_belongs_to_its_numbers(machine: Machine) -> None:
    folder = machine.new_folder()
    machine.sh(f"chmod 777 {folder}")
    document = mapped(shell("touch /data/file; stat -c '%u %g' /data/file /etc/passwd", user={"uid": 5, "gid": 7}))
    document["mounts"].append({"destination": "/data", "type": "bind", "source": folder, "options": ["bind"]})
    root = mapped_root(machine)
    machine.sh(f"chown {FIRST + 9}:0 {root}/etc/passwd")
    # Root outside is nobody inside.
    assert machine.run_bundle(document, root).succeeded().lines == ["5 7", "9 65534"]
    assert machine.sh(f"stat -c '%u %g' {folder}/file") == f"{FIRST + 5} {FIRST + 7}\n"


def test_standard_streams_can_be_opened_again_by_the_user_inside(machine: Machine) -> None:
    document = mapped(shell("echo again >/dev/stdout; cat /dev/stdin; stat -L -c '%u' /proc/self/fd/1", user={"uid": 1000, "gid": 0}))
    assert machine.run_bundle(document, mapped_root(machine), data=b"input\n").succeeded().lines == ["again", "input", "1000"]


def test_a_terminal_belongs_to_the_user_inside(machine: Machine) -> None:
    document = mapped(shell("tty; stat -c '%u %g' $(tty); stat -c %u /dev/console; echo end", terminal=True, user={"uid": 1000, "gid": 0}))
    with on_a_terminal_of(machine, machine.bundle(document, mapped_root(machine)).command) as terminal:
        output = terminal.read_until(b"end\r\n")
        assert output.split(b"\r\n")[:3] == [b"/dev/pts/0", b"1000 5", b"1000"]
        assert terminal.wait() == 0


def test_the_source_of_a_bind_mount_need_not_be_in_the_containers_reach(machine: Machine) -> None:
    folder = machine.new_folder()
    # Nobody but root of the machine reaches what is in them; and a mount within one is not shown, though it could not be taken away inside.
    script = "mkdir -p {0}/closed/data/below {0}/other/data && echo one >{0}/closed/data/file && echo two >{0}/other/data/file"
    machine.sh(f"{script}; chmod 700 {folder}/closed; chown 4242 {folder}/other; chmod 700 {folder}/other".format(folder))
    machine.sh(f"mount -t tmpfs below {folder}/closed/data/below && touch {folder}/closed/data/below/hidden")
    document = mapped(shell("cat /one/file /two/file; ls /one/below; echo no >/two/new 2>/dev/null || echo read-only; grep -c shared: /proc/self/mountinfo"))
    document["mounts"] += [
        {"destination": "/one", "type": "bind", "source": f"{folder}/closed/data", "options": ["bind"]},
        {"destination": "/two", "type": "bind", "source": f"{folder}/other/data", "options": ["rbind", "ro"]},
    ]
    try:
        result = machine.run_bundle(document, mapped_root(machine))
        assert result.lines == ["one", "two", "read-only", "0"], result
    finally:
        machine.sh(f"umount {folder}/closed/data/below")


def test_what_the_host_mounts_reaches_a_bind_mount_and_not_the_other_way(machine: Machine) -> None:
    folder = machine.new_folder()
    machine.sh(f"mkdir {folder}/data && mount -t tmpfs shared {folder}/data && mount --make-shared {folder}/data && mkdir {folder}/data/host {folder}/data/own")
    document = mapped(shell(f"{WAIT}; ls /data/host; mount -t tmpfs own /data/own && touch /data/own/file; ls /data/own; echo ready; read answer"))
    document["process"]["capabilities"] = {kind: ["CAP_SYS_ADMIN", "CAP_DAC_OVERRIDE"] for kind in ("bounding", "effective", "permitted")}
    document["mounts"].append({"destination": "/data", "type": "bind", "source": f"{folder}/data", "options": ["rbind"]})
    try:
        with running(machine.bundle(document, mapped_root(machine))) as container:
            machine.sh(f"mount -t tmpfs late {folder}/data/host && touch {folder}/data/host/late")
            container.stdin.write(b"go\n")
            container.stdin.flush()
            assert [container.line(), container.line(), container.line()] == ["late", "file", "ready"]
            assert machine.sh(f"ls {folder}/data/own") == ""
    finally:
        machine.sh(f"umount {folder}/data/host 2>/dev/null || :; umount {folder}/data")


@pytest.mark.native
@pytest.mark.parametrize("calls", ["clone3", "openat2", "open_tree,move_mount", "mount_setattr", deny_calls.ALL])
def test_older_kernels_do_the_same(native: Machine, calls: str) -> None:
    folder = native.new_folder()
    native.sh(f"echo bound >{folder}/file; chmod 755 {folder}")
    document = mapped(shell("id -u; cat /proc/self/uid_map; cat /data/file; stat -c %t:%T /dev/null; cat /proc/timer_list; ls /proc/self/fd | wc -l"))
    document["mounts"].append({"destination": "/data", "type": "bind", "source": folder, "options": ["rbind", "ro"]})
    bundle = native.bundle(document, mapped_root(native))
    usual = bundle.run().succeeded().lines
    assert native.run(deny_calls.without(native, calls, bundle.command)).succeeded().lines == usual


def test_devices_are_the_hosts_own(machine: Machine) -> None:
    script = "for name in null zero full random urandom tty; do stat -c '%t:%T %F' /dev/$name; done; echo x >/dev/null; head -c 2 /dev/zero | wc -c"
    document = mapped(shell(f"{script}; mknod /tmp/null c 1 3 2>/dev/null || echo refused; stat -c '%F %u %a' /run/pipe"))
    document["process"]["capabilities"] = {kind: ["CAP_MKNOD"] for kind in ("bounding", "effective", "permitted")}
    document["linux"]["devices"] = [{"type": "p", "path": "/run/pipe", "fileMode": 0o640, "uid": 3, "gid": 0}]
    numbers = ["1:3", "1:5", "1:7", "1:8", "1:9", "5:0"]
    expected = [f"{number} character special file" for number in numbers] + ["2", "refused", "fifo 3 640"]
    assert machine.run_bundle(document, mapped_root(machine)).succeeded().lines == expected


def test_a_device_that_the_host_has_elsewhere_is_refused(machine: Machine) -> None:
    document = mapped(spec("/bin/true"))
    document["linux"]["devices"] = [{"type": "c", "path": "/dev/mine", "major": 1, "minor": 3}]
    machine.run_bundle(document, mapped_root(machine)).failed("linux.devices", "/dev/mine", "user namespace")


def test_parameters_of_the_namespaces_are_set(machine: Machine) -> None:
    values = {"net.ipv4.ip_forward": "1", "kernel.msgmax": "4097", "fs.mqueue.msg_max": "11", "kernel.domainname": "own", "user.max_user_namespaces": "7"}
    files = " ".join("/proc/sys/" + name.replace(".", "/") for name in values)
    document = mapped(shell(f"cat {files}"))
    document["linux"]["sysctl"] = values
    before = machine.sh(f"cat {files}")
    assert machine.run_bundle(document, mapped_root(machine)).succeeded().lines == list(values.values())
    assert machine.sh(f"cat {files}") == before


def test_the_oom_score_can_go_up_and_is_set_before_the_hosts_rights_are_gone(machine: Machine) -> None:
    document = mapped(spec("/bin/cat", "/proc/self/oom_score_adj", oomScoreAdj=123))
    assert machine.run_bundle(document, mapped_root(machine)).succeeded().text == "123\n"


def test_hard_limits_above_the_callers_are_set_by_the_hosts_rights(machine: Machine) -> None:
    document = mapped(shell("ulimit -Sn; ulimit -Hn", rlimits=[{"type": "RLIMIT_NOFILE", "soft": 1000, "hard": 3000}]))
    bundle = machine.bundle(document, mapped_root(machine))
    result = machine.run(["sh", "-c", 'ulimit -n 2000; exec "$@"', "sh", *bundle.command])
    # CAP_SYS_RESOURCE, which not every test machine's root has.
    if int(machine.sh("grep ^CapEff: /proc/self/status").split()[1], 16) >> 24 & 1:
        assert result.succeeded().lines == ["1000", "3000"]
    else:
        result.failed("RLIMIT_NOFILE")


@pytest.mark.parametrize("own", [True, False])
def test_a_mount_of_cgroups_shows_the_containers_own(machine: Machine, own: bool) -> None:
    document = mapped(shell("find /sys/fs/cgroup -name '*.procs' -maxdepth 2 | head -n 1 | xargs grep -qx 1 && echo own; cat /proc/self/cgroup"))
    document["mounts"].append({"destination": "/sys/fs/cgroup", "type": "cgroup", "source": "cgroup", "options": ["ro", "nosuid", "noexec", "nodev"]})
    if not own:
        without(document, "cgroup")
    result = machine.run_bundle(document, mapped_root(machine)).succeeded()
    assert result.lines[0] == "own", result.text


def test_only_what_the_user_namespace_owns_is_mounted(machine: Machine) -> None:
    document = without(mapped(spec("/bin/true")), "network")
    machine.run_bundle(document, mapped_root(machine)).failed("mounts[4].type", "sysfs", "network namespace")
    document["mounts"][4] = {"destination": "/sys", "type": "bind", "source": "/sys", "options": ["rbind", "ro"]}
    machine.run_bundle(document, mapped_root(machine)).succeeded()


@pytest.mark.parametrize(
    ("change", "parts"),
    [
        ({"uidMappings": []}, ["linux.uidMappings", "missing"]),
        ({"gidMappings": []}, ["linux.gidMappings", "missing"]),
        ({"namespaces": [{"type": "mount"}]}, ["linux.uidMappings", "needs a user namespace"]),
        (
            {"uidMappings": [{"containerID": 0, "hostID": 1000, "size": 10}, {"containerID": 5, "hostID": 9000, "size": 1}]},
            ["linux.uidMappings[1]", "overlaps linux.uidMappings[0]"],
        ),
        ({"uidMappings": [{"containerID": 0, "hostID": 4294967295, "size": 2}]}, ["linux.uidMappings[0]"]),
        ({"uidMappings": [{"containerID": 0, "hostID": 1000, "size": 0}]}, ["linux.uidMappings[0].size"]),
        ({"uidMappings": [{"containerID": 1, "hostID": 1000, "size": 1}]}, ["linux.uidMappings", "0"]),
    ],
)  # fmt: skip
def test_numbers_that_mean_nothing_are_refused(machine: Machine, change: Document, parts: list[str]) -> None:
    document = mapped(spec("/bin/true"))
    document["linux"].update(change)
    machine.run_bundle(document).failed(*parts)


def test_a_user_that_is_nobody_inside_is_refused(machine: Machine) -> None:
    document = mapped(spec("/bin/true", user={"uid": 70000, "gid": 0}))
    machine.run_bundle(document).failed("process.user.uid", "70000")


# Processes that join


def test_an_additional_process_is_in_the_user_namespace(machine: Machine) -> None:
    bundle = machine.bundle(mapped(shell(WAIT)), mapped_root(machine))
    with running(bundle):
        result = machine.call("exec", bundle.id, "sh", "-c", "id -u; id -G; cat /proc/self/uid_map; ls -l /proc/self/ns/user /proc/1/ns/user; touch /tmp/file")
        user, groups, numbers, own, first = result.succeeded().lines
        assert (user, groups, numbers.split()) == ("0", "0", WHOLE[0])
        assert own.split()[-1] == first.split()[-1]
        script = "id -u; id -g; echo again >/dev/stdout; stat -c %u /tmp/file; test -r /proc/1/environ || echo kept"
        assert machine.call("exec", "--user", "1000:1001", bundle.id, "sh", "-c", script).succeeded().lines == ["1000", "1001", "again", "0", "kept"]
        machine.call("exec", "--user", "70000", bundle.id, "true").failed("process.user.uid", "70000", status=255)
        machine.call("exec", "--user", "0:70000", bundle.id, "true").failed("process.user.gid", "70000", status=255)


def test_an_additional_process_with_a_terminal(machine: Machine) -> None:
    bundle = machine.bundle(mapped(shell(WAIT)), mapped_root(machine))
    with running(bundle):
        command = machine.words("exec", "-t", "--user", "1000", bundle.id, "sh", "-c", "stat -c '%u %g' $(tty); echo end")
        with on_a_terminal_of(machine, command) as terminal:
            assert terminal.read_until(b"end\r\n").startswith(b"1000 5\r\n")
            assert terminal.wait() == 0


def links(machine: Machine, process: str, *kinds: str) -> list[str]:
    """The namespaces of a process on the machine."""
    return machine.sh("\n".join(f"readlink /proc/{process}/ns/{kind}" for kind in kinds)).split()


def joining(machine: Machine, other: str, *kinds: str, script: str = "") -> Document:
    """A config.json that joins these namespaces of the process `other`."""
    files = {"network": "net", "mount": "mnt"}
    document = mapped(shell(script or "cat /proc/self/uid_map; id -u; " + "".join(f"readlink -f /proc/self/ns/{files.get(kind, kind)};" for kind in kinds)))
    for kind in kinds:
        namespace(document, kind)["path"] = f"/proc/{other}/ns/{files.get(kind, kind)}"
    document["linux"]["uidMappings"] = document["linux"]["gidMappings"] = []
    return document


def test_a_container_joins_the_user_namespace_of_another(machine: Machine) -> None:
    bundle = machine.bundle(mapped(shell(WAIT)), mapped_root(machine))
    with running(bundle):
        first = pid_of(machine, bundle.id)
        # A pod: what is shared belongs to the user namespace that is shared.
        kinds = ("user", "network", "ipc", "uts")
        document = joining(machine, first, *kinds, script=f"cat /proc/self/uid_map; id -u; {WAIT}")
        del document["hostname"]
        other = machine.bundle(document, mapped_root(machine))
        with running(other) as joined:
            assert [line.split() for line in joined.said] == [*WHOLE, ["0"]]
            second = pid_of(machine, other.id)
            names = ("user", "net", "ipc", "uts")
            assert links(machine, first, *names) == links(machine, second, *names)
            assert not set(links(machine, first, "mnt", "pid", "cgroup")) & set(links(machine, second, "mnt", "pid", "cgroup"))
            # Its first process is apus's child, as any container's.
            parent = machine.sh(f"grep ^PPid: /proc/{second}/status").split()[1]
            assert "apus" in machine.sh(f"readlink /proc/{parent}/exe; cat /proc/{parent}/comm")
            assert machine.call("exec", other.id, "id", "-u").succeeded().text == "0\n"


def test_a_user_namespace_is_joined_by_a_mounted_name(machine: Machine) -> None:
    bundle = machine.bundle(mapped(shell(WAIT)), mapped_root(machine))
    name = machine.new_folder() + "/user"
    with running(bundle):
        machine.sh(f"touch {name} && mount --bind /proc/{pid_of(machine, bundle.id)}/ns/user {name}")
    try:
        document = joining(machine, "1", "user")
        namespace(document, "user")["path"] = name
        # Nothing else is left of the container that made it.
        assert rows(machine.run_bundle(document, mapped_root(machine)).succeeded().text)[:2] == [*WHOLE, ["0"]]
        # What is wrong is told: other numbers, a user that is nobody there.
        document["linux"]["uidMappings"] = [{"containerID": 0, "hostID": FIRST + 1, "size": 65536}]
        document["linux"]["gidMappings"] = [{"containerID": 0, "hostID": FIRST, "size": 65536}]
        machine.run_bundle(document, mapped_root(machine)).failed("linux.uidMappings", "not the numbers")
        document["linux"]["uidMappings"] = document["linux"]["gidMappings"]
        machine.run_bundle(document, mapped_root(machine)).succeeded()
        # Podman's placeholder.
        document["linux"]["uidMappings"] = document["linux"]["gidMappings"] = [{"containerID": 0, "hostID": 0, "size": 1}]
        machine.run_bundle(document, mapped_root(machine)).succeeded()
        document["process"]["user"]["uid"] = 65536
        machine.run_bundle(document, mapped_root(machine)).failed("process.user.uid", "65536")
    finally:
        machine.sh(f"umount {name}")


def test_a_new_user_namespace_beside_one_of_the_host_that_is_joined(machine: Machine) -> None:
    bundle = machine.bundle(shell(WAIT))
    with running(bundle):
        first = pid_of(machine, bundle.id)
        document = mapped(shell(f"id -u; {WAIT}"))
        namespace(document, "ipc")["path"] = f"/proc/{first}/ns/ipc"
        namespace(document, "network")["path"] = f"/proc/{first}/ns/net"
        document["mounts"][4] = {"destination": "/sys", "type": "bind", "source": "/sys", "options": ["rbind", "ro"]}
        other = machine.bundle(document, mapped_root(machine))
        with running(other) as joined:
            assert joined.said == ["0"]
            second = pid_of(machine, other.id)
            assert links(machine, first, "net", "ipc") == links(machine, second, "net", "ipc")
            assert links(machine, first, "user") != links(machine, second, "user")
            # The namespaces that a process joins are not all of one user namespace.
            assert machine.call("exec", other.id, "id", "-u").succeeded().text == "0\n"


def test_a_pid_namespace_of_the_user_namespace_is_joined(machine: Machine) -> None:
    bundle = machine.bundle(mapped(shell(WAIT)), mapped_root(machine))
    with running(bundle):
        document = joining(machine, pid_of(machine, bundle.id), "user", "pid", script="test $$ -ne 1; ls -d /proc/1; id -u; kill -0 1 && echo sees")
        assert machine.run_bundle(document, mapped_root(machine)).succeeded().lines == ["/proc/1", "0", "sees"]


def test_the_hosts_own_user_namespace_is_none(machine: Machine) -> None:
    document = shell("cat /proc/self/uid_map")
    namespace(document, "user")["path"] = "/proc/self/ns/user"
    bundle = machine.bundle(document)
    assert rows(bundle.run().succeeded().text) == [["0", "0", "4294967295"]]


def test_what_is_no_user_namespace_is_not_joined(machine: Machine) -> None:
    document = joining(machine, "self", "user")
    namespace(document, "user")["path"] = "/proc/self/ns/net"
    machine.run_bundle(document, mapped_root(machine)).failed("/proc/self/ns/net", "invalid argument")
    namespace(document, "user")["path"] = "/no/such/namespace"
    machine.run_bundle(document, mapped_root(machine)).failed("/no/such/namespace")
