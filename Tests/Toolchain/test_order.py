"""Which functions stand first in the program (cross/order)."""

from __future__ import annotations

import os
from pathlib import Path

from binary.command import forget_older
from binary.elf import Segment
from binary.order import functions

#: What stands at 0x100 in the file is at 0x1100 in memory, and so on.
SEGMENTS = [Segment(1, 4, 0, 0x1000, 0x80), Segment(1, 5, 0x100, 0x2100, 0x100)]
SYMBOLS = [(0x1000, "data"), (0x2100, "first"), (0x2120, "OUTLINED_FUNCTION_3"), (0x2130, "second"), (0x2180, "third")]


def test_functions_are_named_in_the_order_of_their_first_call() -> None:
    assert functions([0x184, 0x100, 0x104, 0x188, 0x130], SEGMENTS, SYMBOLS) == ["third", "first", "second"]


def test_what_has_another_number_in_the_next_build_is_left_out() -> None:
    assert functions([0x124, 0x138], SEGMENTS, SYMBOLS) == ["second"]


def test_what_is_in_no_segment_is_left_out() -> None:
    assert functions([0x90, 0x200, 0x1FF], SEGMENTS, SYMBOLS) == ["third"]


def test_a_program_is_linked_again_when_the_order_has_changed(tmp_path: Path) -> None:
    linked, order = tmp_path / "apus", tmp_path / "order.txt"
    for file, time in ((order, 100), (linked, 200)):
        file.touch()
        os.utime(file, (time, time))
    forget_older(linked, than=order)
    assert linked.exists()
    os.utime(order, (300, 300))
    forget_older(linked, than=order)
    assert not linked.exists()
    forget_older(linked, than=order)
