"""The first container after a boot: nothing of the runtime or of the container is in memory."""

import shlex

from .context import Context, Section, attempt, ratio, spread, table
from .processes import output_of
from .timing import Candidate, time_all


def measure(context: Context) -> Section:
    """Times `run /bin/true` after the kernel has dropped what it keeps of files."""
    rounds, runs = (1, 2) if context.quick else (5, 5)
    section = Section("From a cold page cache")
    store = context.work / "cold-store"
    apus = context.programs.apus
    output_of([apus, "--data-root", store, "image", "import", "--quiet", context.programs.image("busybox")])
    commands = {runtime.name: runtime.run(context.true_bundle) for runtime in context.runtimes}
    state = next(runtime.root for runtime in context.runtimes if runtime.name == "apus")
    commands["apus image run"] = [str(apus), "--root", str(state), "--data-root", str(store), "image", "run", "busybox", "--", "/bin/true"]
    drop = f"sh -c {shlex.quote('sync; echo 3 >/proc/sys/vm/drop_caches')}"
    candidates = {}
    for name, command in commands.items():
        if attempt(section.failures, name, lambda command=command: output_of(command)):
            candidates[name] = Candidate(" ".join(command), drop)
    context.say(f"cold: {', '.join(candidates)}")
    timings = time_all(candidates, context.work, rounds, runs, warmup=0)
    base = timings["crun"].median if "crun" in timings else None
    section.text = [
        "One container that runs `/bin/true` of a static busybox and is gone again, each time after `/proc/sys/vm/drop_caches`: the program, its libraries, its "
        f"configuration and the container's files come from the disk. {rounds} rounds of {runs} runs each, by hyperfine. *apus image run* opens its store and mounts an "
        "image besides.",
        table(
            ("program", "median (middle half) ms", "least ms", "÷ crun"),
            [(name, spread(timing.walls, 1000), f"{timing.least * 1000:.1f}", ratio(timing.median, base)) for name, timing in timings.items()],
        ),
    ]
    return section
