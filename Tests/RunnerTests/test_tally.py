"""The closing summary of the test run counts what it should."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from Runner.lint import interpreter, sources  # noqa: E402  (the line above makes the package importable)
from Runner.process import run  # noqa: E402
from Runner.tally import Row, Tally, summary  # noqa: E402

REPORT = """<?xml version="1.0"?><testsuites><testsuite name="s">
<testcase classname="a" name="good"/>
<testcase classname="a" name="bad"><failure message="no"/></testcase>
<testcase classname="a" name="broken"><error message="no"/></testcase>
<testcase classname="a" name="left out"><skipped message="needs root"/></testcase>
</testsuite></testsuites>"""


def test_a_report_is_counted(tmp_path: Path) -> None:
    (tmp_path / "report.xml").write_text(REPORT)
    tally = Tally()
    tally.add_xunit(tmp_path / "report.xml")
    assert (tally.passed, tally.failed, tally.skipped) == (1, 2, 1)
    assert tally.names == ["a.bad", "a.broken"]
    assert tally.reasons == {"needs root": 1}


def test_the_last_line_has_the_totals_and_each_failure_and_skip_is_named() -> None:
    first, second = Tally(passed=3), Tally(passed=1)
    second.add_failure("a.bad")
    second.add_skip("needs root", 4)
    lines = summary([Row("one", first, 1.0), Row("two", second, 2.0)])
    assert lines[-1] == "4 passed, 1 failed, 4 skipped"
    assert "FAILED   two: a.bad" in lines
    assert "skipped  two: 4 x needs root" in lines


def test_a_program_that_does_not_end_is_ended(tmp_path: Path) -> None:
    assert run(["sleep", "60"], 0.2) == 124


def test_a_program_that_is_not_there_is_a_failure() -> None:
    assert run(["no-such-program-here"], 5) == 127


def test_the_linters_see_scripts_without_a_suffix() -> None:
    assert Path("Tests/run") in sources()
    assert interpreter(Path("Tests/run")) == "bash"
    assert interpreter(Path("cross/device")) == "python3"
