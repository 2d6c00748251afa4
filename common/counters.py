"""What the processes have counted, put together: in PROMETHEUS_MULTIPROC_DIR each process has files of its own."""

import os
import struct
from pathlib import Path

from prometheus_client import REGISTRY, CollectorRegistry, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

FOLDER = "PROMETHEUS_MULTIPROC_DIR"
# A file that a process makes at this very moment may be read half-made; the next look finds it whole.
ATTEMPTS = 3


def counted() -> bytes:
    """In Prometheus' text format; of this process alone if there is no folder."""
    folder = os.environ.get(FOLDER)
    if not folder:
        return generate_latest(REGISTRY)
    forget_the_dead(Path(folder))
    registry = CollectorRegistry()
    MultiProcessCollector(registry, path=folder)
    for _ in range(ATTEMPTS - 1):
        try:
            return generate_latest(registry)
        except (struct.error, RuntimeError, ValueError):
            continue
    return generate_latest(registry)


def forget_the_dead(folder: Path) -> None:
    """What a process that has died said of itself then is no longer so; what it counted remains counted."""
    for file in folder.glob("gauge_live*.db"):
        number = file.stem.rpartition("_")[2]
        if number.isdecimal() and not _is_alive(int(number)):
            file.unlink(missing_ok=True)


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # another user's
        return True
    return True
