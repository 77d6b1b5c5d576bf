"""Mounts of config.json: every option of the specification, what is made where it is missing, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest
from machines import Machine
from specs import shell


def mountinfo(target: str) -> str:
    """A script that prints of each mount at the target and below it: where, its options, its propagation, and the options of its file system."""
    return f"awk '$5 == \"{target}\" || index($5, \"{target}/\") == 1 {{ print $5, $6, $7, $NF }}' /proc/self/mountinfo"


def tmpfs(target: str, *options: str) -> dict[str, Any]:
    """A tmpfs with these options."""
    return {"destination": target, "type": "tmpfs", "source": "tmpfs", "options": list(options)}


def bind(target: str, source: str, *options: str) -> dict[str, Any]:
    """A bind mount with these options."""
    return {"destination": target, "type": "none", "source": source, "options": list(options)}


@pytest.mark.parametrize(
    ("option", "expected"),
    [
        ("ro", "ro"), ("rw", "rw"), ("nosuid", "nosuid"), ("nodev", "nodev"), ("noexec", "noexec"), ("noatime", "noatime"), ("nodiratime", "nodiratime"),
        ("relatime", "relatime"), ("nosymfollow", "nosymfollow"), ("sync", "sync"), ("dirsync", "dirsync"), ("lazytime", "lazytime"),
        ("strictatime", ""), ("iversion", ""), ("silent", ""), ("mand", "mand"), ("suid", ""), ("dev", ""), ("exec", ""), ("async", ""), ("atime", ""),
        ("diratime", ""), ("norelatime", ""), ("nostrictatime", ""), ("noiversion", ""), ("nolazytime", ""), ("loud", ""), ("nomand", ""), ("symfollow", ""),
        ("defaults", ""),
    ],
)
def test_options_of_a_new_file_system(machine: Machine, option: str, expected: str) -> None:
    document = shell(mountinfo("/tmp"))
    document["mounts"][-1] = tmpfs("/tmp", option, "size=1m")
    _, mount, _, system = machine.run_bundle(document).succeeded().text.split()
    words = set(mount.split(",") + system.split(","))
    assert "size=1024k" in words
    if expected:
        assert expected in words
    if option == "strictatime":
        assert words.isdisjoint({"relatime", "noatime"})


RECURSIVE = {
    "rro": ("ro", "rw"), "rnosuid": ("nosuid", ""), "rnodev": ("nodev", ""), "rnoexec": ("noexec", ""), "rnoatime": ("noatime", "relatime"),
    "rnodiratime": ("nodiratime", ""), "rrelatime": ("relatime", "noatime"), "rstrictatime": ("", "relatime"), "rnosymfollow": ("nosymfollow", ""),
}
OPPOSITE = {
    "rrw": ("rw", "ro"), "rsuid": ("", "nosuid"), "rdev": ("", "nodev"), "rexec": ("", "noexec"), "ratime": ("relatime", "noatime"),
    "rdiratime": ("", "nodiratime"), "rsymfollow": ("", "nosymfollow"), "rnostrictatime": ("relatime", "strictatime"), "rnorelatime": ("", ""),
}


@pytest.mark.parametrize("option", [*RECURSIVE, *OPPOSITE])
def test_recursive_options_reach_every_mount_of_a_tree(machine: Machine, option: str) -> None:
    folder = machine.new_folder()
    flags = "ro,nosuid,nodev,noexec,noatime,nodiratime,nosymfollow" if option in OPPOSITE else "rw"
    machine.sh(f"mount -t tmpfs tree {folder} && mkdir {folder}/sub && mount -t tmpfs -o {flags} sub {folder}/sub && mount -o remount,bind,{flags} {folder}")
    try:
        document = shell(mountinfo("/data"))
        document["mounts"].append(bind("/data", folder, "rbind", option))
        lines = machine.run_bundle(document, machine.new_root()).succeeded().lines
        assert [line.split()[0] for line in lines] == ["/data", "/data/sub"]
        present, absent = (RECURSIVE | OPPOSITE)[option]
        for line in lines:
            words = line.split()[1].split(",")
            assert present == "" or present in words, lines
            assert absent == "" or absent not in words, lines
    finally:
        machine.sh(f"umount {folder}/sub; umount {folder}")


@pytest.mark.parametrize(
    ("option", "expected"),
    [("private", ""), ("rprivate", ""), ("shared", "shared"), ("rshared", "shared"), ("unbindable", "unbindable"), ("runbindable", "unbindable")],
)
def test_the_propagation_of_one_mount(machine: Machine, option: str, expected: str) -> None:
    document = shell("awk '$5 == \"/tmp\" { print $7 }' /proc/self/mountinfo")
    document["mounts"][-1]["options"].append(option)
    assert machine.run_bundle(document).succeeded().text.strip().split(":")[0] == (expected or "-")


def test_a_relative_destination_counts_from_the_root(machine: Machine) -> None:
    document = shell("grep -c ' /deep/in/it ' /proc/self/mountinfo")
    document["mounts"].append(tmpfs("deep/../deep/in/it"))
    assert machine.run_bundle(document, machine.new_root()).succeeded().text == "1\n"


def test_what_is_missing_of_a_destination_is_made(machine: Machine) -> None:
    folder, root = machine.new_folder(), machine.new_root()
    machine.sh(f"echo content >{folder}/file")
    document = shell("cat /made/for/file; ls -d /made/for/folder")
    document["mounts"] += [bind("/made/for/file", f"{folder}/file", "bind"), bind("/made/for/folder", folder, "bind")]
    assert machine.run_bundle(document, root).succeeded().lines == ["content", "/made/for/folder"]
    assert machine.sh(f"stat -c '%F %a' {root}/made {root}/made/for/file") == "directory 755\nregular empty file 644\n"


def test_a_mount_of_type_bind_needs_no_option(machine: Machine) -> None:
    folder = machine.new_folder()
    machine.sh(f"echo content >{folder}/file")
    document = shell("cat /data/file")
    document["mounts"].append({"destination": "/data", "type": "bind", "source": folder})
    assert machine.run_bundle(document, machine.new_root()).succeeded().text == "content\n"


def test_options_of_a_file_system_are_without_effect_on_a_bind_mount_and_told(machine: Machine) -> None:
    document = shell("grep -c ' /tmp .* - ' /proc/self/mountinfo")
    document["mounts"].append(bind("/tmp", machine.new_folder(), "bind", "size=1m", "mode=755"))
    result = machine.run_bundle(document).succeeded()
    assert result.error.count("\n") == 1
    assert "mounts[6].options: without effect for a bind mount: size=1m,mode=755" in result.error


def test_nothing_is_mounted_on_the_root_itself(machine: Machine) -> None:
    document = shell("exit 0")
    document["mounts"].append(tmpfs("/"))
    machine.run_bundle(document).failed("mounts[6].destination: must not be the root itself")


def test_a_read_only_dev_has_its_nodes_and_mounts(machine: Machine) -> None:
    document = shell("ls /dev/null /dev/pts/ptmx /dev/shm -d; echo x >/dev/null; touch /dev/new 2>/dev/null || echo refused")
    document["mounts"][1]["options"].append("ro")
    lines = machine.run_bundle(document).succeeded().lines
    assert lines == ["/dev/null", "/dev/pts/ptmx", "/dev/shm", "refused"]


def test_a_tmpfs_has_the_mode_of_the_directory_below_it(machine: Machine) -> None:
    root = machine.new_root()
    machine.sh(f"mkdir -m 1711 {root}/own && mkdir -m 750 {root}/given")
    document = shell("stat -c %a /own /given /new")
    document["mounts"] += [tmpfs("/own"), tmpfs("/given", "mode=700"), tmpfs("/new")]
    assert machine.run_bundle(document, root).succeeded().lines == ["1711", "700", "1777"]


def test_a_tmpfs_with_tmpcopyup_begins_with_what_it_hides(machine: Machine) -> None:
    root = machine.new_root()
    machine.sh(f"""
        mkdir -p {root}/data/sub && echo content >{root}/data/sub/file && ln -s sub/file {root}/data/link && mkfifo {root}/data/pipe
        chown -R 7:8 {root}/data && chmod 2750 {root}/data/sub && touch -d 2001-02-03 {root}/data/sub/file
    """)
    script = """
        cat /data/link; stat -c '%n %F %a %u:%g' /data /data/sub /data/link /data/pipe; stat -c %Y /data/sub/file
        echo more >>/data/sub/file; grep -c ' /data ' /proc/self/mountinfo; stat -c %a /new
    """
    document = shell(script, capabilities={kind: ["CAP_DAC_OVERRIDE"] for kind in ("bounding", "effective", "permitted")})
    document["mounts"].append(tmpfs("/data", "tmpcopyup", "size=1m"))
    document["mounts"].append(tmpfs("/new", "tmpcopyup", "mode=1700"))
    assert machine.run_bundle(document, root).succeeded().lines == [
        "content", "/data directory 755 7:8", "/data/sub directory 2750 7:8", "/data/link symbolic link 777 7:8", "/data/pipe fifo 644 7:8",
        machine.sh(f"stat -c %Y {root}/data/sub/file").strip(), "1", "1700",
    ]
    assert machine.sh(f"cat {root}/data/sub/file") == "content\n"


def test_a_remount_changes_what_is_there_and_nothing_else_of_it(machine: Machine) -> None:
    document = shell(mountinfo("/tmp"))
    document["mounts"].append({"destination": "/tmp", "options": ["remount", "bind", "noexec"]})
    document["mounts"].append({"destination": "/tmp", "type": "tmpfs", "options": ["remount", "size=2m"]})
    _, mount, _, system = machine.run_bundle(document).succeeded().text.split()
    assert {"rw", "nosuid", "nodev", "noexec"} <= set(mount.split(","))
    assert "size=2048k" in system.split(",")
    document["mounts"].append({"destination": "/etc", "options": ["remount", "bind", "ro"]})
    machine.run_bundle(document).failed("remount /etc")


def test_the_hosts_proc_may_be_bound_on_proc_and_nothing_else(machine: Machine) -> None:
    document = shell("cat /proc/1/comm; ls -d /proc/self/fd")
    document["linux"]["namespaces"] = [entry for entry in document["linux"]["namespaces"] if entry["type"] != "pid"]
    document["mounts"][0] = bind("/proc", "/proc", "rbind", "nosuid")
    assert machine.run_bundle(document).succeeded().lines == [machine.sh("cat /proc/1/comm").strip(), "/proc/self/fd"]
    for source in (machine.new_folder(), "/proc/sys", "/sys"):
        document["mounts"][0] = bind("/proc", source, "rbind")
        machine.run_bundle(document).failed("mounts[0].destination: only procfs may be mounted on /proc")


#: Mounts the hierarchy of the processor as a machine would that has another controller in it as well.
TOGETHER = """umount /sys/fs/cgroup/cpu; mkdir "$1/cpu,other"; mount -t cgroup -o cpu cgroup "$1/cpu,other"; shift; exec "$@" """


@pytest.mark.native
@pytest.mark.parametrize("own", [True, False])
@pytest.mark.parametrize("mode", ["ro", "rw"])
def test_controllers_that_share_a_hierarchy_have_links_to_it(native: Machine, own: bool, mode: str) -> None:
    document = shell(
        "cd /sys/fs/cgroup; for link in *; do if [ -L $link ]; then echo $link $(readlink $link); fi; done; ls cpu/tasks; mkdir x 2>/dev/null || echo refused"
    )
    document["mounts"].append({"destination": "/sys/fs/cgroup", "type": "cgroup", "source": "cgroup", "options": ["nosuid", "noexec", "nodev", mode]})
    if not own:
        document["linux"]["namespaces"] = [entry for entry in document["linux"]["namespaces"] if entry["type"] != "cgroup"]
    command = ["unshare", "-m", "sh", "-euc", TOGETHER, "sh", native.new_folder(), *native.bundle(document).command]
    lines = native.run(command).succeeded().lines
    assert lines[:3] == ["cpu cpu,other", "other cpu,other", "cpu/tasks"]
    assert lines[3:] == (["refused"] if mode == "ro" else [])
