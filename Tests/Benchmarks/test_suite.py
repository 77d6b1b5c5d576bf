"""`make bench`: with the fewest rounds it gives the whole page. What the figures are does not matter here."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

from suite.command import PIECES  # noqa: E402  (the line above makes it importable)
from suite.profile import kind_of, samples  # noqa: E402

_ROOT = Path(__file__).resolve().parents[2]


def test_without_root_it_says_so_in_one_line(tmp_path: Path) -> None:
    tmp_path.chmod(0o777)
    other = {"user": 65534, "group": 65534, "extra_groups": []} if os.geteuid() == 0 else {}
    command = ["/usr/bin/python3", "-B", "Tests/Benchmarks/run", "--output", str(tmp_path / "page.md")]
    done = subprocess.run(command, cwd=_ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False, **other)
    assert (done.returncode, done.stdout, done.stderr) == (1, "", "bench: containers with cgroups need root\n")
    assert list(tmp_path.iterdir()) == []


def test_samples_are_told_apart_by_what_the_kernel_is_asked_for() -> None:
    text = """apus
\t    ffffffff81 clear_page_erms
\t    ffffffff82 alloc_pages
\t    ffffffff83 __x64_sys_munmap
\t        7f0001 munmap

apus
\t    ffffffff84 cgroup_mkdir
\t    ffffffff85 kernfs_iop_mkdir
\t    ffffffff86 __x64_sys_mkdirat

true
\t    ffffffff87 filemap_map_pages
\t    ffffffff88 asm_exc_page_fault
\t        7f0002 [unknown]

crun
\t        7f0003 main
"""
    found = [(name, kind_of(frames)) for name, frames in samples(text.splitlines())]
    assert found == [("apus", "memory"), ("apus", "cgroups"), ("true", "page faults"), ("crun", "own code")]
    kinds = {"__do_sys_clone3": "processes", "__x64_sys_execveat": "processes", "do_exit": "processes", "__x64_sys_mount": "mounts", "__x64_sys_bpf": "device filter"}
    assert {function: kind_of(["inner", function, "do_syscall_64"]) for function in kinds} == kinds
    assert kind_of(["inner", "__x64_sys_openat"]) == kind_of(["entry_SYSCALL_64"]) == "files and the rest"


def test_a_quick_run_writes_the_whole_page(tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("needs root, because containers do")
    page = tmp_path / "page.md"
    command = ["Tests/Benchmarks/run", "--quick", "--output", str(page)]
    done = subprocess.run(command, cwd=_ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=900, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stderr.splitlines()[-1] == f"bench: written to {page}"
    text = page.read_text()
    assert done.stdout == text + "\n"
    sections = re.findall(r"(?m)^## (.*)$", text)
    assert len(sections) == len(PIECES) + 3, sections
    assert (sections[0], sections[1], sections[-1]) == ("Conditions", "Apus against its goals", "Not measured")
    # Every table has figures, and every section that measures has a row of ours.
    for title, section in zip(sections, re.split(r"(?m)^## .*$", text)[1:], strict=True):
        for table in re.findall(r"(?m)^\|.*\n\|---.*\n((?:\|.*\n)+)", section):
            rows = table.splitlines()
            assert all(row.count("|") == rows[0].count("|") for row in rows), title
            assert re.search(r"\d", table), title
        if title not in ("Conditions", "Apus against its goals", "Not measured"):
            assert re.search(r"(?m)^\|.*\b[Aa]pus\b.*\d", section), title
    # What is not there for a reason that no machine changes is said in three lines; a peer that failed would be one more.
    assert len(re.findall(r"(?m)^- ", text[text.index("## Not measured") :])) == 3, text[text.index("## Not measured") :]
