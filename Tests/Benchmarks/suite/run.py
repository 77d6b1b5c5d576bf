"""`run /bin/true`: wall time, processor time, system calls."""

from dataclasses import dataclass

from .context import Context, Goal, Section, attempt, others_than_oci, ratio, spread, table
from .processes import output_of
from .programs import calls_of
from .timing import Candidate, Timing, time_all


@dataclass(frozen=True)
class Run:
    """What was measured of one program."""

    timing: Timing
    calls: int


def measure(context: Context) -> Section:
    """Times one container after another; the floor programs and bubblewrap beside the runtimes."""
    rounds, runs = (2, 5) if context.quick else (12, 40)
    section = Section("Running a container")
    candidates = {}
    for name, command in _commands(context).items():
        if attempt(section.failures, name, lambda command=command: output_of(command)):
            candidates[name] = command
    context.say(f"run: {', '.join(candidates)}")
    timings = time_all({name: Candidate(" ".join(command)) for name, command in candidates.items()}, context.work, rounds, runs)
    runs_of = {name: Run(timings[name], calls_of(context.programs, command, context.work)) for name, command in candidates.items()}
    base = {name: run.timing.median for name, run in runs_of.items()}
    for peer, limit in (("crun", 0.4), ("floor with cgroups", 1.5)):
        if peer in base:
            section.goals.append(Goal(f"`run /bin/true`, wall, against {peer}", limit, base["apus"] / base[peer], digits=2))
    section.text = [
        f"One container that runs `/bin/true` of a static busybox and is gone again. {rounds} rounds of {runs} runs each, by hyperfine. All OCI runtimes get "
        "the same bundle. bubblewrap and the plain floor make no cgroup.",
        table(
            ("program", "median (middle half) ms", "least ms", "user + system ms", "÷ crun", "÷ floor with cgroups", "system calls"),
            [
                (
                    name, spread(run.timing.walls, 1000), f"{run.timing.least * 1000:.1f}", f"{run.timing.processor * 1000:.1f}",
                    ratio(base[name], base.get("crun")), ratio(base[name], base.get("floor with cgroups")), f"{run.calls:,}",
                )
                for name, run in runs_of.items()
            ],
        ),
    ]
    return section


def _commands(context: Context) -> dict[str, list[str]]:
    others = others_than_oci(context)
    bubblewrap = {"bubblewrap": others.pop("bubblewrap")}
    return others | {runtime.name: runtime.run(context.true_bundle) for runtime in context.runtimes} | bubblewrap
