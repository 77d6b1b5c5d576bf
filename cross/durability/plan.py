"""What is done to the store, and what may be in it afterwards."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass

NAMES = ("a", "b", "c", "d", "e:1")
"""Names of images in the store."""

Contents = Mapping[str, str]
"""Name in the store -> which of the made images has it."""


@dataclass(frozen=True)
class Order:
    """A command of apus, as a line for work.sh."""

    verb: str
    words: tuple[str, ...] = ()

    @property
    def line(self) -> str:
        """As work.sh reads it."""
        return " ".join((self.verb, *self.words))

    def succeeds(self, before: Contents) -> bool:
        """Whether the store can do it."""
        return self.verb in ("import", "pipe", "prune") or self.words[0] in before

    def after(self, before: Contents) -> Contents:
        """What is in the store when it has been done."""
        if not self.succeeds(before):
            return before
        if self.verb in ("import", "pipe"):
            return {**before, self.words[0]: self.words[1]}
        if self.verb == "tag":
            return {**before, self.words[1]: before[self.words[0]]}
        if self.verb == "remove":
            return {name: image for name, image in before.items() if name != self.words[0]}
        return {} if self.verb == "prune" else before

    def explains(self, before: Contents, found: Contents) -> bool:
        """Whether `found` may be there when it was cut short: it has been done, or it has not. Only a prune, which is several removals, may have been done in part."""
        if found in (before, self.after(before)):
            return True
        return self.verb == "prune" and found.items() <= before.items()


def orders(chance: random.Random, contents: Contents, images: list[str], count: int) -> list[Order]:
    """Random commands for a store with these contents. A few of them ask for what is not there."""
    planned: list[Order] = []
    for _ in range(count):
        there = sorted(contents) or [NAMES[0]]
        # A store with little in it has little to lose.
        weights = (35, 15, 22, 6, 8, 14) if len(contents) > 2 else (50, 20, 10, 1, 10, 9)
        verb = chance.choices(("import", "pipe", "remove", "prune", "tag", "run"), weights)[0]
        if verb in ("import", "pipe"):
            order = Order(verb, (chance.choice(NAMES), chance.choice(images)))
        elif verb == "tag":
            order = Order(verb, (chance.choice(there), chance.choice(NAMES)))
        elif verb == "prune":
            order = Order(verb)
        else:
            order = Order(verb, (chance.choice(there),))
        planned.append(order)
        contents = order.after(contents)
    return planned
