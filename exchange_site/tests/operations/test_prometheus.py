"""Prometheus' files: it takes them, each alert does what it says, and asks for what there is."""

import re
from typing import Any

import pytest
import yaml

from exchange_site import container
from exchange_site.tests.operations.exported import LABELS_OF_ALL, OF_PROMETHEUS, documented
from exchange_site.tests.operations.promql import Asked, asked
from exchange_site.tests.operations.tools import DOCKER, run, tool

FOLDER = DOCKER / "prometheus"
RULES = sorted((FOLDER / "rules").glob("*.yml"))
TESTS = sorted((FOLDER / "tests").glob("*.yml"))
CONFIG = yaml.safe_load((FOLDER / "prometheus.yml").read_text())
ALERTS: list[dict[str, Any]] = [
    rule for file in RULES for group in yaml.safe_load(file.read_text())["groups"] for rule in group["rules"]
]


def test_prometheus_takes_its_configuration_and_the_rules() -> None:
    run(tool("promtool"), "check", "config", FOLDER / "prometheus.yml")
    run(tool("promtool"), "check", "rules", *RULES)


def test_each_alert_does_what_it_says() -> None:
    run(tool("promtool"), "test", "rules", *TESTS)


def test_each_alert_is_seen_quiet_and_firing() -> None:
    quiet, firing = set(), set()
    for file in TESTS:
        for case in yaml.safe_load(file.read_text())["tests"]:
            for expected in case["alert_rule_test"]:
                (firing if expected["exp_alerts"] else quiet).add(expected["alertname"])
    assert quiet == firing == {alert["alert"] for alert in ALERTS}


def test_each_alert_tells_how_bad_it_is_what_it_is_and_where_to_look() -> None:
    for alert in ALERTS:
        assert alert["labels"]["severity"] in ("critical", "warning", "info"), alert["alert"]
        assert set(alert["annotations"]) == {"summary", "description"}, alert["alert"]


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert["alert"])
def test_alerts_ask_for_metrics_and_labels_that_there_are(alert: dict[str, Any]) -> None:
    wanted = asked(alert["expr"])
    assert wanted.metrics and wanted.metrics <= set(documented()) | OF_PROMETHEUS
    labels = set().union(*(documented().get(name, set()) for name in wanted.metrics))
    assert wanted.labels <= labels | LABELS_OF_ALL


def test_every_program_is_asked_where_its_container_answers() -> None:
    ports = {
        job["job_name"]: job["dns_sd_configs"][0]["port"]
        for job in CONFIG["scrape_configs"]
        if "dns_sd_configs" in job
    }
    assert ports == {
        role: int(container.PORTS.get(role, container.METRICS_PORT)) for role in container.CHECKS
    }
    for job in CONFIG["scrape_configs"]:
        if "dns_sd_configs" in job:
            assert job["dns_sd_configs"][0]["names"] == [job["job_name"]]


def test_alerts_about_missing_programs_name_all_of_them() -> None:
    missing = next(alert for alert in ALERTS if alert["alert"] == "ProgramMissing")
    assert set(re.findall(r'job="(\w+)"', missing["expr"])) == set(container.CHECKS)


@pytest.mark.parametrize(
    ("query", "metrics", "labels"),
    [
        ("up == 0", {"up"}, set()),
        ('sum by (a, b) (rate(x_total{c=~"5..", d!="y_total"}[5m])) / 1e3 > 0.5', {"x_total"}, {"a", "b", "c", "d"}),
        ("histogram_quantile(0.99, sum(rate(y_bucket[$__rate_interval])) by (le))", {"y_bucket"}, {"le"}),
        ('absent(a{job="b"}) or on (c) group_left () b offset 5m unless z', {"a", "b", "z"}, {"job", "c"}),
        ("label_replace(a, \"b\", \"$1\", \"c\", \"(.*)\") * 1.5e3 - inf", {"a"}, set()),
    ],
)  # fmt: skip
def test_queries_are_understood(query: str, metrics: set[str], labels: set[str]) -> None:
    assert asked(query) == Asked(metrics, labels)
