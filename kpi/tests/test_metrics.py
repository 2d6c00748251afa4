"""GET /metrics"""

import re
import shutil
import subprocess

import pytest
from django.conf import settings as django_settings
from django.db import OperationalError, close_old_connections, connection
from prometheus_client import REGISTRY, CollectorRegistry, generate_latest
from prometheus_client.metrics import MetricWrapperBase
from prometheus_client.parser import text_string_to_metric_families

from accounts.models import Balance
from kpi import metrics
from kpi.tests.test_lending_metrics import figures

DOCUMENT = django_settings.BASE_DIR / "docs" / "metrics.md"
ROW = re.compile(r"^\| `([a-z_]+)` \| (counter|gauge|histogram) \| ?([a-z, ]*?) ?\| \S.* \|$", re.MULTILINE)


def test_metrics_are_as_prometheus_reads_them(client, db):
    client.get("/api/v1/time")
    client.get("/api/v1/nothing-here")
    answer = client.get("/metrics")
    assert answer.status_code == 200 and answer["Content-Type"].startswith("text/plain")
    families = {family.name: family for family in text_string_to_metric_families(answer.content.decode())}
    responses = families["django_http_responses_total_by_status"].samples
    counted = {
        sample.labels["status"]: sample.value for sample in responses if sample.name.endswith("_total")
    }
    assert counted["200"] >= 1 and counted["404"] >= 1
    assert "django_http_requests_latency_seconds_by_view_method" in families
    assert "process_start_time_seconds" in families


def test_prometheus_own_judge_finds_nothing_to_say(client, db):
    client.get("/api/v1/time")
    assert judged(client.get("/metrics").content) == ""


def test_nor_would_it_of_a_page_on_which_every_metric_has_a_sample(db):
    registry = CollectorRegistry()
    for metric in meters():
        if not metric._name.startswith("django_"):
            copy = type(metric)(metric._name, metric._documentation, metric._labelnames, registry=registry)
            if metric._labelnames:
                copy.labels(*metric._labelnames)
    read = [*metrics.in_the_database.collect(), *metrics.Up(True).collect()]
    for family in read:
        family.samples.clear()
        family.add_metric(family._labelnames, 1)
    everything = CollectorRegistry()
    everything.collect = lambda: [*registry.collect(), *read]
    assert judged(generate_latest(everything)) == ""


def judged(page):
    """What promtool says."""
    promtool = shutil.which("promtool")
    assert promtool, "promtool is not installed: it is in Debian's package prometheus"
    command = [promtool, "check", "metrics"]
    done = subprocess.run(command, input=page, capture_output=True, timeout=60, check=False)
    said = (done.stdout + done.stderr).decode()
    assert bool(done.returncode) == bool(said)
    return said


def test_the_judge_says_something_when_there_is_something_to_say():
    assert "counter" in judged(b"# HELP bad_total A gauge.\n# TYPE bad_total gauge\nbad_total 1\n")


def test_addresses_that_somebody_makes_up_do_not_become_metrics(client, db):
    for n in range(20):
        client.get(f"/made-up/{n}")
        client.get(f"/api/v1/orderbook/MADE-UP-{n}")
        client.get(f"/api/v1/made-up/{n}")
    assert "made-up" not in client.get("/metrics").content.decode().lower()


# ---- who may look ----


def test_others_do_not_even_learn_that_it_is_there(client, db, settings):
    answer = client.get("/metrics", REMOTE_ADDR="192.0.2.1", HTTP_ACCEPT="application/json")
    assert (answer.status_code, answer.json()["code"]) == (404, "NOT_FOUND")
    settings.METRICS_ALLOW = ["192.0.2.0/24", "2001:db8::7"]
    assert client.get("/metrics", REMOTE_ADDR="192.0.2.1").status_code == 200
    assert client.get("/metrics", REMOTE_ADDR="2001:db8::7").status_code == 200
    assert client.get("/metrics", REMOTE_ADDR="127.0.0.1").status_code == 404


def test_an_empty_list_lets_nobody_look(client, db, settings):
    settings.METRICS_ALLOW = []
    assert client.get("/metrics").status_code == 404


def test_behind_a_proxy_it_is_the_clients_address_that_counts(client, db, settings):
    settings.TRUST_PROXY = True
    assert client.get("/metrics", HTTP_X_REAL_IP="192.0.2.1").status_code == 404
    settings.METRICS_ALLOW = ["192.0.2.1"]
    assert client.get("/metrics", HTTP_X_REAL_IP="192.0.2.1").status_code == 200


# ---- what is missing is told ----


@pytest.mark.parametrize("header", ["HTTP_X_FORWARDED_FOR", "HTTP_X_REAL_IP", "HTTP_FORWARDED"])
def test_a_proxy_that_nobody_told_us_of_opens_no_door(client, db, settings, header):
    """Beside us on this machine, it has an address that may look; whoever it asks for need not."""
    settings.TRUST_PROXY = False
    assert client.get("/metrics", REMOTE_ADDR="127.0.0.1").status_code == 200
    assert client.get("/metrics", REMOTE_ADDR="127.0.0.1", **{header: "203.0.113.9"}).status_code == 404


@pytest.mark.parametrize("said", ["", "unknown", None])
def test_a_proxy_that_does_not_say_who_asks_opens_no_door(client, db, settings, said):
    settings.TRUST_PROXY = True
    headers = {"HTTP_X_FORWARDED_FOR": "203.0.113.9"} | ({} if said is None else {"HTTP_X_REAL_IP": said})
    assert client.get("/metrics", REMOTE_ADDR="127.0.0.1", **headers).status_code == 404
    assert client.get("/metrics", REMOTE_ADDR="127.0.0.1").status_code == 200


def test_without_the_database_what_was_counted_is_told_all_the_same(client, db, monkeypatch):
    assert figures(client)["bourse_database_up",] == 1

    def away(*arguments, **named):
        raise OperationalError("away")

    monkeypatch.setattr(Balance.objects, "filter", away)
    client.get("/api/v1/time")
    told = figures(client)
    assert told["bourse_database_up",] == 0
    assert told["api_requests_total", "/api/v1/time", "GET", "200"] >= 1


class Hanging:
    """A collector that asks what the database does not answer."""

    def __init__(self):
        self.hangs = False

    def collect(self):
        if self.hangs:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_sleep(5)")
        return []


@pytest.mark.django_db(transaction=True)
def test_a_database_that_says_nothing_is_not_waited_for_longer_than_prometheus_waits(client, monkeypatch):
    monkeypatch.setattr(metrics, "PATIENCE_SECONDS", 0.3)
    hanging = Hanging()
    metrics.in_the_database.register(hanging)
    try:
        assert figures(client)["bourse_database_up",] == 1
        hanging.hangs = True
        assert figures(client)["bourse_database_up",] == 0
        assert connection.connection.closed, "given up, and not answered"
        close_old_connections()  # as at the end of each request
        hanging.hangs = False
        assert figures(client)["bourse_database_up",] == 1
        assert connection.connection.patience_seconds != metrics.PATIENCE_SECONDS
    finally:
        metrics.in_the_database.unregister(hanging)
        connection.close()


# ---- the document ----


def documented():
    return {
        name: (kind, tuple(filter(None, labels.split(", "))))
        for name, kind, labels in ROW.findall(DOCUMENT.read_text())
    }


def meters():
    """Those of this process."""
    return [each for each in REGISTRY._collector_to_names if isinstance(each, MetricWrapperBase)]


def exported():
    """Name -> kind and labels, of what is counted and of what is read."""
    read = [*metrics.in_the_database.collect(), *metrics.Up(True).collect()]
    return {_counted_name(each): (each._type, tuple(each._labelnames)) for each in meters()} | {
        family.name: (family.type, tuple(family._labelnames)) for family in read
    }


def _counted_name(metric):
    return metric._name + ("_total" if metric._type == "counter" else "")


def test_the_document_lists_every_metric_with_its_kind_and_labels_and_no_other(db):
    ours = {name: shape for name, shape in exported().items() if not name.startswith("django_")}
    assert documented() == ours


def test_the_document_names_those_of_django_prometheus(db):
    names = set(re.findall(r"`(django_[a-z_]+)`", DOCUMENT.read_text()))
    theirs = {name for name in exported() if name.startswith("django_http_")}
    assert names == theirs


def test_every_metric_has_words(db):
    families = [*REGISTRY.collect(), *metrics.in_the_database.collect()]
    assert [family.name for family in families if not family.documentation] == []


@pytest.mark.parametrize("name", ["bourse_orders_total", "api_request_latency_seconds"])
def test_what_the_test_of_the_document_reads(name):
    assert name in documented()
