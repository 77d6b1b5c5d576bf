"""Weaknesses that other runtimes had from 2024 to 2026 and that no behaviour of section 3b names (shared/reference/oci-runtimes.md, 3a); the others have their number in the name
of a behaviour's test."""

from __future__ import annotations

import pytest
from left_alone import all_refused, running
from machines import Machine
from specs import shell, spec
from terminals import on_a_terminal

FOREVER = "while :; do sleep 1; done"
NUMBERS = ["4294967296", "4294967295", "-1", "0x0", "1.5", "+1", " 0", "1e3", "18446744073709551616", ""]


@pytest.mark.parametrize("number", [4294967296, 4294967295, -1, 2**64, 1.5, "0", True])
def test_cve_2024_40635_a_number_of_a_user_is_never_cut_to_roots(machine: Machine, number: object) -> None:
    # 2^32 and more became 0 in containerd.
    for user in ({"uid": number, "gid": 0}, {"uid": 0, "gid": number}, {"uid": 0, "gid": 0, "additionalGids": [number]}):
        machine.run_bundle(spec("/usr/bin/id", user=user)).failed("process.user")


def test_cve_2026_30892_a_user_of_exec_that_is_no_number_is_not_root(machine: Machine) -> None:
    # crun took what it could not read as 0.
    users = {user for number in NUMBERS for user in (number, f"1:{number}", f"{number}:1")} | {"1:2:3", ":", "1:", "root", "1 2"}
    with running(machine, shell(FOREVER)) as bundle:
        all_refused(machine, [["exec", "--user", user, bundle.id, "id"] for user in sorted(users)], "--user")


def test_cve_2026_30892_a_user_without_a_group_has_that_of_the_container(machine: Machine) -> None:
    with running(machine, shell(FOREVER, user={"uid": 7, "gid": 8, "additionalGids": [9]})) as bundle:
        for user, expected in (("1000", "1000 8 8 9"), ("1000:1001", "1000 1001 1001 9"), ("0", "0 8 8 9")):
            found = machine.call("exec", "--user", user, bundle.id, "sh", "-c", "echo $(id -u) $(id -g) $(id -G)").succeeded().text
            assert found == f"{expected}\n"


@pytest.mark.native
@pytest.mark.parametrize("false", ["ln -s {1} {0}", "ln -s ../../../../../../../..{1} {0}", "ln -s /proc/sysrq-trigger {0}", "mkfifo {0}", "echo x >{0}"])
def test_cve_2025_52565_what_stands_at_dev_console_is_covered_and_not_followed(native: Machine, false: str) -> None:
    outside, bound = native.new_folder(), native.new_folder()
    native.sh(f"echo untouched >{outside}/file; mkdir {bound}/pts; {false.format(f'{bound}/console', f'{outside}/file')}")
    document = shell("echo said; test -c /dev/console && echo console; exit 0", terminal=True)
    document["mounts"] = [entry for entry in document["mounts"] if not entry["destination"].startswith("/dev")]
    document["mounts"] += [
        {"destination": "/dev", "type": "bind", "source": bound, "options": ["bind"]},
        {"destination": "/dev/pts", "type": "devpts", "source": "devpts", "options": ["newinstance", "ptmxmode=0666"]},
    ]
    bundle = native.bundle(document)
    before = native.sh(f"cat /proc/self/mountinfo; stat -c '%F %Y' {bound}/console; cat {outside}/file")
    with on_a_terminal(bundle.command) as terminal:
        terminal.wait()
    assert native.sh(f"cat /proc/self/mountinfo; stat -c '%F %Y' {bound}/console; cat {outside}/file") == before


def test_cve_2025_52881_labels_and_scores_of_exec_go_to_the_hosts_procfs(machine: Machine) -> None:
    # A container that may mount covers its own /proc; what joins writes through the host's.
    script = """
        mkdir -p /tmp/self/attr; : >/tmp/self/oom_score_adj; : >/tmp/self/attr/exec
        mount -o bind /tmp /proc && echo ready; while :; do sleep 1; done
    """
    document = shell(script, oomScoreAdj=123)
    for kind in document["process"]["capabilities"].values():
        kind += ["CAP_SYS_ADMIN"]
    with running(machine, document) as bundle:
        machine.sh(f"until grep -q ready {bundle.path}/output; do sleep 0.1; done")
        # The new process is seen from outside.
        inside = machine.words("exec", "--detach", "--pid-file", f"{bundle.path}/pid", bundle.id, "sleep", "1000")
        machine.sh(f"{' '.join(inside)} </dev/null >/dev/null 2>&1")
        assert machine.sh(f"cat /proc/$(cat {bundle.path}/pid)/oom_score_adj") == "123\n"
        assert machine.call("exec", bundle.id, "cat", "/proc/self/oom_score_adj").succeeded().text == ""


def test_cve_2022_0811_a_parameter_is_one_line_of_one_file(machine: Machine) -> None:
    # CRI-O's separator smuggled a second one in.
    for value in ("1\nkernel.core_pattern=x", "1+kernel.core_pattern=x"):
        before = machine.sh("cat /proc/sys/kernel/core_pattern")
        document = spec("/bin/true")
        document["linux"]["sysctl"] = {"net.ipv4.ip_forward": value}
        assert machine.run_bundle(document).status != 0
        assert machine.sh("cat /proc/sys/kernel/core_pattern") == before
