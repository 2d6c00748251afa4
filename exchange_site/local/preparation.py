"""What is done before the programs start: checks, migrations, seed data, static files."""

import hashlib
import os
import signal
import subprocess
from pathlib import Path

from exchange_site.local.console import LocalError, step
from exchange_site.local.data_folder import CHECKOUT, DataFolder
from exchange_site.local.programs import manage

STEPS = (
    ("Asking the database whether it keeps what it acknowledges", ["preflight"]),
    ("Bringing the tables up to date", ["migrate", "--noinput", "--verbosity", "0"]),
    ("Filling in markets, users and test funds where they are missing", ["seed"]),
)


def prepare(folder: DataFolder, environment: dict[str, str]) -> None:
    """Raises LocalError with the output of the step that failed."""
    for title, arguments in STEPS:
        with step(title):
            _run(arguments, environment)
    _collect_static(folder, environment)


def _run(arguments: list[str], environment: dict[str, str]) -> None:
    """In a session of its own, so that Ctrl-C ends in our words and not in a traceback from in there."""
    child = subprocess.Popen(
        manage(*arguments),
        env=environment,
        cwd=CHECKOUT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        output, _ = child.communicate()
    except BaseException:
        os.killpg(child.pid, signal.SIGKILL)
        child.wait()
        raise
    if child.returncode != 0:
        text = output.decode(errors="replace").strip()
        raise LocalError(f"`manage.py {' '.join(arguments)}` failed:\n{text}")


def _collect_static(folder: DataFolder, environment: dict[str, str]) -> None:
    """Only when a static file or a dependency has changed: compressing them takes seconds."""
    stamp = folder.path / "static.stamp"
    now = _fingerprint()
    if stamp.exists() and stamp.read_text() == now and (folder.path / "static").is_dir():
        return
    with step("Collecting the static files"):
        _run(["collectstatic", "--noinput", "--verbosity", "0"], environment)
    stamp.write_text(now)


def _fingerprint() -> str:
    """Changes with each static file of ours (name, size, time) and with the pinned dependencies."""
    files = [file for top in _static_folders() for file in sorted(top.rglob("*")) if file.is_file()]
    stats = [(str(file), file.stat().st_size, file.stat().st_mtime_ns) for file in files]
    pins = [(CHECKOUT / name).read_text() for name in ("requirements.txt", "constraints.txt")]
    return hashlib.sha256(repr((stats, pins)).encode()).hexdigest()


def _static_folders() -> list[Path]:
    return [CHECKOUT / "static", *sorted(CHECKOUT.glob("[!.]*/static"))]
