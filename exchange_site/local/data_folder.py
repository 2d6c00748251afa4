"""The folder in which one exchange keeps all that it writes: databases, sockets, logs, its secret.

`.data` in the checkout, or BOURSE_DATA_DIR. One process at a time owns it (`held`); the servers in it are
that process's to start and stop.
"""

import contextlib
import fcntl
import hashlib
import os
import re
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from exchange_site.local.console import LocalError

CHECKOUT = Path(__file__).resolve().parents[2]

# What a reset removes, by pattern; in a folder with other things in it, those stay.
OURS = (
    "postgres*",
    "redis",
    "run",
    "logs",
    "nginx",
    "prometheus",
    "static*",
    "beat-schedule*",
    "secret_key",
    "test",
    "bench",
)

# sun_path holds 104 bytes on macOS and 108 on Linux, the closing zero included.
SOCKET_PATH_LIMIT = 103


class FolderInUse(LocalError):
    """Another process owns the folder. `holder` says which."""

    def __init__(self, path: Path, holder: str) -> None:
        self.holder = holder
        super().__init__(f"The data folder {path} is in use by {holder}.")


@dataclass(frozen=True)
class DataFolder:
    path: Path

    @classmethod
    def from_environment(cls) -> "DataFolder":
        return cls(Path(os.environ.get("BOURSE_DATA_DIR") or CHECKOUT / ".data").absolute())

    @property
    def runtime_env(self) -> Path:
        """Where the servers are, while they run: settings.py reads it when DATABASE_URL is not set."""
        return self.path / "runtime.env"

    def folder(self, name: str) -> Path:
        """A sub-folder, made if it is missing."""
        made = self.path / name
        made.mkdir(parents=True, exist_ok=True)
        return made

    def log(self, name: str) -> IO[bytes]:
        """The log of that server, opened for appending; a long one is put aside first."""
        log = self.folder("logs") / f"{name}.log"
        if log.exists() and log.stat().st_size > 5_000_000:
            log.replace(log.with_suffix(".old.log"))
        return log.open("ab")

    def socket_folder(self) -> Path:
        """Where the sockets go: in the data folder, or if that path is too long in the temporary one.

        A path with unusual characters goes there too, for it would need quoting in a URL.
        """
        wanted = self.path / "run" / "postgres"
        short = len(os.fsencode(wanted / ".s.PGSQL.5432.lock")) <= SOCKET_PATH_LIMIT
        if short and re.fullmatch(r"[\w/.-]+", str(wanted), re.ASCII):
            return wanted
        name = hashlib.sha256(os.fsencode(self.path)).hexdigest()[:12]
        return Path(tempfile.gettempdir()) / f"bourse-{os.geteuid()}-{name}"

    def secret_key(self) -> str:
        """The secret of this exchange: random, made once, readable by its owner only."""
        file = self.path / "secret_key"
        self.path.mkdir(parents=True, exist_ok=True)
        if not file.exists():
            write_private(file, secrets.token_urlsafe(50))
        return file.read_text().strip()

    @contextlib.contextmanager
    def held(self, purpose: str) -> Iterator[None]:
        """Own the folder; raises FolderInUse if another process does.

        A POSIX record lock: the system drops it when its process dies, and children do not inherit it.
        """
        self.path.mkdir(parents=True, exist_ok=True)
        with (self.path / "lock").open("a+") as lock:
            self._take(lock)
            lock.truncate(0)
            lock.write(f"{purpose} (process {os.getpid()})")
            lock.flush()
            yield

    def _take(self, lock: IO[str]) -> None:
        try:
            fcntl.lockf(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            lock.seek(0)
            raise FolderInUse(self.path, lock.read() or "another process") from error

    @contextlib.contextmanager
    def announced(self, variables: dict[str, str]) -> Iterator[None]:
        """Tell other terminals where the servers are, as long as the block runs."""
        lines = "".join(f"{name}={value}\n" for name, value in variables.items())
        write_private(self.runtime_env, lines)
        try:
            yield
        finally:
            self.runtime_env.unlink(missing_ok=True)

    def announcement(self) -> dict[str, str]:
        """What `announced` wrote; empty when nothing runs."""
        if not self.runtime_env.exists():
            return {}
        lines = self.runtime_env.read_text().splitlines()
        return dict(line.split("=", 1) for line in lines if "=" in line)

    def empty(self) -> list[str]:
        """Remove all data of ours; returns the names of what was removed. Hold the folder meanwhile."""
        removed = sorted(found for pattern in OURS for found in self.path.glob(pattern))
        for found in removed:
            _remove(found)
        return [found.name for found in removed]


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink()


def write_private(file: Path, text: str) -> None:
    """Replace the file in one step; only its owner may read it."""
    draft = file.with_name(f".{file.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as stream:
        stream.write(text)
    draft.replace(file)
