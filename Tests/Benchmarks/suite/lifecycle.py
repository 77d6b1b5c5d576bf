"""What engines do with a container: `create`, `start`, `delete`; and `exec` into one that runs."""

from contextlib import ExitStack

from .context import Context, Section, attempt, ratio, spread, table
from .processes import output_of
from .programs import calls_of
from .runtimes import Runtime
from .timing import Candidate, time_all

_ACTIONS = ("create + start + delete", "exec")


def measure(context: Context) -> Section:
    """Times the three commands together, and exec in a container that another process keeps."""
    rounds, runs = (2, 3) if context.quick else (10, 30)
    section = Section("What engines do")
    rows = []
    with ExitStack() as kept:
        commands = {}
        for runtime in context.runtimes:
            # The container of exec is another one than those that come and go.
            kept.enter_context(runtime.sleeping(context.sleep_bundle, "kept"))
            for action, command in zip(_ACTIONS, (_whole_life(context, runtime), runtime.execute("kept", "/bin/true")), strict=True):
                if attempt(section.failures, runtime.name, lambda command=command: output_of(command)):
                    commands[action, runtime.name] = command
        for action in _ACTIONS:
            candidates = {name: command for (of, name), command in commands.items() if of == action}
            context.say(f"{action}: {', '.join(candidates)}")
            timings = time_all({name: Candidate(" ".join(command)) for name, command in candidates.items()}, context.work, rounds, runs)
            base = timings["crun"].median if "crun" in timings else None
            for name, timing in timings.items():
                calls = calls_of(context.programs, candidates[name], context.work)
                rows.append(
                    (
                        action, name, spread(timing.walls, 1000), f"{timing.least * 1000:.1f}", f"{timing.processor * 1000:.1f}", ratio(timing.median, base),
                        f"{calls:,}",
                    )
                )
    section.text = [
        "*create + start + delete*: three commands one after another; the container's program sleeps, so that `delete --force` finds it running. *exec*: "
        f"`/bin/true` in a container that runs. {rounds} rounds of {runs} runs each, by hyperfine; the commands are started without a shell.",
        table(("what", "runtime", "median (middle half) ms", "least ms", "user + system ms", "÷ crun", "system calls"), rows),
    ]
    return section


def _whole_life(context: Context, runtime: Runtime) -> list[str]:
    return [str(context.programs.sequence), *runtime.create(context.sleep_bundle), "---", *runtime.start(), "---", *runtime.delete()]
