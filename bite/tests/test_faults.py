"""The list of faults does not rot: each fits the code as it is, and names tests that there are."""

import re

import pytest

from bite.fault import ROOT, BadFault, Fault, copy_checkout, plant, read_all
from bite.report import PAGE, ROOMS

FAULTS = read_all()
NAMED_IN_THE_GOAL = 20


@pytest.fixture
def fault(tmp_path):
    """Of a tree with one file of three lines."""
    tree = tmp_path / "tree"
    tree.mkdir()
    (tree / "desk.py").write_text("a = 1\nb = 1\nc = 2\n")
    return tree, Fault("matching", "a slip", "none", "desk.py", "c = 2", "c = 3", [])


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_a_fault_fits_the_code(fault):
    """If this fails: the code that a fault of bite/faults/ stands on has changed; change its old and new text."""
    fault.changed((ROOT / fault.file).read_text())


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_the_tests_that_should_notice_it_exist(fault):
    assert fault.tests
    for test in fault.tests:
        file, _, name = test.partition("::")
        text = (ROOT / file).read_text()
        assert not name or re.search(rf"^(async )?def {name}\(", text, re.MULTILINE), test


def test_there_are_enough_faults_each_with_its_own_name():
    assert len({fault.name for fault in FAULTS}) == len(FAULTS) >= NAMED_IN_THE_GOAL
    assert {fault.room for fault in FAULTS} == set(ROOMS)


def test_no_fault_is_in_a_test():
    assert [fault.name for fault in FAULTS if "/tests/" in fault.file] == []


def test_the_page_tells_of_every_fault_and_of_no_other():
    """If this fails: `make bite ARGS=--write` writes docs/bite.md."""
    rows = re.findall(r"^\| (.+?) \| (.+?) \| .+ \|$", PAGE.read_text(), re.MULTILINE)
    told = {row for row in rows if row[0] not in ("planted", "---")}
    assert told == {(fault.name, fault.harm) for fault in FAULTS}


def test_a_planted_fault_changes_the_copy_and_nothing_else(fault):
    tree, slip = fault
    plant(slip, tree)
    assert (tree / "desk.py").read_text() == "a = 1\nb = 1\nc = 3\n"


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"old": "d = 4"}, "stands 0 times"),
        ({"old": " = 1"}, "stands 2 times"),
        ({"new": "c ="}, "is no Python"),
        ({"new": "c = 2"}, "changes nothing"),
    ],
)
def test_a_fault_that_does_not_fit_is_refused(fault, change, why):
    tree, slip = fault
    with pytest.raises(BadFault, match=why):
        plant(slip._replace(**change), tree)
    assert (tree / "desk.py").read_text() == "a = 1\nb = 1\nc = 2\n"


def test_nothing_is_planted_in_the_checkout():
    with pytest.raises(AssertionError, match="never in the checkout"):
        plant(FAULTS[0], ROOT)


def test_a_copy_has_the_code_and_nothing_hidden(tmp_path):
    root = tmp_path / "root"
    for name in ("code/desk.py", "code/__pycache__/desk.pyc", ".data/secret", ".git/HEAD"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()
    copy_checkout(tmp_path / "copy", root)
    copied = [str(file.relative_to(tmp_path / "copy")) for file in (tmp_path / "copy").rglob("*")]
    assert sorted(copied) == ["code", "code/desk.py"]
