"""Foreign archives are decompressed and parsed by a process that can do nothing else; when that is killed, the import says so and leaves nothing."""

from __future__ import annotations

from pathlib import Path

import archives
import compiled
import layouts
import pytest
from made_images import base
from machines import Machine
from test_image_archives import stored


def told(machine: Machine, form: str, script: str, before: str = "") -> list[str]:
    """What a script says that runs while an import waits for the rest of an archive from a pipe; `$reader` is the process that reads it. After that, the import's
    status and errors. `before` is done by the process that becomes the import."""
    place = f"{machine.volatile}/{machine.new_name()}"
    machine.write(f"{place}.tar", archives.saved(machine.architecture, [archives.pack([*base(machine.architecture), layouts.file("big", bytes(1 << 18))])], ["a:1"]))
    try:
        return machine.sh(f"""
            cd {machine.volatile}
            [ {form} = plain ] || {{ gzip -1 {place}.tar && mv {place}.tar.gz {place}.tar; }}
            mkfifo {place}
            ({before} exec {machine.apus} --data-root {machine.store} image import --quiet - < {place} 2> {place}.errors) & import=$!
            reader=
            exec 3> {place}
            head -c 2000 {place}.tar >&3
            until [ -n "$reader" ] && grep -q '^Seccomp:.2' /proc/$reader/status; do
                reader=$(grep -ls "^PPid:.$import$" /proc/[0-9]*/status | head -n 1 | cut -d/ -f3)
            done
            {script}
            exec 3>&-
            wait $import || echo $?
            cat {place}.errors
        """).splitlines()
    finally:
        machine.sh(f"rm -f {place}*")


@pytest.mark.parametrize("form", ["plain", "gzip"])
def test_whoever_reads_an_archive_has_no_rights_and_one_channel(machine: Machine, form: str) -> None:
    lines = told(
        machine, form, """
            grep -E '^(Cap(Inh|Prm|Eff|Amb)|NoNewPrivs|Seccomp):' /proc/$reader/status | tr '\\t' ' '
            for file in /proc/$reader/fd/*; do readlink $file | cut -d: -f1; done
        """)
    zero = "0" * 16
    capabilities = [f"{name}: {zero}" for name in ("CapInh", "CapPrm", "CapEff", "CapAmb")]
    assert lines == [*capabilities, "NoNewPrivs: 1", "Seccomp: 2", "socket", "1", "apus: standard input: the archive ends too early"]


@pytest.mark.parametrize("form", ["plain", "gzip"])
def test_an_import_whose_reader_is_killed_says_so_and_leaves_nothing(machine: Machine, form: str) -> None:
    before = stored(machine)
    assert told(machine, form, "kill -KILL $reader") == ["1", "apus: standard input: the process that read it was ended by signal 9"]
    assert stored(machine) == before


def test_a_reader_that_makes_any_other_system_call_is_killed(machine: Machine) -> None:
    before = stored(machine)
    program = f"{machine.lasting}/change_call"
    compiled.put(machine, Path(__file__).with_name("change_call.c"), program)
    # getpid(2), as harmless as any.
    number = {"amd64": 39, "arm64": 172}[machine.architecture]
    assert told(machine, "gzip", f"{program} $reader {number}") == ["31", "1", "apus: standard input: the process that read it was ended by signal 31"]
    assert stored(machine) == before


def test_how_a_reader_ended_is_seen_by_an_import_that_was_started_with_that_signal_ignored(machine: Machine) -> None:
    lines = told(machine, "plain", "kill -KILL $reader", before="trap '' CHLD;")
    assert lines == ["1", "apus: standard input: the process that read it was ended by signal 9"]


def test_the_reader_ends_with_an_import_that_is_killed(machine: Machine) -> None:
    script = "kill -KILL $import; while kill -0 $reader 2> /dev/null; do :; done; echo gone"
    assert told(machine, "plain", script) == ["gone", "137"]
    machine.call("image", "list").succeeded()
