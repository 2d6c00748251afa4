"""A fault: what is changed in the code, what that would cost, and the tests that should notice."""

import ast
import shutil
import tomllib
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
FOLDER = Path(__file__).parent / "faults"


class BadFault(Exception):
    """The fault does not fit the code any more; the text says why."""


class Fault(NamedTuple):
    """`old` stands in `file` exactly once and becomes `new`. harm: to money or people, in a half sentence.

    room: the file of bite/faults/ that it is from. tests: as pytest is given them.
    """

    room: str
    name: str
    harm: str
    file: str
    old: str
    new: str
    tests: list[str]

    def changed(self, text: str) -> str:
        """The file's text with the fault in it. Raises BadFault."""
        found = text.count(self.old)
        if found != 1:
            raise BadFault(f"“{self.name}”: its old text stands {found} times in {self.file}")
        if self.new == self.old:
            raise BadFault(f"“{self.name}” changes nothing in {self.file}")
        with_it = text.replace(self.old, self.new)
        try:
            if self.file.endswith(".py"):
                ast.parse(with_it)
        except SyntaxError as error:
            raise BadFault(f"“{self.name}”: {self.file} is no Python with it: {error}") from error
        return with_it


def read_all(folder: Path = FOLDER) -> list[Fault]:
    return [
        Fault(room=file.stem, **given)
        for file in sorted(folder.glob("*.toml"))
        for given in tomllib.loads(file.read_text())["fault"]
    ]


def copy_checkout(target: Path, root: Path = ROOT) -> None:
    """All but what is hidden: the repository, the virtual environment, the data."""
    shutil.copytree(root, target, ignore=shutil.ignore_patterns(".*", "__pycache__"))


def plant(fault: Fault, tree: Path) -> None:
    """Change a copy of the checkout. Raises BadFault."""
    assert tree.resolve() != ROOT, "never in the checkout itself"
    file = tree / fault.file
    file.write_text(fault.changed(file.read_text()))
