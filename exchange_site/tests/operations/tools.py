"""The programs that check the files in docker/: wheels beside our interpreter, the others of Debian
(exchange_site/local/tools.sh installs them)."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from exchange_site.local.programs import CHECKOUT

DOCKER = CHECKOUT / "docker"


def tool(name: str) -> str:
    """The path of that program. A machine that has none skips the test; with EVERY_TEST set, as in CI, it fails."""
    beside = Path(sys.executable).with_name(name)
    found = str(beside) if beside.exists() else shutil.which(name)
    if found is None:
        missing = f"no {name} on this machine: exchange_site/local/tools.sh installs it where it may"
        (pytest.fail if os.environ.get("EVERY_TEST") else pytest.skip)(missing)
    return found


def run(*command: str | Path, **environment: str) -> str:
    """What the command wrote, to both streams; fails the test if it does not end with 0."""
    done = subprocess.run(
        [str(word) for word in command],
        env=os.environ | environment,
        cwd=CHECKOUT,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, f"{' '.join(map(str, command))}:\n{done.stdout}"
    return done.stdout
