"""Memory of the runtime's own process: its peak in each command, and what stays while a container runs."""

import time
from dataclasses import dataclass, field
from pathlib import Path

from .context import Context, Goal, Section, attempt, others_than_oci, ratio, rotated, spread, table
from .processes import fields
from .programs import watched


@dataclass
class _Figures:
    """KiB, of each round."""

    peaks: dict[str, list[int]] = field(default_factory=dict)
    proportional: list[int] = field(default_factory=list)
    resident: list[int] = field(default_factory=list)
    anonymous: list[int] = field(default_factory=list)
    wake_ups: list[int] = field(default_factory=list)


def measure(context: Context) -> Section:
    """Peak resident set of each command by the watcher; what waits by /proc."""
    rounds, idle = (2, 1) if context.quick else (9, 10)
    section = Section("Memory")
    others = others_than_oci(context)
    floors = {name: _Figures() for name in others}
    figures = {runtime.name: _Figures() for runtime in context.runtimes}
    context.say(f"memory: {', '.join([*floors, *figures])}")
    for _, name in rotated(list(others), rounds):
        attempt(section.failures, name, lambda name=name: _note(context, floors[name], "run", others[name]))
    for _, runtime in rotated(context.runtimes, rounds):
        of = figures[runtime.name]
        _note(context, of, "run", runtime.run(context.true_bundle))
        _note(context, of, "create", runtime.create(context.sleep_bundle))
        _note(context, of, "start", runtime.start())
        _note(context, of, "exec", runtime.execute("bench", "/bin/true"))
        _note(context, of, "delete", runtime.delete())
    for _, runtime in rotated(context.runtimes, 1 if context.quick else 3):
        with runtime.sleeping(context.sleep_bundle) as process:
            # It may still be tidying up after the start.
            time.sleep(1)
            of = figures[runtime.name]
            before = switches(process.pid)
            time.sleep(idle)
            of.wake_ups.append(switches(process.pid) - before)
            memory = fields(Path(f"/proc/{process.pid}/smaps_rollup"))
            of.proportional.append(memory["Pss"])
            of.resident.append(memory["Rss"])
            of.anonymous.append(memory["Anonymous"])
    base = sorted(figures["apus"].peaks["run"])[rounds // 2]
    section.goals.append(Goal("peak resident memory of the runtime's process, `run`", 400, base, "KB"))
    section.goals.append(Goal("resident memory (PSS) while a container runs", 64, sorted(figures["apus"].proportional)[-1], "KB"))
    section.text = [
        "The runtime's own process, without its children; KiB. *Peak* of the resident set in each command: median and spread of "
        f"{rounds} runs. The floor programs are linked with glibc.",
        table(
            ("program", "peak, run", "÷ apus", "create", "start", "exec", "delete"),
            [
                (name, spread(of.peaks["run"], digits=0), ratio(sorted(of.peaks["run"])[rounds // 2], base))
                + tuple(spread(of.peaks[verb], digits=0) if verb in of.peaks else "–" for verb in ("create", "start", "exec", "delete"))
                for name, of in (floors | figures).items()
                if of.peaks
            ],
        ),
        f"The runtime in the foreground while its container sleeps, and how often it wakes up in {idle} s. *Anonymous* is what RSS has beside pages of files, which "
        "the kernel can take back at any time.",
        table(
            ("runtime", "PSS", "RSS", "anonymous", "wake-ups"),
            [
                (name, spread(of.proportional, digits=0), spread(of.resident, digits=0), spread(of.anonymous, digits=0), str(max(of.wake_ups)))
                for name, of in figures.items()
            ],
        ),
    ]
    return section


def _note(context: Context, of: _Figures, verb: str, command: list[str]) -> None:
    of.peaks.setdefault(verb, []).append(watched(context.programs, "memory", command, context.work))


def switches(process: int) -> int:
    """How often the threads of a process have gone to sleep."""
    return sum(fields(status)["voluntary_ctxt_switches"] for status in Path(f"/proc/{process}/task").glob("*/status"))
