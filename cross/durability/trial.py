"""Power cuts and kills, one after the other, with what they found."""

from __future__ import annotations

import collections
import os
import random
import select
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from harness.errors import DeviceError
from harness.tools import call, find

from .guest import HERE, Boot, Setup
from .images import Image
from .judge import IMPORTING, Belief, Knowledge, Look, Session, follow, kernel_complaints, messages
from .plan import Order, orders

_ORDERS_PER_BOOT = 60
_KEPT_FAILURES = 5
VERBS = ("import", "pipe", "remove", "prune", "tag", "run")


@dataclass
class Tally:
    """What happened, for people."""

    title: str
    events: str
    """What is counted: power cuts, or kills."""
    count: int = 0
    during: collections.Counter[str] = field(default_factory=collections.Counter)
    """What was going on."""
    done_anyway: int = 0
    """Of the commands that were cut short, those whose work was found done."""
    reported: int = 0
    """Commands that had reported their end."""
    looks: int = 0
    images: int = 0
    """Images that were verified and run, over all looks."""
    held: int = 0
    lost: int = 0
    failures: list[str] = field(default_factory=list)

    def text(self) -> str:
        """The lines of the tally."""
        during = ", ".join(f"{count} during {what}" for what, count in sorted(self.during.items(), key=lambda item: -item[1]))
        lines = [
            f"{self.title}: {self.count} {self.events}",
            f"  {during}",
            f"  {self.reported} commands had reported their end; of those cut short {self.done_anyway} were found done, the others not begun",
            f"  {self.looks} looks at the store afterwards: {self.images} images verified, compared and run",
        ]
        if self.held:
            lines.append(f"  {self.held} blocks of 4 KiB were in the disk's cache when the power went, {self.lost} of them were lost")
        return "\n".join([*lines, f"  failures: {len(self.failures)}", *(f"    {failure}" for failure in self.failures)])


class Trial:
    """What both kinds have in common: what is known, what is believed, and the tally."""

    def __init__(self, file_system: str, images: list[Image], tally: Tally, chance: random.Random) -> None:
        """Nothing happens yet."""
        self.knowledge = Knowledge({image.manifest: image for image in images}, file_system)
        self.names = [image.name for image in images]
        # The large one takes its time.
        self.choice = [name for name in self.names for _ in range(1 if name == "large" else 3)]
        self.belief = Belief()
        self.tally = tally
        self.chance = chance
        self.seconds: dict[str, float] = {}
        """How long a command of each verb takes."""

    def calm_orders(self) -> list[str]:
        """What is done once without any disturbance, to learn what the store keeps of each image, what the file system takes, and how long things last."""
        # Some things are made once and stay, as the numbers of users whom containers had.
        lines = [f"import a {self.names[0]}", "run a", "remove a", "look"]
        for name in self.names:
            lines += [f"import a {name}", "look", "tag a b", "run a", "remove a", "prune", f"pipe a {name}", "remove a"]
        return [*lines, "look"]

    def learn(self, session: Session) -> None:
        """Takes what came of `calm_orders`; a fault here is no matter of chance, and ends everything."""
        lines = self.calm_orders()
        looks = [session.looks.get(number + 1) for number, line in enumerate(lines) if line == "look"]
        if any(look is None for look in looks):
            raise DeviceError("the calm run did not come to its end")
        failed = [f"'{lines[number - 1]}' ended with status {status} ({error})" for number, (status, error) in session.done.items() if status != 0]
        first, *imported, last = [look for look in looks if look is not None]
        self.knowledge.common_files = last.files
        self.knowledge.overhead = self.knowledge.unaccounted(last)
        for look in imported:
            for digest in look.images.values():
                self.knowledge.files[digest] = look.files - self.knowledge.common_files
        failed += [fault for look in (first, *imported, last) for fault in self.knowledge.faults(look)]
        if failed:
            raise DeviceError("the calm run failed: " + "; ".join(failed[:10]))
        for verb in VERBS:
            found = [session.seconds[number + 1] for number, line in enumerate(lines) if line.split()[0] == verb]
            self.seconds[verb] = sum(found) / len(found)
            if self.seconds[verb] <= 0:
                raise DeviceError(f"the calm run does not tell how long '{verb}' takes")

    def judge(self, look: Look) -> list[str]:
        """What a look found wrong; the belief is afterwards what it found."""
        found = self.knowledge.contents(look)
        faults = self.knowledge.faults(look) + self.belief.faults(found)
        if self.belief.pending is not None and found != self.belief.contents:
            self.tally.done_anyway += 1
        self.tally.looks += 1
        self.tally.images += len(found)
        self.belief = Belief(found)
        return faults

    def fail(self, faults: list[str]) -> None:
        """Notes what is wrong at this point."""
        for fault in faults:
            self.tally.failures.append(f"after {self.tally.count}: {fault}")
            print(f"powercut: FAILURE after {self.tally.count}: {fault}", file=sys.stderr, flush=True)


class PowerCuts(Trial):
    """A device whose power is cut again and again."""

    def __init__(self, setup: Setup, images: list[Image], tally: Tally, chance: random.Random, evidence: Path) -> None:
        """`evidence` is the folder in which the disk and the console of a failure are kept."""
        super().__init__(setup.file_system, images, tally, chance)
        self._setup = setup
        self._evidence = evidence
        self._new = setup.folder / "medium.new.img"

    def run(self, cuts: int, progress: Callable[[Tally], None]) -> None:
        """Cuts the power so many times, and looks once more at the end."""
        self._start_anew()
        while self.tally.count < cuts:
            self._one_boot()
            progress(self.tally)
        self._last_boot()

    def _start_anew(self) -> None:
        self.belief = Belief()
        if self._new.exists():
            call(["cp", "--sparse=always", "--reflink=auto", self._new, self._setup.medium])
            return
        self._setup.format()
        boot = self._setup.boot(self.calm_orders(), self.chance)
        try:
            boot.wait("worked", 600)
            boot.wait("off")
        finally:
            boot.end()
            boot.disk.cache.flush()
            boot.disk.close()
        self.learn(Session.read(messages(boot.said)))
        call(["cp", "--sparse=always", "--reflink=auto", self._setup.medium, self._new])

    def _one_boot(self) -> None:
        planned = orders(self.chance, self.belief.contents, self.choice, _ORDERS_PER_BOOT)
        self._keep_medium()
        boot = self._setup.boot(["look", *(order.line for order in planned)], self.chance)
        try:
            self._await_moment(boot)
            held, lost = boot.cut()
            said = boot.said
        except DeviceError as error:
            self._give_up(boot, [str(error)])
            return
        finally:
            boot.close()
        self.tally.count += 1
        self.tally.held += held
        self.tally.lost += lost
        self._evaluate(said, planned)

    def _keep_medium(self) -> None:
        call(["cp", "--sparse=always", "--reflink=auto", self._setup.medium, self._setup.folder / "medium.before.img"])

    def _await_moment(self, boot: Boot) -> None:
        """Some cuts come while the device boots and clears up after the last one; of the others half come with a certain write, half at a certain time."""
        kind = self.chance.random()
        if kind < 0.15:
            boot.disk.cut_after(self.chance.randrange(1, 40))
        if not boot.wait("looked 1"):
            return
        if kind < 0.55:
            boot.disk.cut_after(1 + int(self.chance.expovariate(1 / 120)))
            boot.wait("worked")
        else:
            boot.disk.went_off.wait(self.chance.random() * 10 * self.seconds["import"])

    def _evaluate(self, said: str, planned: list[Order]) -> None:
        session = Session.read(messages(said))
        faults = [f"the kernel says: {line}" for line in kernel_complaints(said)]
        look = session.looks.get(1)
        if look is None:
            # What was cut short before may still be done or not.
            self.tally.during["boot and recovery"] += 1
        else:
            faults += self.judge(look)
            self.tally.reported += follow(self.belief, list(enumerate(planned, 2)), session, faults.append)
            self.tally.during[self.belief.pending.verb if self.belief.pending is not None else "nothing"] += 1
        if faults:
            self._failed(faults, said)

    def _failed(self, faults: list[str], said: str) -> None:
        self.fail(faults)
        if len(list(self._evidence.glob("failure-*"))) < _KEPT_FAILURES:
            place = self._evidence / f"failure-{self.tally.count}"
            place.mkdir(parents=True, exist_ok=True)
            call(["cp", "--sparse=always", self._setup.folder / "medium.before.img", place / "medium.img"])
            (place / "console.log").write_text(said)
            before = self._setup.folder / "console.before.log"
            if before.exists():
                shutil.copy(before, place / "console.before.log")
        self._start_anew()

    def _give_up(self, boot: Boot, faults: list[str]) -> None:
        self.tally.count += 1
        self._failed(faults, boot.said)

    def _last_boot(self) -> None:
        boot = self._setup.boot(["look", "prune", "look"], self.chance)
        try:
            boot.wait("off")
            said = boot.said
        finally:
            boot.end()
            boot.disk.cache.flush()
            boot.disk.close()
        session = Session.read(messages(said))
        faults = [f"the kernel says: {line}" for line in kernel_complaints(said)]
        for number in (1, 3):
            faults += self.judge(session.looks[number]) if number in session.looks else [f"look {number} at the end did not end"]
            if number == 1:
                follow(self.belief, [(2, Order("prune"))], session, faults.append)
        if 3 in session.looks and IMPORTING in session.looks[3].files:
            faults.append("what waits for an import that was killed is not removed by prune")
        check = self._setup.check_file_system()
        self.fail([*faults, *([check] if check else [])])


class DeviceKills(Trial):
    """Apus is killed on a device that stays on."""

    def __init__(self, setup: Setup, images: list[Image], tally: Tally, chance: random.Random) -> None:
        """Nothing happens yet."""
        super().__init__(setup.file_system, images, tally, chance)
        self._setup = setup

    def run(self, kills: int, progress: Callable[[Tally], None]) -> None:
        """Kills so many times."""
        self._setup.format()
        self.learn(Session.read(messages(self._boot(self.calm_orders(), 600))))
        while self.tally.count < kills:
            batch = min(50, 2 * (kills - self.tally.count))
            # What is killed may be done or not; the plan takes it for done.
            planned = orders(self.chance, self.belief.contents, self.choice, batch)
            lines = [line for order in planned for line in (self.kill_line(order), "look")]
            said = self._boot(["look", *lines], 60 + 20 * batch)
            session = Session.read(messages(said))
            faults = [f"the kernel says: {line}" for line in kernel_complaints(said)] + self.judge(session.looks.get(1, Look()))
            for index, order in enumerate(planned):
                self.after_kill(order, 2 + 2 * index, session, faults)
            self.fail(faults)
            progress(self.tally)
        check = self._setup.check_file_system()
        self.fail([check] if check else [])

    def kill_line(self, order: Order) -> str:
        """The order to kill at a random moment of the time that it takes."""
        return f"kill {int(self.chance.random() * self.seconds[order.verb] * 1e6)} {order.line}"

    def after_kill(self, order: Order, number: int, session: Session, faults: list[str]) -> None:
        """Takes what came of the order `number` and of the look after it."""
        if number not in session.killed and number not in session.done:
            faults.append(f"'{order.line}' was not said to have ended")
            return
        # One that had come to its end was not killed, and does not count as such.
        if number in session.killed:
            self.tally.count += 1
            self.tally.during[order.verb] += 1
        self.tally.reported += follow(self.belief, [(number, order)], session, faults.append)
        look = session.looks.get(number + 1)
        faults += self.judge(look) if look is not None else [f"the look after '{order.line}' did not end"]

    def _boot(self, lines: list[str], limit: float) -> str:
        boot = self._setup.boot(lines, self.chance)
        try:
            boot.wait("off", limit)
            return boot.said
        finally:
            boot.end()
            boot.disk.cache.flush()
            boot.disk.close()


class NativeKills(DeviceKills):
    """Apus is killed on the dev box, on a file system of its own."""

    def __init__(self, folder: Path, apus: Path, file_system: str, images: list[Image], tally: Tally, chance: random.Random) -> None:
        """`folder` is for all files, and has `images/`."""
        Trial.__init__(self, file_system, images, tally, chance)
        self._folder = folder
        self._apus = apus
        self._file_system = file_system
        self._lines: dict[int, str] = {}

    def run(self, kills: int, progress: Callable[[Tally], None]) -> None:
        """Kills so many times."""
        medium, point = self._folder / "medium.img", self._folder / "mounted"
        with medium.open("wb") as file:
            file.truncate(512 << 20)
        make = ["mke2fs", "-q", "-t", "ext4", "-b", "4096", "-m", "0"] if self._file_system == "ext4" else ["mkfs.f2fs", "-q"]
        call([*make, medium])
        point.mkdir()
        (self._folder / "scratch").mkdir()
        call(["mount", "-t", self._file_system, "-o", "loop", medium, point])
        try:
            self._kill_all(kills, progress)
        finally:
            call(["umount", "--lazy", point])

    def _kill_all(self, kills: int, progress: Callable[[Tally], None]) -> None:
        self.learn(self._work(self.calm_orders()))
        while self.tally.count < kills:
            planned = orders(self.chance, self.belief.contents, self.choice, 1)[0]
            faults: list[str] = []
            self.after_kill(planned, 1, self._work([self.kill_line(planned), "look"]), faults)
            self.fail(faults)
            progress(self.tally)

    def _work(self, lines: list[str]) -> Session:
        """Has work.sh do it, and notes when each line came."""
        (self._folder / "orders").write_text("".join(f"{line}\n" for line in lines))
        places = {"store": "mounted/store", "state": "state", "images": "images", "scratch": "scratch", "mount": "mounted"}
        environment = {**os.environ, "apus": str(self._apus), "said": "/dev/stdout", "suffix": f"-{os.getpid()}", **{key: str(self._folder / value) for key, value in places.items()}}
        said = []
        begin = time.monotonic()
        with subprocess.Popen(
            [find("sh"), HERE / "work.sh", self._folder / "orders"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, env=environment, text=True,
            start_new_session=True,
        ) as process:
            try:
                assert process.stdout is not None
                while select.select([process.stdout], [], [], 60)[0] and (line := process.stdout.readline()):
                    said += [(time.monotonic() - begin, text) for _, text in messages(line)]
            except BaseException:
                # With apus, which has the file system busy.
                os.killpg(process.pid, signal.SIGKILL)
                raise
        return Session.read(said)
