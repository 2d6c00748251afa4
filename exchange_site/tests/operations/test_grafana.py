"""Grafana's files: provisioned without a click, and each query asks for what there is."""

import json
import re
from typing import Any

import pytest
import yaml

from exchange_site.tests.operations.exported import LABELS_OF_ALL, OF_PROMETHEUS, documented
from exchange_site.tests.operations.promql import asked
from exchange_site.tests.operations.tools import DOCKER

FOLDER = DOCKER / "grafana"
BOARDS = {file.stem: json.loads(file.read_text()) for file in sorted((FOLDER / "dashboards").glob("*.json"))}
PANELS = [
    pytest.param(panel, id=f"{name}-{panel['title']}")
    for name, board in BOARDS.items()
    for panel in board["panels"]
    if panel["type"] != "row"
]


def variables(board: dict[str, Any]) -> list[str]:
    return [each["query"]["query"] for each in board["templating"]["list"]]


def test_there_is_one_for_each_concern() -> None:
    assert set(BOARDS) == {"trading", "system", "risk", "security"}
    assert len({board["uid"] for board in BOARDS.values()}) == len(BOARDS)


def test_grafana_finds_the_dashboards_and_they_find_prometheus() -> None:
    source = yaml.safe_load((FOLDER / "provisioning/datasources/prometheus.yml").read_text())["datasources"][
        0
    ]
    provider = yaml.safe_load((FOLDER / "provisioning/dashboards/bourse.yml").read_text())["providers"][0]
    compose = yaml.safe_load((DOCKER / "compose.yaml").read_text())["services"]
    assert f"./grafana/dashboards:{provider['options']['path']}:ro" in compose["grafana"]["volumes"]
    assert source["url"] == "http://prometheus:9090" and "prometheus" in compose
    asked_of = re.findall(r'"datasource": (\{.*?\})', "".join(map(json.dumps, BOARDS.values())))
    assert {json.loads(each)["uid"] for each in asked_of} == {source["uid"]}


@pytest.mark.parametrize("panel", PANELS)
def test_each_panel_asks_for_metrics_and_labels_that_there_are(panel: dict[str, Any]) -> None:
    for target in panel["targets"]:
        wanted = asked(target["expr"])
        assert wanted.metrics and wanted.metrics <= set(documented()) | OF_PROMETHEUS
        labels = set().union(*(documented().get(name, set()) for name in wanted.metrics))
        assert wanted.labels <= labels | LABELS_OF_ALL
        assert set(re.findall(r"\{\{(\w+)\}\}", target["legendFormat"])) <= wanted.labels


@pytest.mark.parametrize("panel", PANELS)
def test_what_all_programs_tell_alike_is_never_added_up(panel: dict[str, Any]) -> None:
    """Gauges of the database come from each container; counters and what processes hold are sums."""
    for target in panel["targets"]:
        for way, name in re.findall(
            r"\b(sum|max|min)\b(?: by \([^)]*\))? \(?(?:abs\()?(\w+)(?![\w(])", target["expr"]
        ):
            told_alike = name.startswith(
                ("bourse_risk_", "bourse_lending_", "bourse_book_", "bourse_ledger_")
            )
            assert (way != "sum") == told_alike or name in (
                "up",
                "bourse_market_open",
                "bourse_database_up",
            ), name


def test_the_choice_of_markets_asks_for_a_metric_that_has_them() -> None:
    for board in BOARDS.values():
        for query in variables(board):
            metric, label = re.fullmatch(r"label_values\((\w+), (\w+)\)", query).groups()
            assert label in documented()[metric]


@pytest.mark.parametrize("name", BOARDS)
def test_no_panel_lies_on_another(name: str) -> None:
    taken: set[tuple[int, int]] = set()
    for panel in BOARDS[name]["panels"]:
        place = panel["gridPos"]
        cells = {(place["x"] + x, place["y"] + y) for x in range(place["w"]) for y in range(place["h"])}
        assert not cells & taken and max(x for x, _ in cells) < 24, panel["title"]
        taken |= cells


def test_every_metric_of_the_exchange_can_be_seen_somewhere() -> None:
    shown = {
        metric
        for board in BOARDS.values()
        for panel in board["panels"]
        for target in panel.get("targets", [])
        for metric in asked(target["expr"]).metrics
    }
    named = {re.sub(r"_(bucket|sum|count)$", "", name) for name in documented()}
    seen = {re.sub(r"_(bucket|sum|count)$", "", name) for name in shown}
    # The same in base; shown in quote.
    assert named - seen <= {"bourse_trade_volume_base_total"}
