"""docs/kpi.md tells of every figure, and of no other."""

import re
from pathlib import Path

from kpi.api.kpi_view import WindowSerializer
from kpi.api.security import SecurityKpiSerializer
from kpi.api.system import SystemSerializer
from kpi.api.trading import SpreadSerializer, TradingKpiSerializer

PAGE = Path(__file__).parents[2] / "docs" / "kpi.md"
SECTIONS = {
    "What all three say": WindowSerializer,
    "System": SystemSerializer,
    "Trading": TradingKpiSerializer,
    "Security": SecurityKpiSerializer,
}


def told_in(section):
    """The names in the first column of its table."""
    text = PAGE.read_text().partition(f"\n## {section}\n")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| ([^|]+) \|", text, re.MULTILINE)
    return {name for row in rows for name in re.findall(r"`(\w+)`", row)}


def test_every_figure_is_explained():
    everywhere = told_in("What all three say")
    for section, serializer in SECTIONS.items():
        fields = set(serializer().get_fields()) | ({"series"} if serializer is WindowSerializer else set())
        assert fields <= everywhere | told_in(section) | {"trades", "markets", "orders"}, section


def test_what_is_explained_exists():
    parts = set(TradingKpiSerializer().fields["markets"].child.fields) | set(SpreadSerializer().fields)
    for section, serializer in SECTIONS.items():
        assert told_in(section) <= set(serializer().get_fields()) | {"series"} | parts, section
