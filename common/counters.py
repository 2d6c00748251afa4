"""What the processes have counted, put together: in PROMETHEUS_MULTIPROC_DIR each process has files of its own."""

import os
from collections.abc import Iterable
from pathlib import Path

from prometheus_client import REGISTRY, CollectorRegistry, Metric, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

FOLDER = "PROMETHEUS_MULTIPROC_DIR"


class _Counted(MultiProcessCollector):
    """Leaves out files that are being made at this moment: nothing was counted in them yet."""

    def collect(self) -> Iterable[Metric]:
        files = [str(file) for file in Path(self._path).glob("*.db") if _size(file)]
        metrics: Iterable[Metric] = self.merge(files, accumulate=True)
        return metrics


def counted() -> bytes:
    """In Prometheus' text format; of this process alone if there is no folder."""
    folder = os.environ.get(FOLDER)
    if not folder:
        return generate_latest(REGISTRY)
    forget_the_dead(Path(folder))
    registry = CollectorRegistry()
    registry.register(_Counted(None, path=folder))
    return generate_latest(registry)


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except FileNotFoundError:  # of a process that has just died
        return 0


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
