"""Tests of other files once more, where the kernel has not the newer calls, or a filter refuses or traps them: what stands in for them does the same."""

from __future__ import annotations

import deny_calls
import pytest
import test_image_run
import test_isolation
import test_limits
import test_mounts
import test_run_bundle
import test_running
import test_user_namespaces
from deny_calls import ALL, ANSWERS, MOUNTS, PIDFD, Denied
from machines import Machine
from specs import shell

#: What the newer calls are about: paths, mounts, processes and their end, descriptors, groups, devices.
TESTS = (
    test_image_run.test_upper_layers_replace_and_delete,
    test_isolation.test_dev_has_exactly_the_standard_nodes,
    test_isolation.test_a_sysctl_of_the_containers_own_namespaces_is_set,
    test_limits.test_a_container_that_takes_more_memory_than_it_may_is_killed,
    test_limits.test_a_bomb_of_forks_that_fork_ends_with_its_container,
    test_limits.test_the_group_is_gone_with_the_container_even_if_it_made_groups_of_its_own,
    test_mounts.test_a_remount_changes_what_is_there_and_nothing_else_of_it,
    test_run_bundle.test_bind_mounts_of_folders_and_files,
    test_run_bundle.test_mount_options_are_in_force,
    test_run_bundle.test_children_that_are_still_there_end_with_the_first_process,
    test_running.test_a_paused_container_can_be_killed_and_deleted,
    test_running.test_update_by_options,
    test_running.test_exec_joins_a_group_below_the_containers,
    test_running.test_ps_shows_the_processes_of_the_container_alone,
    test_user_namespaces.test_an_additional_process_is_in_the_user_namespace,
)
for _test in TESTS:
    globals()[_test.__name__] = _test

#: To import an image takes longer than all the rest.
NOT_UNDER_EACH = (test_image_run.test_upper_layers_replace_and_delete,)

#: Each by itself.
CALLS = {
    "openat2": "openat2", "clone3": "clone3", "CLONE_INTO_CGROUP": "CLONE_INTO_CGROUP", "mount calls": MOUNTS, "mount_setattr": "mount_setattr", "pidfd": PIDFD,
    "close_range": "close_range", "bpf": "bpf", "statx": "statx",
}
EACH = [
    *(pytest.param(Denied(calls, answer), id=f"{name} {answer}") for name, calls in CALLS.items() for answer in ANSWERS),
    # What Linux 5.3 to 5.6 say to more than they know.
    pytest.param(Denied("CLONE_INTO_CGROUP", "E2BIG"), id="CLONE_INTO_CGROUP E2BIG"),
    pytest.param(Denied("", files="cgroup.kill"), id="cgroup.kill"),
    # Before Linux 5.2, where the freezer of v1 has to do it.
    pytest.param(Denied("", files="cgroup.kill,cgroup.freeze"), id="cgroup.kill and cgroup.freeze"),
]
ALL_OF_THEM = [
    pytest.param(Denied(ALL, answer, "cgroup.kill", is_for_the_device=answer in ("EINVAL", "SIGSYS")), id=f"all {answer}") for answer in ANSWERS
]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Each of the tests under each."""
    if metafunc.function in TESTS:
        metafunc.parametrize("denied", ALL_OF_THEM if metafunc.function in NOT_UNDER_EACH else EACH + ALL_OF_THEM, indirect=True)


@pytest.mark.device
@pytest.mark.parametrize("answer", ANSWERS)
def test_device_rules_are_refused_where_nothing_holds_them(v2: Machine, answer: str) -> None:
    bundle = v2.bundle(shell("exit 0"))
    reason = "operation not permitted" if answer == "EPERM" else "CONFIG_CGROUP_BPF"
    v2.run(deny_calls.without(v2, "bpf", bundle.command, answer=answer)).failed("device", reason, status=1)
    document = shell("exit 6")
    del document["linux"]["resources"]
    assert v2.run(deny_calls.without(v2, "bpf", v2.bundle(document).command, answer=answer)).status == 6
