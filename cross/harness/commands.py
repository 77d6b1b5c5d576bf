"""The verbs of `cross/device`."""

from __future__ import annotations

import argparse
import os
import select
import shutil
import signal
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path

from . import kernels, options, rootfs, state
from .device import Device, take
from .errors import Deadline, DeviceError, DeviceTimeout, UsageError

_RUNS_COMMANDS = ("run", "shell")


def main(words: Sequence[str]) -> int:
    """Runs one verb and returns the exit status."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _end)
    arguments = options.parse(words)
    verbs: dict[str, Callable[[argparse.Namespace], int]] = {
        "boot": _boot, "run": _run, "shell": _shell, "copy": _copy, "power-cut": _power_cut, "stop": _stop, "console": _console, "remove": _remove,
        "list": _list, "prepare": _prepare,
    }
    try:
        return verbs[arguments.verb](arguments)
    except DeviceTimeout as error:
        print(f"device: {error}", file=sys.stderr)
        return error.status
    except UsageError as error:
        print(f"device: {error}", file=sys.stderr)
        return error.status
    except (DeviceError, OSError) as error:
        print(f"device: {error}", file=sys.stderr)
        return 125 if arguments.verb in _RUNS_COMMANDS else 1
    except KeyboardInterrupt:
        return 130


def _end(number: int, _: object) -> None:
    """A signal ends the program in good order: what it started is ended, too."""
    sys.exit(128 + number)


def _boot(arguments: argparse.Namespace) -> int:
    started = time.monotonic()
    device = Device.boot(_options(arguments), name=arguments.name, timeout=arguments.timeout)
    print(f"device {device.name} is ready after {time.monotonic() - started:.1f} s: {_describe(device.options)}")
    return 0


def _run(arguments: argparse.Namespace) -> int:
    return _in_device(arguments, arguments.command, terminal=arguments.tty)


def _shell(arguments: argparse.Namespace) -> int:
    return _in_device(arguments, ["sh", "-l"], terminal=sys.stdin.isatty())


def _in_device(arguments: argparse.Namespace, command: Sequence[str], *, terminal: bool) -> int:
    """Runs a command in the named device if it is on, else in one that is on only for it."""
    deadline = Deadline(arguments.timeout)
    known = Device.find(arguments.name) if arguments.name else None
    if known is not None and known.running:
        if options.machine_options(arguments, known.options) != known.options:
            raise UsageError(f"the device {known.name} is running with other options ({_describe(known.options)}): stop it first")
        return _pass_through(known, command, deadline, terminal=terminal)
    with Device.boot(_options(arguments), name=arguments.name, timeout=deadline.remaining(), owned=True) as device:
        return _pass_through(device, command, deadline, terminal=terminal)


def _pass_through(device: Device, command: Sequence[str], deadline: Deadline, *, terminal: bool) -> int:
    deadline.enter(f"running: {' '.join(command)}")
    return device.connection.run(command, deadline, stdin=None, stdout=None, stderr=None, terminal=terminal).status


def _copy(arguments: argparse.Namespace) -> int:
    source, target = (_side(text) for text in (arguments.source, arguments.target))
    if source[0] == target[0]:
        raise UsageError("one of FROM and TO must be in the device: device:PATH")
    device = Device.open(arguments.name)
    if target[0]:
        if not Path(source[1]).exists():
            raise UsageError(f"there is no file or directory {source[1]}")
        device.put(source[1], target[1], timeout=arguments.timeout)
    else:
        device.get(source[1], target[1], timeout=arguments.timeout)
    return 0


def _side(text: str) -> tuple[bool, str]:
    """Whether a side of a copy is in the device, and its path there. An absolute path is asked for, as there is no working directory."""
    if not text.startswith("device:"):
        return False, text
    path = text.removeprefix("device:")
    if not path.startswith("/"):
        raise UsageError(f"'{text}': the path in the device must start with /")
    return True, path


def _power_cut(arguments: argparse.Namespace) -> int:
    deadline = Deadline(arguments.timeout)
    device = Device.open(arguments.name)
    with closing(take(device.directory, deadline)):
        seen = len(device.console)
        if arguments.during is not None:
            _cut_during(device, arguments, seen, deadline)
        else:
            _await_moment(device, arguments, seen, deadline, lambda seconds: time.sleep(seconds))
            device.power_cut()
        print(f"power of device {device.name} cut", file=sys.stderr)
    if arguments.boot:
        Device.boot(name=arguments.name, timeout=max(1.0, deadline.remaining()))
        print(f"device {device.name} booted again", file=sys.stderr)
    return 0


def _cut_during(device: Device, arguments: argparse.Namespace, seen: int, deadline: Deadline) -> None:
    """Runs the command of --while, shows its output, and cuts the power at the moment asked for."""
    with device.spawn(["sh", "-c", arguments.during], stderr=None) as running:
        source = running.process.stdout
        if source is None:
            raise DeviceError("the command has no output stream")
        stream = source.fileno()
        output = bytearray()

        def watch(seconds: float) -> None:
            """Passes output on for that time."""
            end = time.monotonic() + seconds
            while True:
                ready, _, _ = select.select([stream], [], [], max(0.0, end - time.monotonic()))
                if not ready:
                    return
                part = os.read(stream, 65536)
                if not part:
                    status = running.wait(deadline)
                    raise DeviceError(f"the command ended with status {status} before the power was to be cut")
                sys.stdout.buffer.write(part)
                sys.stdout.buffer.flush()
                output.extend(part)
                if arguments.when_output is not None and arguments.when_output.encode() in output:
                    return

        if arguments.when_output is not None:
            deadline.enter(f"waiting for the command to write: {arguments.when_output}")
            while arguments.when_output.encode() not in output:
                deadline.check()
                watch(min(1.0, deadline.remaining()))
        else:
            _await_moment(device, arguments, seen, deadline, watch, default=1.0)
        device.power_cut()


def _await_moment(
    device: Device, arguments: argparse.Namespace, seen: int, deadline: Deadline, watch: Callable[[float], None], default: float = 0.0
) -> None:
    if arguments.when_console is not None:
        deadline.enter(f"waiting for the console to say: {arguments.when_console}")
        while arguments.when_console not in device.console[seen:]:
            if not device.running:
                raise DeviceError("the device went off by itself")
            deadline.check()
            watch(0.01)
        return
    seconds = default if arguments.after is None else arguments.after
    deadline.enter("waiting for the moment to cut the power")
    watch(min(seconds, deadline.remaining()))
    deadline.check()


def _stop(arguments: argparse.Namespace) -> int:
    deadline = Deadline(arguments.timeout)
    device = Device.open(arguments.name)
    with closing(take(device.directory, deadline)):
        device.stop(timeout=deadline.remaining())
    return 0


def _console(arguments: argparse.Namespace) -> int:
    device = Device.find(arguments.name)
    if device is None:
        raise UsageError(f"there is no device {arguments.name}")
    print(device.console, end="")
    return 0


def _remove(arguments: argparse.Namespace) -> int:
    directory = state.directory_of(arguments.name)
    device = Device.find(arguments.name)
    if device is not None and device.running:
        raise UsageError(f"the device {arguments.name} is running: stop it first")
    if not directory.is_dir():
        raise UsageError(f"there is no device {arguments.name}")
    shutil.rmtree(directory)
    return 0


def _list(_: argparse.Namespace) -> int:
    for name in state.names():
        device = Device.find(name)
        if device is not None:
            print(f"{name:16} {'running' if device.running else 'off':8} {_describe(device.options)}")
    return 0


def _prepare(arguments: argparse.Namespace) -> int:
    kernel = kernels.prepare(arguments.kernel, update=arguments.update)
    programs = rootfs.userland(update=arguments.update)
    print(f"{kernel.description}; guest programs: {', '.join((programs / 'versions').read_text().splitlines())}")
    return 0


def _options(arguments: argparse.Namespace) -> state.Options:
    known = state.load(state.directory_of(arguments.name)) if arguments.name else None
    return options.machine_options(arguments, known.options if known else None)


def _describe(chosen: state.Options) -> str:
    engines = ", with engines" if chosen.engines else ""
    ram = ", root on the first RAM disk" if chosen.root == "ram" else ""
    return f"kernel {chosen.kernel}, cgroups {chosen.cgroups}, {chosen.memory >> 20} MB, {chosen.cpus} processors, data {chosen.data}{engines}{ram}"
