"""On an emulated arm64 device with cgroup v2, where Debian's crun and runc stand beside Apus: what a container is charged for, and an idle minute."""

import json
import shutil
import statistics
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

from .arm64 import peers
from .context import Context, Goal, Section, ratio, rotated, spread, table
from .processes import BenchmarkError, output_of

from harness import Device, DeviceError, Options  # noqa: I001  (arm64 has made it importable)

_PLACE = "/data/bench"
#: The floor is a shell that joins a new group and executes the program there.
_RUNTIMES = ("floor", "apus", "crun", "runc")
#: What the containers run, by the names of their bundles.
_PROGRAMS = {"peak": ["/bin/cat", "/sys/fs/cgroup/memory.peak"], "true": ["/bin/true"], "sleep": ["/bin/sleep", "1000000"]}
_FLOOR = """\
#!/bin/sh
# usage: floor LIMIT PROGRAM [ARGUMENT...]
group=/sys/fs/cgroup/floor
mkdir $group
echo "$1" >$group/memory.max
shift
sh -c 'echo 0 >/sys/fs/cgroup/floor/cgroup.procs; exec "$@"' sh "$@"
status=$?
rmdir $group
exit $status
"""
#: Bytes; no limit is finer.
_PAGE = 4096


@dataclass
class _Figures:
    """What was measured of one runtime."""

    #: `memory.peak` of the container's group in bytes, each run.
    peaks: list[int] = field(default_factory=list)
    #: Bytes.
    smallest_limit: int | None = None
    #: In the idle time, all its processes together.
    wake_ups: int = 0
    #: KiB.
    proportional: int = 0
    resident: int = 0


def measure(context: Context) -> Section:
    """Boots a device, brings the peers into it and measures there."""
    section = Section("On a device with cgroup v2")
    binary = context.programs.built("aarch64")
    repeats, idle = (2, 3) if context.quick else (11, 60)
    figures = {name: _Figures() for name in _RUNTIMES}
    try:
        context.say("device: booting")
        with Device.boot(Options(cgroups="v2", memory=512 << 20, lifetime=3600)) as device:
            _install(device, binary, context.work)
            for name in list(figures):
                # The first run of all brings the programs into the page cache, which is then not charged to the container.
                status, said = _run(device, name, "peak")
                if status != 0:
                    if name == "apus":
                        raise BenchmarkError(f"apus on the device: status {status}: {said}")
                    section.failures[name] = f"status {status}: {said}"
                    del figures[name]
            context.say("device: memory.peak")
            for _, name in rotated(list(figures), repeats):
                figures[name].peaks.append(_peak(device, name))
            for name, of in figures.items():
                context.say(f"device: the smallest memory.max of {name}")
                of.smallest_limit = _smallest_limit(device, name, attempts=1 if context.quick else 3)
            context.say(f"device: {idle} idle seconds")
            written = _idle(device, figures, idle)
    except DeviceError as error:
        section.failures["all of it"] = str(error)
        return section
    ours, peer = figures["apus"], figures.get("crun")
    section.goals.append(Goal("container's `memory.peak` after `run`", 128, statistics.median(ours.peaks) / 1024, "KiB"))
    if ours.smallest_limit and peer and peer.smallest_limit:
        section.goals.append(Goal("smallest `memory.max` that still runs `/bin/true`, against crun", 1.0, ours.smallest_limit / peer.smallest_limit, digits=2))
    section.goals.append(Goal(f"wake-ups of all Apus processes in {idle} idle seconds", 0, ours.wake_ups))
    section.goals.append(Goal(f"bytes written to the data disk in {idle} idle seconds", 0, written))
    base = statistics.median(peer.peaks) if peer else None
    section.text = [
        "Emulated (QEMU, Cortex-A72, Debian's kernel): memory and counts are those of a real device, times are not. *memory.peak*: of the container's group, read "
        f"by its only process, `cat`; median and spread of {repeats} runs. The kernel charges a group in batches of 64 pages for each processor, so that there "
        "is no less than 256 KiB; the smallest limit is the finer figure. *Floor*: a shell that joins a group and executes the program there, without a "
        "container. *Smallest memory.max*: found by bisection, in steps of a page; "
        f"`/bin/true` has to end well in each of {1 if context.quick else 3} tries. *Waiting*: the runtime in the foreground while its container sleeps.",
        table(
            ("runtime", "memory.peak KiB", "÷ crun", "smallest memory.max KiB", f"wake-ups in {idle} s", "PSS waiting KiB", "RSS waiting KiB"),
            [
                (
                    name, spread(of.peaks, 1 / 1024, 0), ratio(statistics.median(of.peaks), base),
                    f"{of.smallest_limit // 1024:,}" if of.smallest_limit else "none up to 64 MiB",
                    *(("–",) * 3 if name == "floor" else (str(of.wake_ups), f"{of.proportional:,}", f"{of.resident:,}")),
                )
                for name, of in figures.items()
            ],
        ),
        f"In these {idle} seconds, with the containers of all of them asleep, {written:,} bytes were written to the data disk.",
    ]
    return section


def _install(device: Device, binary: Path, work: Path) -> None:
    """Brings programs, libraries and bundles to /data, and the libraries to where the loader looks for them."""
    stage = work / "device"
    shutil.copytree(peers(), stage)
    shutil.copy(binary, stage / "bin/apus")
    (stage / "bin/floor").write_text(_FLOOR)
    for program in (stage / "bin").iterdir():
        program.chmod(0o755)
    output_of(["runc", "spec", "--bundle", stage])
    template = json.loads((stage / "config.json").read_text())
    for name, words in _PROGRAMS.items():
        (stage / "bundles" / name).mkdir(parents=True)
        (stage / "bundles" / name / "config.json").write_text(json.dumps(_configuration(template, words)))
    (stage / "bundles/limited").mkdir()
    device.put(stage, _PLACE)
    script = f"""set -e
        mkdir -p {_PLACE}/rootfs/bin {_PLACE}/rootfs/proc {_PLACE}/rootfs/dev {_PLACE}/rootfs/sys /run/state
        cp /bin/busybox {_PLACE}/rootfs/bin/busybox
        for applet in cat true sleep; do ln -s busybox {_PLACE}/rootfs/bin/$applet; done
        mkdir {_PLACE}/usr-lib && mv {_PLACE}/lib {_PLACE}/usr-lib/aarch64-linux-gnu
        mount -o bind {_PLACE}/usr-lib /usr/lib
        echo +memory >/sys/fs/cgroup/cgroup.subtree_control
        sync"""
    result = device.run(["sh", "-c", script], timeout=120)
    if result.status != 0:
        raise BenchmarkError(f"setting up the device: {result.stderr.decode(errors='replace').strip()}")


def _configuration(template: dict, words: list[str]) -> dict:
    """What Debian's `runc spec` writes, without a terminal and with a cgroup namespace."""
    config = json.loads(json.dumps(template))
    config["process"]["terminal"] = False
    config["process"]["args"] = words
    config["root"]["path"] = f"{_PLACE}/rootfs"
    if all(namespace["type"] != "cgroup" for namespace in config["linux"]["namespaces"]):
        config["linux"]["namespaces"].append({"type": "cgroup"})
    # Where a limit of memory is put in.
    config["linux"].setdefault("resources", {})["memory"] = {}
    return config


def _limit(device: Device, bundle: str, limit: int) -> None:
    """Makes the bundle `limited` of another one."""
    script = f"""sed 's/"memory": {{}}/"memory": {{"limit": {limit}}}/' {_PLACE}/bundles/{bundle}/config.json >{_PLACE}/bundles/limited/config.json"""
    if device.run(["sh", "-c", script]).status != 0:
        raise BenchmarkError("the device cannot write a configuration")


def _command(name: str, verb: str, *words: str) -> list[str]:
    return [f"{_PLACE}/bin/{name}", "--root", f"/run/state/{name}", verb, *words]


def _run(device: Device, name: str, bundle: str, limit: int | None = None) -> tuple[int, str]:
    """Runs a container in the foreground; gives the status and what was said."""
    killing = ["timeout", "-s", "KILL", "30"]
    if name == "floor":
        words = [word.replace("cgroup/memory", "cgroup/floor/memory") for word in _PROGRAMS[bundle]]
        result = device.run([*killing, f"{_PLACE}/bin/floor", "max" if limit is None else str(limit), *words], timeout=60)
    else:
        if limit is not None:
            _limit(device, bundle, limit)
        result = device.run([*killing, *_command(name, "run", "--bundle", f"{_PLACE}/bundles/{bundle if limit is None else 'limited'}", "bench")], timeout=60)
        if result.status != 0:
            device.run([*killing, *_command(name, "delete", "--force", "bench")], timeout=60)
    said = (result.stderr or result.stdout).decode(errors="replace").strip().splitlines()
    return result.status, said[-1] if said else ""


def _peak(device: Device, name: str) -> int:
    status, said = _run(device, name, "peak")
    if status != 0 or not said.isdigit():
        raise BenchmarkError(f"memory.peak under {name}: status {status}: {said}")
    return int(said)


def _smallest_limit(device: Device, name: str, attempts: int) -> int | None:
    """In bytes; None when nothing up to 64 MiB works."""

    def works(pages: int) -> bool:
        return all(_run(device, name, "true", pages * _PAGE)[0] == 0 for _ in range(attempts))

    too_few, enough = 0, 4
    while not works(enough):
        too_few, enough = enough, enough * 2
        if enough > (64 << 20) // _PAGE:
            return None
    while enough - too_few > 1:
        middle = (too_few + enough) // 2
        if works(middle):
            enough = middle
        else:
            too_few = middle
    return enough * _PAGE


def _idle(device: Device, figures: dict[str, _Figures], seconds: int) -> int:
    """Lets a container of each runtime sleep; gives the bytes written to the data disk meanwhile."""
    running = []
    try:
        for name in figures:
            if name == "floor":
                continue
            command = _command(name, "run", "--bundle", f"{_PLACE}/bundles/sleep", "idle")
            running.append((name, device.spawn(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)))
        # What was written before goes to the disk, and the runtimes come to rest.
        time.sleep(10)
        device.run(["sync"])
        before = _counters(device, figures)
        time.sleep(seconds)
        after = _counters(device, figures)
    finally:
        for name, process in running:
            device.run(["timeout", "-s", "KILL", "30", *_command(name, "delete", "--force", "idle")], timeout=60)
            process.__exit__(None, None, None)
    for name, of in figures.items():
        of.wake_ups = after[f"{name} switches"] - before[f"{name} switches"]
        of.proportional, of.resident = after[f"{name} Pss"], after[f"{name} Rss"]
        if of.proportional == 0 and name != "floor":
            raise BenchmarkError(f"{name} on the device: its container did not stay")
    # Sectors of 512 bytes, whatever the disk has (Documentation/block/stat.rst).
    return (after["sectors"] - before["sectors"]) * 512


def _counters(device: Device, figures: dict[str, _Figures]) -> dict[str, int]:
    script = f"""
        for name in {' '.join(figures)}; do
          switches=0 Pss=0 Rss=0
          for process in /proc/[0-9]*; do
            case $(tr '\\0' ' ' 2>/dev/null <$process/cmdline) in
              "{_PLACE}/bin/$name --root /run/state/$name run "*) ;;
              *) continue ;;
            esac
            for status in $process/task/*/status; do
              switches=$((switches + $(sed -n 's/^voluntary_ctxt_switches:[^0-9]*//p' $status)))
            done
            for key in Pss Rss; do eval "$key=\\$(($key + $(sed -n "s/^$key: *\\([0-9]*\\).*/\\1/p" $process/smaps_rollup)))"; done
          done
          echo "$name switches:$switches"
          echo "$name Pss:$Pss"
          echo "$name Rss:$Rss"
        done
        for disk in /sys/block/vd*; do
          [ "$(cat $disk/serial)" = data ] && awk '{{ print "sectors:" $7 }}' $disk/stat
        done
        true"""
    result = device.run(["sh", "-c", script])
    lines = [line.rpartition(":") for line in result.stdout.decode().splitlines()]
    found = {name: int(value) for name, _, value in lines if value.isdigit()}
    if "sectors" not in found:
        raise BenchmarkError(f"counters of the device: {result.stderr.decode(errors='replace').strip() or 'no data disk'}")
    return found
