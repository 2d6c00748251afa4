"""By how much counters of Prometheus grew in this process: the KPIs and /metrics are told the same numbers."""

import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from prometheus_client import Counter
from prometheus_client.mmap_dict import MmapedDict

Values = dict[tuple[str, str], int]  # (name, value of its label, empty without one): how many


class OwnCounters:
    """The growth since it was last asked for. Counters have at most one label."""

    def __init__(self, counters: Sequence[Counter]) -> None:
        self._counters = counters
        self._known: Values = {}
        self.begin()

    def begin(self) -> None:
        """What is there already is not ours: of an earlier process with our number, or of our parent."""
        self._known = _left_in_our_file() if _folder() else dict(_values(self._counters))

    def growth(self) -> Values:
        now = dict(_values(self._counters))
        grown = {key: value - self._known.get(key, 0) for key, value in now.items()}
        self._known |= now
        return {key: amount for key, amount in grown.items() if amount > 0}


def _values(counters: Sequence[Counter]) -> Iterator[tuple[tuple[str, str], int]]:
    for counter in counters:
        for family in counter.collect():
            for sample in family.samples:
                if sample.name.endswith("_total"):
                    yield (sample.name, "".join(sample.labels.values())), int(sample.value)


def _folder() -> str:
    """Where several processes share their values; empty if each keeps its own in memory."""
    return os.environ.get("PROMETHEUS_MULTIPROC_DIR", "")


def _left_in_our_file() -> Values:
    """Containers give their processes the same numbers again, and the values of the last one go on from there."""
    file = Path(_folder()) / f"counter_{os.getpid()}.db"
    if not file.exists():
        return {}
    read = MmapedDict.read_all_values_from_file(str(file))
    keys = ((json.loads(key), value) for key, value, _, _ in read)
    return {(name, "".join(labels.values())): int(value) for (_, name, labels, _), value in keys}
