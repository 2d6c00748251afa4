"""The repository lints itself: what STYLE asks for and no other tool checks."""

import ast
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest
from django.core.management import get_commands

from common.errors import ErrorCode

ROOT = Path(__file__).parents[2]
ROOMS = [
    "benchmarks",
    "bite",
    "exchange_site",
    "kpi",
    "agents",
    "trading",
    "risk",
    "accounts",
    "market",
    "common",
]
SOURCE = sorted(
    file
    for room in ROOMS
    for file in (ROOT / room).rglob("*.py")
    if not {"tests", "migrations"} & set(file.relative_to(ROOT).parts)
)
PAGES = sorted(
    file for folder in ("static", "templates") for file in (ROOT / folder).rglob("*") if file.is_file()
)
TEXTS = [
    *ROOT.glob("*.md"),
    *(ROOT / "docs").rglob("*.md"),
    *(ROOT / "benchmarks").glob("*.md"),
    *(ROOT / "docker").glob("*.md"),
]

MOST_LINES_OF_A_FUNCTION = 50
MOST_LINES_OF_A_FILE = 300

# Each exception with its reason.
LONG_FUNCTIONS: dict[str, str] = {}
LONG_FILES: dict[str, str] = {}
FLOATS = {
    "trading/consumers/base.py": "how many messages a client may send: a rate, not money",
    "trading/matching_service/counting.py": "how long somebody waited: seconds, not money",
    "trading/matching_service/publish.py": "how long a wake-up took: seconds, not money",
}
IMPORTS_IN_FUNCTIONS: dict[str, str] = {}


@cache
def tree(file):
    return ast.parse(file.read_text())


def name_of(file):
    return str(file.relative_to(ROOT))


def functions(file):
    return [node for node in ast.walk(tree(file)) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]


def test_there_is_something_to_look_at():
    assert len(SOURCE) > 100 and PAGES and TEXTS


def test_money_is_never_a_float():
    found = {
        name_of(file)
        for file in SOURCE
        if file.relative_to(ROOT).parts[0] in ("accounts", "trading", "risk") or file.name == "money.py"
        if any(isinstance(node, ast.Name) and node.id == "float" for node in ast.walk(tree(file)))
    }
    assert found == set(FLOATS)


def test_functions_are_short():
    found = {
        f"{name_of(file)}:{function.name}"
        for file in SOURCE
        for function in functions(file)
        if function.end_lineno - function.lineno + 1 > MOST_LINES_OF_A_FUNCTION
    }
    assert found == set(LONG_FUNCTIONS)


def test_files_are_short():
    found = {
        name_of(file)
        for file in [*SOURCE, *PAGES]
        if file.suffix in (".py", ".js", ".css", ".html")
        if len(file.read_text().splitlines()) > MOST_LINES_OF_A_FILE
    }
    assert found == set(LONG_FILES)


def test_nothing_is_left_to_be_done_later():
    later = re.compile(r"\b(TO" + r"DO|FIX" + r"ME|HA" + r"CK)\b")
    tests = [file for room in ROOMS for file in (ROOT / room).rglob("tests/**/*.py")]
    texts = [file for file in PAGES if file.suffix in (".js", ".css", ".html")]
    found = [name_of(file) for file in [*SOURCE, *tests, *texts, *TEXTS] if later.search(file.read_text())]
    assert found == []


def test_imports_stand_at_the_top_and_name_the_room():
    inside, relative = set(), set()
    for file in SOURCE:
        for node in ast.walk(tree(file)):
            if isinstance(node, ast.ImportFrom) and node.level:
                relative.add(name_of(file))
        for function in functions(file):
            if any(isinstance(node, ast.Import | ast.ImportFrom) for node in ast.walk(function)):
                inside.add(f"{name_of(file)}:{function.name}")
    assert (relative, inside) == (set(), set(IMPORTS_IN_FUNCTIONS))


def test_no_room_hears_of_another_by_signals():
    found = [
        name_of(file)
        for file in SOURCE
        for node in ast.walk(tree(file))
        if isinstance(node, ast.ImportFrom) and node.module in ("django.dispatch", "django.db.models.signals")
    ]
    assert found == []


def test_no_file_is_a_bag_of_odds_and_ends():
    bags = {"utils.py", "helpers.py", "misc.py", "util.py"}
    assert [name_of(file) for file in SOURCE if file.name in bags] == []


def test_imports_run_downwards():
    # A process of its own: the linter sets up logging for itself alone.
    linter = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([linter, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_every_error_code_is_used():
    used = "".join(file.read_text() for file in SOURCE if file.name != "errors.py")
    unused = [code.name for code in ErrorCode if not re.search(rf"\bErrorCode\.{code.name}\b", used)]
    assert unused == []


def code_of(text):
    """What a Markdown text shows as code."""
    return re.findall(r"```.*?```|`[^`\n]+`", text, re.DOTALL)


@pytest.mark.parametrize("text", TEXTS, ids=name_of)
def test_every_command_that_is_named_exists(text):
    code = "\n".join(code_of(text.read_text()))
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"\bmake ([a-z-]+)", code)) <= targets
    assert set(re.findall(r"manage\.py ([a-z_-]+)", code)) <= set(get_commands())


@pytest.mark.parametrize("text", TEXTS, ids=name_of)
def test_every_file_that_is_linked_exists(text):
    linked = re.findall(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)", text.read_text())
    assert [link for link in linked if not (text.parent / link).exists()] == []
