"""What a run of tests comes to: caught by which test, missed, or nothing known. On a tree of two small files."""

import os
import time
from pathlib import Path

import pytest

from bite.fault import Fault
from bite.report import Result, enough, in_words, line, page, summary
from bite.trial import Outcome, Verdict, exit_code, run_tests


@pytest.fixture
def tree(tmp_path, monkeypatch):
    """A tree of its own, which knows nothing of Django or of pytest's other guests."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    tree = tmp_path / "tree"
    (tree / "desk").mkdir(parents=True)
    (tree / "pytest.ini").write_text("[pytest]\n")
    (tree / "desk" / "__init__.py").touch()
    return tree


def tries(tree, text, **limits):
    (tree / "desk" / "test_desk.py").write_text(text)
    return run_tests(tree, ["desk/test_desk.py"], **limits)


def test_a_test_that_fails_has_caught_it(tree):
    verdict = tries(
        tree,
        "def test_first(): pass\n"
        "def test_second(): assert 1 == 2, 'the sum is wrong'\n"
        "def test_third(): assert False\n",
    )
    assert (verdict.outcome, verdict.test) == (Outcome.CAUGHT, "desk/test_desk.py::test_second")
    assert "the sum is wrong" in verdict.said


def test_a_guard_that_fails_after_a_test_has_caught_it_too(tree):
    fixture = "import pytest\n@pytest.fixture\ndef laws():\n    yield\n    assert False, 'a law is broken'\n"
    verdict = tries(tree, fixture + "def test_a_day(laws): pass\n")
    assert (verdict.outcome, verdict.test) == (Outcome.CAUGHT, "desk/test_desk.py::test_a_day")


@pytest.mark.parametrize("end", ["raise SystemExit(2)", "raise OperationalError('connection failed')"])
def test_a_test_whose_database_cannot_be_made_shows_nothing(tree, end):
    fixture = "import pytest\nfrom django.db import OperationalError\n@pytest.fixture\ndef database():\n"
    verdict = tries(tree, f"{fixture}    {end}\ndef test_a_day(database): pass\n")
    assert (verdict.outcome, verdict.test) == (Outcome.BROKEN, "")
    assert "failed on setup" in verdict.said.splitlines()[0]


def test_a_guard_that_fails_before_a_test_has_caught_it_too(tree):
    fixture = "import pytest\n@pytest.fixture\ndef laws():\n    assert False, 'a law is broken'\n"
    assert tries(tree, fixture + "def test_a_day(laws): pass\n").outcome is Outcome.CAUGHT


def test_tests_that_all_pass_have_missed_it(tree):
    assert tries(tree, "def test_first(): pass\n").outcome is Outcome.MISSED


@pytest.mark.parametrize(
    ("text", "why"),
    [("import nowhere\n", "No module named 'nowhere'"), ("", "no tests ran")],
    ids=["cannot be read", "no test"],
)
def test_tests_that_cannot_run_show_nothing(tree, text, why):
    verdict = tries(tree, text)
    assert verdict.outcome is Outcome.BROKEN and verdict.test == ""
    assert why in verdict.said


def test_tests_without_an_end_show_nothing(tree):
    verdict = tries(tree, "import time\ndef test_sleeps(): time.sleep(600)\n", most_seconds=1)
    assert (verdict.outcome, verdict.said.splitlines()[0]) == (Outcome.BROKEN, "no end within 1 s")


def test_what_has_no_end_is_stopped_with_all_that_it_started(tmp_path):
    pid = tmp_path / "pid"
    command = ["sh", "-c", f"sleep 600 & echo $! > {pid}; wait"]
    assert exit_code(command, tmp_path, tmp_path / "output", most_seconds=1) is None
    deadline = time.monotonic() + 20  # the signal is sent; when it arrives is the system's affair
    while is_alive(int(pid.read_text())):
        assert time.monotonic() < deadline
        time.sleep(0.01)


def is_alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    state = Path(f"/proc/{pid}/stat")
    return not state.exists() or state.read_text().rpartition(")")[2].split()[0] != "Z"


# ---- what is told ----

FAULT = Fault("matching", "a slip", "a lunch", "desk.py", "1", "2", ["desk/test_desk.py"])
CAUGHT = Result(FAULT, Verdict(Outcome.CAUGHT, 2.0, "desk/test_desk.py::test_sums[1-2]", "1 is not 2"))
MISSED = Result(FAULT._replace(name="a theft"), Verdict(Outcome.MISSED, 1.0))
BROKEN = Result(FAULT._replace(name="a fire"), Verdict(Outcome.BROKEN, 9.0, said="no end"))


def test_nineteen_of_twenty_are_enough_and_no_fewer():
    assert enough([CAUGHT] * 19 + [MISSED])
    assert not enough([CAUGHT] * 18 + [MISSED])
    assert not enough([CAUGHT] * 18 + [BROKEN, MISSED])


def test_the_terminal_hears_of_each():
    assert line(CAUGHT).splitlines()[0] == "caught  a slip (2 s)"
    assert in_words([CAUGHT, MISSED]) == "a slip   caught  test_desk.py::test_sums\na theft  missed"
    assert summary([CAUGHT, MISSED, BROKEN]) == "caught 1 of 3"


def test_the_page_names_what_was_not_caught():
    text = page([CAUGHT, MISSED, BROKEN], "2030-01-01")
    assert "Last full run: 2030-01-01" in text and "**caught 1 of 3**" in text
    assert "- a theft: missed\n- a fire: broken" in text
    assert "| a slip | a lunch | `test_desk.py::test_sums` |" in text
    assert "| a theft | a lunch | none: missed |" in text
    assert "Not caught" not in page([CAUGHT], "2030-01-01")
