"""What is inside a container stays there, and what is outside is out of reach. Each test would fail if the protection that its name says were taken out."""

from __future__ import annotations

import json
from typing import Any

import pytest
from machines import Machine, Result
from specs import CAPABILITIES, MASKED, READ_ONLY, shell, spec

#: The numbers of the capabilities in specs.CAPABILITIES (linux/capability.h).
CAPABILITY_BITS = 1 << 29 | 1 << 5 | 1 << 10


def status_of(text: str) -> dict[str, str]:
    """/proc/PID/status as a dictionary."""
    return {key: value.strip() for key, _, value in (line.partition(":") for line in text.splitlines())}


@pytest.mark.parametrize("name", ["pid", "net", "ipc", "uts", "mnt", "cgroup"])
def test_it_has_a_namespace_of_its_own(machine: Machine, name: str) -> None:
    inside = machine.run_bundle(spec("/bin/readlink", f"/proc/self/ns/{name}")).succeeded().text
    assert inside.startswith(f"{name}:[")
    assert inside != machine.sh(f"readlink /proc/self/ns/{name}")


def test_a_namespace_that_is_not_asked_for_is_the_callers(machine: Machine) -> None:
    document = spec("/bin/readlink", "/proc/self/ns/net")
    document["linux"]["namespaces"] = [entry for entry in document["linux"]["namespaces"] if entry["type"] != "network"]
    assert machine.run_bundle(document).succeeded().text == machine.sh("readlink /proc/self/ns/net")


def test_a_namespace_can_be_joined_by_its_path(machine: Machine) -> None:
    first = machine.bundle(shell("readlink /proc/self/ns/net; read wait"))
    with machine.start(first.command) as running:
        namespace = running.line()
        processes = machine.sh(f"for p in /proc/[0-9]*; do readlink $p/ns/net | grep -qF '{namespace}' && echo $p; done 2>/dev/null || :").split()
        document = spec("/bin/readlink", "/proc/self/ns/net")
        next(entry for entry in document["linux"]["namespaces"] if entry["type"] == "network")["path"] = f"{processes[0]}/ns/net"
        assert machine.run_bundle(document).succeeded().text.strip() == namespace
        running.stdin.close()
        running.wait()


def test_loopback_is_up_and_there_is_no_other_interface(machine: Machine) -> None:
    result = machine.run_bundle(shell("ip address show dev lo; ip -o link show up")).succeeded()
    assert "inet 127.0.0.1/8" in result.text
    assert len([line for line in result.lines if "LOOPBACK,UP" in line]) == 2
    assert "BROADCAST" not in result.text


def test_processes_of_the_host_are_not_visible(machine: Machine) -> None:
    names = machine.run_bundle(shell("ls /proc")).succeeded().lines
    assert [name for name in names if name.isdigit() and int(name) > 10] == []


def test_the_old_root_is_out_of_reach(machine: Machine) -> None:
    mark = machine.new_folder()
    script = f"""
        [ ! -e {mark} ] || echo by name
        [ ! -e ../../../../../..{mark} ] || echo by climbing
        [ ! -e /proc/1/root{mark} ] || echo through proc
        [ ! -e /proc/1/cwd{mark} ] || echo through cwd
        awk '$5 == "/" {{ n++ }} END {{ print n }}' /proc/self/mountinfo
        umount -l / 2>/dev/null && ls {mark} && echo below
        exit 0
    """
    assert machine.run_bundle(shell(script)).succeeded().lines == ["1"]


def test_only_the_standard_descriptors_are_open(machine: Machine) -> None:
    bundle = machine.bundle(spec("/bin/ls", "/proc/self/fd"))
    opened = " ".join(f"{number}</" for number in range(3, 10))
    result = machine.run(["sh", "-c", f'exec {opened}; exec "$@"', "sh", *bundle.command]).succeeded()
    # The fourth is the folder that ls itself reads.
    assert result.lines == ["0", "1", "2", "3"]


@pytest.mark.parametrize("number", range(3, 15))
def test_a_working_directory_behind_a_descriptor_is_refused(machine: Machine, number: int) -> None:
    # CVE-2024-21626: a descriptor of the host that was open when the working directory was entered.
    bundle = machine.bundle(spec("/bin/ls", cwd=f"/proc/self/fd/{number}"))
    result = machine.run(["sh", "-c", 'exec 7</ 8</; exec "$@"', "sh", *bundle.command])
    assert result.status != 0
    assert result.stdout == b""


def test_a_program_behind_a_descriptor_of_the_host_is_not_found(machine: Machine) -> None:
    # CVE-2024-21626: descriptors of the runtime itself lead out of the root until exec has found the program, also those that exec closes.
    outside = machine.new_root()
    for number in range(3, 24):
        path = f"/proc/self/fd/{number}" + "/.." * 12 + f"{outside}/bin/busybox"
        result = machine.run_bundle(spec(path, "echo", "escaped"))
        assert (number, result.status != 0, result.stdout) == (number, True, b"")


@pytest.mark.parametrize("namespace", [True, False])
def test_a_writable_mount_of_cgroups_has_nothing_of_the_host(machine: Machine, namespace: bool) -> None:
    # CVE-2022-0492: release_agent in the root of a hierarchy is a program that the kernel runs on the host.
    script = """
        cd /sys/fs/cgroup
        for file in release_agent */release_agent; do [ ! -e $file ] || ! (exec 3>>$file) 2>/dev/null || echo $file can be written; done
        for folder in apus unified/apus; do [ ! -e $folder ] || echo $folder is there; done
        ls cgroup.procs unified/cgroup.procs 2>/dev/null | wc -l
    """
    document = shell(script)
    document["mounts"].append({"destination": "/sys/fs/cgroup", "type": "cgroup", "source": "cgroup", "options": ["nosuid", "noexec", "nodev"]})
    if not namespace:
        document["linux"]["namespaces"] = [entry for entry in document["linux"]["namespaces"] if entry["type"] != "cgroup"]
    assert machine.run_bundle(document).succeeded().lines == ["1"]


@pytest.mark.parametrize("target", ["/data", "/tmp/../proc/self/attr", "/data/self/attr"])
@pytest.mark.parametrize("options", [["bind"], []])
def test_nothing_is_mounted_below_proc_under_another_name(machine: Machine, target: str, options: list[str]) -> None:
    # CVE-2019-19921: a link of the image takes a volume there.
    root = machine.new_root()
    machine.sh(f"ln -s proc {root}/data")
    document = shell("echo it runs")
    document["mounts"].append({"destination": target, "type": "bind" if options else "tmpfs", "source": machine.new_folder(), "options": options})
    machine.run_bundle(document, root).failed("mounts[6].destination", "/proc")


@pytest.mark.native
def test_a_process_that_writes_to_the_terminal_for_ever_does_not_keep_apus(native: Machine) -> None:
    document = shell("while :; do echo more; done & echo first", terminal=True)
    document["linux"]["namespaces"] = [entry for entry in document["linux"]["namespaces"] if entry["type"] != "pid"]
    assert "first" in native.run_bundle(document).succeeded().text


@pytest.mark.parametrize("propagation", ["private", "slave"])
def test_mounts_do_not_reach_the_host_from_a_root_on_a_shared_mount(machine: Machine, propagation: str) -> None:
    root = machine.new_root()
    document = shell("exit 0")
    document["linux"]["rootfsPropagation"] = propagation
    bundle = machine.bundle(document, root)
    script = f"""
        mount --make-rshared /; mount -o bind {root} {root}; mount --make-shared {root}
        cat /proc/self/mountinfo >{bundle.path}/before; "$@"; cat /proc/self/mountinfo >{bundle.path}/after
    """
    machine.run(["unshare", "-m", "sh", "-ec", script, "sh", *bundle.command]).succeeded()
    machine.sh(f"cmp {bundle.path}/before {bundle.path}/after && [ -s {bundle.path}/after ]")


def test_standard_descriptors_that_are_closed_become_dev_null(machine: Machine) -> None:
    # Else the first files that the runtime opens have their numbers.
    bundle = machine.bundle(shell("read line; echo $?; ls /proc/self/fd"))
    result = machine.run(["sh", "-c", 'exec "$@" <&- 2>&-', "sh", *bundle.command]).succeeded()
    assert result.lines == ["1", "0", "1", "2", "3"]


def test_the_mount_table_of_the_host_is_the_same_before_and_after(machine: Machine) -> None:
    bundle = machine.bundle(shell("exit 0"))
    command = " ".join(bundle.command)
    for propagation in ("private", "shared"):
        script = f"mount --make-r{propagation} /; cat /proc/self/mountinfo >{bundle.path}/before; {command}; cat /proc/self/mountinfo >{bundle.path}/after"
        machine.run(["unshare", "-m", "sh", "-c", script]).succeeded()
        assert machine.sh(f"cmp {bundle.path}/before {bundle.path}/after && wc -l <{bundle.path}/after").strip() != "0"


def test_mounts_of_the_container_do_not_reach_the_host_while_it_runs(machine: Machine) -> None:
    document = shell("echo ready; read wait")
    document["mounts"].append({"destination": "/mnt", "type": "tmpfs", "source": "e2e-visible"})
    with machine.start(machine.bundle(document, machine.new_root()).command) as running:
        assert running.line() == "ready"
        assert "e2e-visible" not in machine.sh("cat /proc/self/mountinfo")
        running.stdin.close()
        assert running.wait() in (0, 1)


def test_sys_is_read_only(machine: Machine) -> None:
    result = machine.run_bundle(shell("touch /sys/new 2>&1; echo 1 >/sys/kernel/mm/ksm/run; grep ' /sys ' /proc/self/mountinfo"))
    assert "Read-only file system" in result.text
    assert result.lines[-1].split()[5].split(",")[0] == "ro"


def test_dev_has_exactly_the_standard_nodes(machine: Machine) -> None:
    names = machine.run_bundle(spec("/bin/ls", "-A", "/dev")).succeeded().lines
    assert names == sorted(["fd", "full", "null", "ptmx", "pts", "random", "shm", "stderr", "stdin", "stdout", "tty", "urandom", "zero"])


def test_the_standard_nodes_are_what_their_names_say(machine: Machine) -> None:
    script = """
        for name in null zero full random urandom tty; do stat -c '%n %F %a %t:%T %u:%g' /dev/$name; done
        for name in fd stdin stdout stderr ptmx; do readlink /dev/$name; done
    """
    lines = machine.run_bundle(shell(script)).succeeded().lines
    numbers = {"null": "1:3", "zero": "1:5", "full": "1:7", "random": "1:8", "urandom": "1:9", "tty": "5:0"}
    assert lines[:6] == [f"/dev/{name} character special file 666 {number} 0:0" for name, number in numbers.items()]
    assert lines[6:] == ["/proc/self/fd", "/proc/self/fd/0", "/proc/self/fd/1", "/proc/self/fd/2", "pts/ptmx"]


def test_terminals_of_the_host_are_not_in_devpts(machine: Machine) -> None:
    assert machine.run_bundle(spec("/bin/ls", "/dev/pts")).succeeded().lines == ["ptmx"]


@pytest.mark.parametrize("allowed", [False, True])
def test_a_disk_can_be_opened_only_if_the_device_rules_allow_it_whatever_nodes_there_are(machine: Machine, allowed: bool) -> None:
    # The node is made outside, where that is allowed; opening it inside is what the device rules decide. Not every disk can be opened outside, either.
    root = machine.new_root()
    number = machine.sh(f"""
        for disk in /sys/block/*; do
          mknod -m 666 {root}/disk b $(tr : ' ' <$disk/dev)
          if head -c 1 {root}/disk >/dev/null 2>&1; then cat $disk/dev; exit 0; fi
          rm {root}/disk
        done
        exit 1
    """)
    major, minor = number.strip().split(":")
    document = shell("head -c 1 /dev/zero | wc -c; head -c 1 /disk >/dev/null && echo opened")
    rule = {"allow": allowed, "type": "b", "major": int(major), "minor": int(minor), "access": "r"}
    document["linux"]["resources"]["devices"].append(rule)
    result = machine.run_bundle(document, root)
    assert result.lines == ["1", *(["opened"] if allowed else [])]
    assert ("Operation not permitted" in result.error) == (not allowed)


def test_masked_paths_are_empty_and_cannot_be_uncovered(machine: Machine) -> None:
    # Two that every kernel has: a file and a folder.
    paths = [*MASKED, "/proc/version", "/proc/tty"]
    script = f"""
        for path in {' '.join(paths)}; do
          [ -e $path ] || continue
          if [ -d $path ]; then [ -z "$(ls -A $path)" ] || echo "$path has content"; else [ -z "$(cat $path)" ] || echo "$path can be read"; fi
          if [ -f $path ]; then echo "$path is a plain file"; fi
          if [ -d $path ] && touch $path/new 2>/dev/null; then echo "$path can be written"; fi
          umount $path 2>&1 | grep -v 'Operation not permitted'
        done
        umount /proc/version 2>&1
        exit 0
    """
    document = shell(script)
    document["linux"]["maskedPaths"] = paths
    for kind in document["process"]["capabilities"].values():
        kind.append("CAP_DAC_OVERRIDE")
    assert machine.run_bundle(document).succeeded().text == "umount: can't unmount /proc/version: Operation not permitted\n"


def test_a_masked_path_that_is_not_there_is_no_error(machine: Machine) -> None:
    document = spec("/bin/true")
    document["linux"]["maskedPaths"] = ["/proc/not-there", "/not/there/either"]
    machine.run_bundle(document).succeeded()


def test_masking_is_not_fooled_by_a_false_dev_null(machine: Machine) -> None:
    # CVE-2025-31133: the file that covers must be the null device, and not what stands at /dev/null inside.
    root = machine.new_root()
    machine.sh(f"mkdir -p {root}/dev && ln -sf /proc/sys/kernel/hostname {root}/dev/null && echo secret >{root}/secret")
    document = shell("cat /secret; echo e2e-changed >/secret; cat /proc/sys/kernel/hostname")
    document["mounts"] = [entry for entry in document["mounts"] if not entry["destination"].startswith("/dev")]
    document["linux"]["maskedPaths"] = ["/secret"]
    document["linux"]["readonlyPaths"] = []
    result = machine.run_bundle(document, root)
    assert "secret" not in result.text and "e2e-changed" not in result.text


def test_read_only_paths(machine: Machine) -> None:
    script = f"""
        for path in {' '.join(READ_ONLY)}; do
          [ -e $path ] || continue
          grep " $path " /proc/self/mountinfo | cut -d ' ' -f 6 | grep -q '^ro' || echo "$path is writable"
        done
        echo x >/proc/sys/kernel/domainname
    """
    result = machine.run_bundle(shell(script))
    assert result.stdout == b""
    assert "Read-only file system" in result.error


def test_no_new_privileges(machine: Machine) -> None:
    inside = status_of(machine.run_bundle(spec("/bin/cat", "/proc/self/status")).succeeded().text)
    assert inside["NoNewPrivs"] == "1"
    outside = status_of(machine.run_bundle(spec("/bin/cat", "/proc/self/status", noNewPrivileges=False)).succeeded().text)
    assert outside["NoNewPrivs"] == "0"


def test_the_capability_sets_are_exactly_those_of_the_configuration(machine: Machine) -> None:
    status = status_of(machine.run_bundle(spec("/bin/cat", "/proc/self/status")).succeeded().text)
    found = {name: int(status[name], 16) for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")}
    assert found == {"CapInh": 0, "CapPrm": CAPABILITY_BITS, "CapEff": CAPABILITY_BITS, "CapBnd": CAPABILITY_BITS, "CapAmb": 0}


def test_without_capabilities_in_the_configuration_there_are_none(machine: Machine) -> None:
    document = spec("/bin/cat", "/proc/self/status")
    del document["process"]["capabilities"]
    status = status_of(machine.run_bundle(document).succeeded().text)
    assert {int(status[name], 16) for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")} == {0}


def test_a_user_who_is_not_root_has_no_capability_in_force(machine: Machine) -> None:
    status = status_of(machine.run_bundle(spec("/bin/cat", "/proc/self/status", user={"uid": 1000, "gid": 1000})).succeeded().text)
    assert (int(status["CapEff"], 16), int(status["CapPrm"], 16), int(status["CapInh"], 16)) == (0, 0, 0)


def test_ambient_capabilities_reach_a_user_who_is_not_root(machine: Machine) -> None:
    sets = {kind: ["CAP_NET_BIND_SERVICE"] for kind in ("bounding", "effective", "permitted", "inheritable", "ambient")}
    document = spec("/bin/cat", "/proc/self/status", user={"uid": 1000, "gid": 1000}, capabilities=sets)
    status = status_of(machine.run_bundle(document).succeeded().text)
    assert {name: int(status[name], 16) for name in ("CapEff", "CapPrm", "CapAmb")} == {"CapEff": 1 << 10, "CapPrm": 1 << 10, "CapAmb": 1 << 10}


def seccomp(**more: Any) -> dict[str, Any]:
    """A profile that refuses one call and counts an argument."""
    return {
        "defaultAction": "SCMP_ACT_ALLOW",
        "syscalls": [
            {"names": ["mkdirat", "mkdir"], "action": "SCMP_ACT_ERRNO", "errnoRet": 28},
            {"names": ["sethostname"], "action": "SCMP_ACT_KILL_PROCESS"},
        ],
        **more,
    }


def test_a_seccomp_profile_of_the_configuration_is_in_force(machine: Machine) -> None:
    document = shell("grep ^Seccomp: /proc/self/status; mkdir /tmp/new; hostname other; echo $?")
    document["linux"]["seccomp"] = seccomp()
    result = machine.run_bundle(document)
    assert result.lines == ["Seccomp:\t2", "159"]  # 128 + SIGSYS
    assert "No space left on device" in result.error


@pytest.mark.parametrize("user", [0, 1000])
def test_without_no_new_privs_the_filter_does_not_stop_the_set_up(machine: Machine, user: int) -> None:
    # The filter takes CAP_SYS_ADMIN then, which the process must still have, and what comes after it must do with few calls.
    document = shell("grep -E '^(Seccomp|NoNewPrivs|CapPrm):' /proc/self/status", noNewPrivileges=False, user={"uid": user, "gid": user})
    document["process"]["capabilities"] = {}
    refused = ["setuid", "setresuid", "setgid", "setresgid", "setgroups", "chdir", "getcwd", "setrlimit", "prlimit64", "faccessat", "faccessat2", "umask"]
    profile = {"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": refused, "action": "SCMP_ACT_ERRNO", "errnoRet": 1}]}
    document["linux"]["seccomp"] = profile
    lines = machine.run_bundle(document).succeeded().lines
    assert sorted(lines) == ["CapPrm:\t0000000000000000", "NoNewPrivs:\t0", "Seccomp:\t2"]


def test_a_container_without_a_profile_has_no_filter(machine: Machine) -> None:
    assert machine.run_bundle(spec("/bin/grep", "^Seccomp:", "/proc/self/status")).succeeded().text == "Seccomp:\t0\n"


def test_the_default_profile_of_an_image_is_in_force(machine: Machine) -> None:
    assert machine.run_image("grep", "^Seccomp:", "/proc/self/status").succeeded().text == "Seccomp:\t2\n"


@pytest.mark.parametrize(
    "command",
    ["unshare -U true", "unshare -m true", "mount -t tmpfs none /tmp", "umount /proc", "mknod /tmp/node b 8 0", "hostname other", "date -s 2000-01-01"],
)
def test_an_image_may_not(machine: Machine, command: str) -> None:
    # Not the status: busybox's date says that it failed and ends with 0.
    result = machine.run_image("sh", "-c", f"{command} >/dev/null")
    assert "not permitted" in result.error or "permission denied" in result.error, result.error


def test_an_image_cannot_change_the_kernels_settings(machine: Machine) -> None:
    result = machine.run_image("sh", "-c", "for file in kernel/randomize_va_space vm/swappiness net/ipv4/ip_forward; do echo 0 >/proc/sys/$file; done")
    assert result.error.count("Read-only file system") == 3


def test_the_runtime_cannot_be_written_from_inside(machine: Machine) -> None:
    # CVE-2019-5736. The container opens every program that it can see in /proc for writing, while the runtime waits for it, and asks the kernel for its own.
    before = machine.sh(f"sha256sum {machine.apus}")
    script = """
        for process in /proc/[0-9]*; do
          if dd if=/dev/zero of=$process/exe bs=1 count=1 conv=notrunc 2>/dev/null; then echo "$process/exe was written"; fi
        done
        exit 0
    """
    document = shell(script)
    sets = document["process"]["capabilities"]
    for kind in sets.values():
        kind += ["CAP_DAC_OVERRIDE", "CAP_SYS_PTRACE"]
    document["linux"]["namespaces"] = [entry for entry in document["linux"]["namespaces"] if entry["type"] != "pid"]
    root = machine.new_root()
    result = machine.run_bundle(document, root).succeeded()
    assert result.stdout == b""
    assert machine.sh(f"sha256sum {machine.apus}") == before


@pytest.mark.parametrize("program", ["/proc/self/exe", "/script"])
def test_an_entrypoint_that_is_the_runtime_itself_changes_nothing_of_the_hosts(machine: Machine, program: str) -> None:
    # CVE-2019-5736, the other half: the program is /proc/self/exe, which in the child that execs is the runtime, or a script whose interpreter that is.
    before = machine.sh(f"sha256sum {machine.apus}; stat -c '%i %Y' {machine.apus}")
    root = machine.new_root()
    machine.sh(f"printf '#!/proc/self/exe --version\\n' >{root}/script; chmod 755 {root}/script")
    # Whether a copy of the runtime runs inside does not matter: it is a sealed one.
    machine.run_bundle(spec(program, "--version"), root)
    assert machine.sh(f"sha256sum {machine.apus}; stat -c '%i %Y' {machine.apus}") == before


def test_a_mount_through_a_link_stays_inside(machine: Machine) -> None:
    # CVE-2021-30465 and its kin: the target of a mount is a link to the host's folder.
    outside = machine.new_folder()
    root = machine.new_root()
    machine.sh(f"ln -s {outside} {root}/link && ln -s ../../../../../../../..{outside} {root}/climb && echo content >{outside}/file")
    document = shell("exit 0")
    document["mounts"] += [
        {"destination": "/link/made", "type": "tmpfs", "source": "tmpfs"},
        {"destination": "/climb/made-too", "type": "tmpfs", "source": "tmpfs"},
    ]
    machine.run_bundle(document, root)
    assert machine.sh(f"ls {outside}") == "file\n"


@pytest.mark.parametrize("link", ["/", "/tmp", "../../../../../../proc", "self"])
def test_a_proc_that_is_a_link_is_refused(machine: Machine, link: str) -> None:
    # CVE-2019-16884, CVE-2019-19921: /proc must be a real folder, or the checks of what is below it mean nothing.
    root = machine.new_root()
    machine.sh(f"rmdir {root}/proc && ln -s {link} {root}/proc")
    machine.run_bundle(spec("/bin/true"), root).failed("/proc")


def test_a_dev_that_is_a_link_to_the_host_is_not_followed(machine: Machine) -> None:
    outside = machine.new_folder()
    root = machine.new_root()
    machine.sh(f"rmdir {root}/dev && ln -s {outside} {root}/dev")
    machine.run_bundle(spec("/bin/true"), root)
    document = spec("/bin/true")
    document["mounts"] = [entry for entry in document["mounts"] if not entry["destination"].startswith("/dev")]
    machine.run_bundle(document, root)
    assert machine.sh(f"ls -A {outside}") == ""


def test_a_bound_dev_stays_as_the_host_has_it(machine: Machine) -> None:
    bound = machine.new_folder()
    machine.sh(f"mknod {bound}/null c 1 3; chmod 620 {bound}/null")
    before = machine.sh(f"ls -A {bound}; stat -c '%a %u:%g' {bound}/null")
    document = spec("/bin/true")
    document["mounts"] = [entry for entry in document["mounts"] if not entry["destination"].startswith("/dev")]
    document["mounts"].append({"destination": "/dev", "type": "bind", "source": bound, "options": ["bind"]})
    machine.run_bundle(document).succeeded()
    assert machine.sh(f"ls -A {bound}; stat -c '%a %u:%g' {bound}/null") == before


def test_a_sysctl_of_the_containers_own_namespaces_is_set(machine: Machine) -> None:
    document = spec("/bin/cat", "/proc/sys/net/ipv4/ip_forward", "/proc/sys/kernel/msgmax")
    document["linux"]["sysctl"] = {"net.ipv4.ip_forward": "1", "kernel.msgmax": "4242"}
    assert machine.run_bundle(document).succeeded().lines == ["1", "4242"]


@pytest.mark.parametrize("name", ["kernel.randomize_va_space", "vm.overcommit_memory", "fs.file-max", "net/../kernel/panic"])
def test_a_sysctl_of_the_host_is_refused(machine: Machine, name: str) -> None:
    document = spec("/bin/true")
    document["linux"]["sysctl"] = {name: "1"}
    machine.run_bundle(document).failed(name)


def test_a_sysctl_of_the_network_is_refused_without_a_network_namespace(machine: Machine) -> None:
    before = machine.sh("cat /proc/sys/net/ipv4/ip_default_ttl")
    document = spec("/bin/true")
    document["linux"]["sysctl"] = {"net.ipv4.ip_default_ttl": "77"}
    document["linux"]["namespaces"] = [entry for entry in document["linux"]["namespaces"] if entry["type"] != "network"]
    machine.run_bundle(document).failed("net.ipv4.ip_default_ttl")
    assert machine.sh("cat /proc/sys/net/ipv4/ip_default_ttl") == before


@pytest.mark.parametrize(
    ("namespace", "file", "members", "named"),
    [
        ("network", "net", {"linux": {"sysctl": {"net.ipv4.ip_default_ttl": "77"}}}, "linux.sysctl.net.ipv4.ip_default_ttl"),
        ("ipc", "ipc", {"linux": {"sysctl": {"kernel.msgmax": "4242"}}}, "linux.sysctl.kernel.msgmax"),
        ("uts", "uts", {"linux": {"sysctl": {"kernel.domainname": "other"}}}, "linux.sysctl.kernel.domainname"),
        ("uts", "uts", {"hostname": "other"}, "hostname"),
        ("uts", "uts", {"domainname": "other"}, "domainname"),
    ],
)
def test_nothing_is_set_in_a_namespace_of_the_callers_own(machine: Machine, namespace: str, file: str, members: dict[str, Any], named: str) -> None:
    # A way around the rule that what is set needs a namespace of the container's own: to join the host's by its path. The host of the test is a made one.
    document = shell("echo it runs")
    del document["hostname"]
    next(entry for entry in document["linux"]["namespaces"] if entry["type"] == namespace)["path"] = f"/proc/self/ns/{file}"
    look = "{ hostname; cat /proc/sys/net/ipv4/ip_default_ttl /proc/sys/kernel/msgmax /proc/sys/kernel/domainname; }"
    script = f'{look} >$0/before; "$@"; status=$?; {look} >$0/after; cmp $0/before $0/after || exit 99; exit $status'

    def run() -> Result:
        bundle = machine.bundle(document)
        return machine.run(["unshare", "-n", "-i", "-u", "sh", "-c", script, bundle.path, *bundle.command])

    assert run().succeeded().text == "it runs\n"
    document["linux"] |= members.get("linux", {})
    document |= {name: value for name, value in members.items() if name != "linux"}
    run().failed(f"{named}: ", f"/proc/self/ns/{file}", status=1)


def test_the_template_of_the_tests_is_what_they_think(machine: Machine) -> None:
    # A guard of the guards: with every capability and no read-only paths, what the tests above see refused works.
    document = shell("mount -t tmpfs none /tmp && touch /tmp/file && echo 1 >/proc/sys/kernel/domainname && echo done")
    document["process"]["capabilities"] = {kind: [*CAPABILITIES, "CAP_SYS_ADMIN"] for kind in ("bounding", "effective", "permitted")}
    document["linux"]["readonlyPaths"] = []
    assert machine.run_bundle(json.loads(json.dumps(document))).succeeded().text == "done\n"
