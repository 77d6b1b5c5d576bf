"""Where the kernel has not the newer calls, what stands in for them does the same, and is as safe."""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path

import deny_calls
import forget_mount_flag
import hostile
import pytest
from machines import Machine
from specs import shell, spec
from test_running import running

pytestmark = pytest.mark.native

ALL = deny_calls.ALL
SETS = {
    "openat2": "openat2", "mount calls": deny_calls.MOUNTS, "mount_setattr": "mount_setattr", "clone3": "clone3", "close_range": "close_range",
    "pidfd": deny_calls.PIDFD, "all": ALL,
}


def calling(number: int, *arguments: str) -> list[str]:
    """Says the errno of a system call."""
    words = ", ".join([str(number), *arguments])
    return ["/usr/bin/python3", "-c", f"import ctypes; l = ctypes.CDLL(None, use_errno=True); l.syscall({words}); print(ctypes.get_errno())"]


# A guard: under the wrapper the calls do what it says, and something else without it.
@pytest.mark.parametrize(("answer", "expected"), [("ENOSYS", "38"), ("EINVAL", "22"), ("EPERM", "1"), ("E2BIG", "7"), ("SIGSYS", "")])
def test_the_wrapper_denies(native: Machine, answer: str, expected: str) -> None:
    open_nothing, clone_by = calling(437, "-1", "b'x'", "None", "24"), {size: calling(435, "None", str(size)) for size in (64, 88)}
    result = native.run(deny_calls.without(native, "openat2,CLONE_INTO_CGROUP", open_nothing, answer=answer))
    assert (result.text.strip(), result.status) == (expected, 0 if expected else 159)
    # EFAULT: the kernel looks at the arguments.
    assert native.run(deny_calls.without(native, "openat2,CLONE_INTO_CGROUP", clone_by[64], answer=answer)).succeeded().text == "14\n"
    assert native.run(deny_calls.without(native, "openat2,CLONE_INTO_CGROUP", clone_by[88], answer=answer)).status == (0 if expected else 159)
    assert native.run(open_nothing).succeeded().text.strip() == "14"


def test_the_wrapper_hides_files(native: Machine) -> None:
    folder = native.new_folder()
    native.sh(f"echo a >{folder}/cgroup.kill; echo b >{folder}/cgroup.kills; echo c >{folder}/kill")
    command = ["sh", "-c", f"cd {folder}; cat cgroup.kill; cat {folder}/cgroup.kill; cat cgroup.kills kill; (cat ./cgroup.kill)"]
    assert native.run(deny_calls.without(native, "", command, files="x,cgroup.kill")).lines == ["b", "c"]


def test_a_trapped_call_is_a_missing_one_for_apus_and_not_for_its_container(native: Machine) -> None:
    # The program is what it would be without apus: the signal ends it.
    document = shell("sync; echo $?; grep -E '^Sig(Blk|Cgt)' /proc/self/status")
    denied = deny_calls.without(native, "openat2,sync", native.bundle(document).command, answer="SIGSYS")
    assert native.run(denied).succeeded().lines == ["159", "SigBlk:\t0000000000000000", "SigCgt:\t0000000000000000"]


@pytest.mark.parametrize("no_new_privileges", [True, False])
def test_a_call_that_the_containers_own_filter_traps_is_not_missing(native: Machine, no_new_privileges: bool) -> None:
    # execve(2), which apus itself makes under the filter: it ends as the profile says.
    document = shell("exit 5", noNewPrivileges=no_new_privileges)
    document["linux"]["seccomp"] = {"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["execve"], "action": "SCMP_ACT_TRAP"}]}
    assert native.run_bundle(document).status == 159


def test_a_signal_that_somebody_sends_is_no_trapped_call(native: Machine) -> None:
    with running(native) as bundle, native.start(native.words("events", "--interval", "50ms", bundle.id)) as watching:
        assert watching.line().startswith('{"type":"stats"')
        native.sh(f"kill -SYS {watching.number}")
        watching.rest()
        assert watching.wait() == 159


@pytest.mark.parametrize("name", SETS)
def test_a_bundle_runs_with_all_its_protections(native: Machine, name: str) -> None:
    script = """
        readlink /proc/self/ns/pid; grep -E '^(NoNewPrivs|CapEff):' /proc/self/status; ls /proc/self/fd | wc -l
        touch /new 2>/dev/null || echo read-only; cat /proc/timer_list; (echo x >/proc/sys/kernel/domainname) 2>/dev/null || echo protected; cat /data/file
        echo x 2>/dev/null >/data/file || echo read-only bind; awk '$5 == "/" { n++ } END { print n }' /proc/self/mountinfo; exit 5
    """
    folder = native.new_folder()
    native.sh(f"echo bound >{folder}/file; mkdir {folder}/sub; mount -t tmpfs sub {folder}/sub")
    try:
        document = shell(script)
        document["mounts"].append({"destination": "/data", "type": "bind", "source": folder, "options": ["rbind", "ro"]})
        bundle = native.bundle(document, native.new_root())
        usual, old = bundle.run(), native.run(deny_calls.without(native, SETS[name], bundle.command))
        assert usual.status == old.status == 5, old.error
        assert usual.lines[1:] == old.lines[1:]
        assert "read-only bind" in old.lines and "protected" in old.lines
    finally:
        native.sh(f"umount {folder}/sub")


def test_the_runtime_runs_from_an_overlay_or_else_from_a_sealed_copy(native: Machine) -> None:
    # CVE-2019-5736: a hook of the host sees what the process is that made the container.
    folder = native.new_folder()
    document = spec("/bin/true")
    look = f"readlink /proc/$PPID/exe >{folder}/exe; [ ! -w /proc/$PPID/exe ] || echo writable >>{folder}/exe"
    document["hooks"] = {"createRuntime": [{"path": "/bin/sh", "args": ["sh", "-c", look], "env": ["PATH=/bin:/usr/bin"]}]}
    bundle = native.bundle(document, native.new_root())
    bundle.run().succeeded()
    # The name in the overlay, which cannot be written to.
    assert native.sh(f"cat {folder}/exe").split() == ["/apus"]
    native.run(deny_calls.without(native, "fsopen", bundle.command)).succeeded()
    # The permission bits of a sealed file say nothing.
    assert native.sh(f"cat {folder}/exe").splitlines()[0] == "/memfd:apus (deleted)"


@pytest.mark.parametrize("name", SETS)
def test_an_image_is_imported_and_runs(native: Machine, name: str) -> None:
    folder = native.new_folder(lasting=True)
    store = [native.apus, "--root", native.state, "--data-root", f"{folder}/store"]
    native.run(deny_calls.without(native, SETS[name], [*store, "image", "import", native.layout("redis")])).succeeded()
    command = [*store, "image", "run", "--name", native.new_name(), "--memory", "64m", "redis", "--", "sh", "-c", "id -un; pwd; ls -d /etc/issue || echo deleted"]
    result = native.run(deny_calls.without(native, SETS[name], command))
    assert result.lines == ["redis", "/data", "deleted"], result.error
    native.sh(f"rm -rf {folder}")


@pytest.mark.parametrize("name", sorted(hostile.ESCAPING))
def test_a_hostile_image_stays_inside_without_openat2(native: Machine, name: str) -> None:
    outside = native.new_folder()
    native.sh(f"echo untouched >{outside}/victim")
    image = native.new_name()
    with tempfile.TemporaryDirectory() as folder:
        place = hostile.ESCAPING[name](Path(folder) / "image", "amd64", outside)
        native.run(deny_calls.without(native, ALL, native.words("image", "import", "--name", image, str(place))))
    assert native.sh(f"ls -A {outside}; cat {outside}/victim") == "victim\nuntouched\n"
    native.call("image", "remove", image)


@pytest.mark.parametrize("name", SETS)
def test_no_descriptor_leaks(native: Machine, name: str) -> None:
    bundle = native.bundle(shell("ls /proc/self/fd"))
    command = ["sh", "-c", 'exec 3</ 4</ 5</ 6</ 7</ 8</ 9</; exec "$@"', "sh", *deny_calls.without(native, SETS[name], bundle.command)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL, check=False)
    assert done.stdout.split() == ["0", "1", "2", "3"], done.stderr


def test_nothing_is_taken_from_what_the_container_has_for_proc(native: Machine) -> None:
    # Without the newer calls /proc/self/fd stands in for them: the host's, never a folder of the image with the same names.
    root = native.new_root()
    native.sh(f"mkdir -p {root}/proc/self/fd; cd {root}/proc/self/fd; touch 3 4 5 6 7 8 9 x")
    document = shell("touch /new 2>/dev/null || echo read-only; ls -d /proc/self/fd/x")
    document["root"]["readonly"] = True
    document["mounts"] = [mount for mount in document["mounts"] if mount["destination"] != "/proc"]
    document["linux"]["maskedPaths"] = document["linux"]["readonlyPaths"] = []
    result = native.run(deny_calls.without(native, ALL, native.bundle(document, root).command)).succeeded()
    assert result.lines == ["read-only", "/proc/self/fd/x"]


def test_flags_of_a_bound_mount_stay_when_others_are_set(native: Machine) -> None:
    folder = native.new_folder()
    native.sh(f"mount -t tmpfs -o nosuid,nodev,noexec,nosymfollow,noatime flags {folder}")
    try:
        document = shell("grep ' /data ' /proc/self/mountinfo")
        document["mounts"].append({"destination": "/data", "type": "bind", "source": folder, "options": ["bind", "ro"]})
        flags = native.run(deny_calls.without(native, ALL, native.bundle(document, native.new_root()).command)).succeeded().text.split()[5]
        assert set(flags.split(",")) == {"ro", "nosuid", "nodev", "noexec", "noatime", "nosymfollow"}
    finally:
        native.sh(f"umount {folder}")


#: MS_NOSYMFOLLOW, Linux 5.10.
FORGETFUL = ["/usr/bin/python3", str(Path(forget_mount_flag.__file__)), "0x100", "--"]
NOSYMFOLLOW = {
    "file system": {"destination": "/mnt", "type": "tmpfs", "source": "tmpfs", "options": ["nosuid", "nosymfollow"]},
    "cgroups": {"destination": "/mnt", "type": "cgroup", "source": "cgroup", "options": ["ro", "nosymfollow"]},
    "bind mount": {"destination": "/mnt", "type": "bind", "source": "/usr", "options": ["bind", "nosymfollow"]},
    "bind mount, with all below it": {"destination": "/mnt", "type": "bind", "source": "/usr", "options": ["rbind", "rnosymfollow"]},
}


@pytest.mark.parametrize("name", NOSYMFOLLOW)
def test_nosymfollow_is_in_force_or_refused(native: Machine, name: str) -> None:
    document = shell("grep ' /mnt ' /proc/self/mountinfo")
    document["mounts"].append(NOSYMFOLLOW[name])
    bundle = native.bundle(document, native.new_root())
    assert "nosymfollow" in bundle.run().succeeded().text.split()[5]
    native.run([*FORGETFUL, *deny_calls.without(native, ALL, bundle.command)]).failed("mounts[6].options: ", "nosymfollow", "Linux 5.1", status=1)


def test_a_kernel_that_does_not_know_nosymfollow_runs_what_does_not_ask_for_it(native: Machine) -> None:
    assert native.run([*FORGETFUL, *deny_calls.without(native, ALL, native.bundle(shell("echo it runs; exit 6")).command)]).lines == ["it runs"]
