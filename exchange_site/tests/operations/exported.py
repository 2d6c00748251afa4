"""The metrics that a process of the exchange exports, and what each is told apart by."""

import re
from functools import cache

from exchange_site.local.programs import CHECKOUT

# Prometheus' own: whether a program answered, and what every sample has.
OF_PROMETHEUS = {"up"}
LABELS_OF_ALL = {"job", "instance", "le"}
SUFFIXES = {"counter": [""], "gauge": [""], "histogram": ["_bucket", "_sum", "_count"]}


@cache
def documented() -> dict[str, set[str]]:
    """Each sample's name with its labels, as docs/metrics.md lists them; a test of kpi holds that list true."""
    rows = re.findall(
        r"^\| `(\w+)` \| (\w+) \|([\w, ]*)\|", (CHECKOUT / "docs/metrics.md").read_text(), re.MULTILINE
    )
    return {
        name + suffix: set(re.findall(r"\w+", labels))
        for name, kind, labels in rows
        for suffix in SUFFIXES[kind]
    }


def families(page: str) -> set[str]:
    """The samples that a page of metrics may have, also those that nothing was counted for yet."""
    found = re.findall(r"^# TYPE (\S+) (\w+)$", page, re.MULTILINE)
    return {name + suffix for name, kind in found for suffix in SUFFIXES.get(kind, [""])}
