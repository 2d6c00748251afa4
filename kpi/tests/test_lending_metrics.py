"""What is lent, in GET /metrics."""

import pytest
from django.db import DatabaseError
from prometheus_client.parser import text_string_to_metric_families

from kpi import lending_metrics
from risk.tests.margin_desk import MarginDesk


@pytest.fixture
def desk(db):
    desk = MarginDesk()
    desk.moves_in("alice", "USDT", "100")
    desk.borrows("alice", "USDT", "400")
    return desk


def figures(client):
    text = client.get("/metrics").content.decode()
    families = text_string_to_metric_families(text)
    return {(s.name, *s.labels.values()): s.value for family in families for s in family.samples}


def test_what_is_lent_and_what_the_pool_has_left(client, desk):
    told = figures(client)
    assert told["bourse_lending_borrowed", "USDT"] == 400
    assert told["bourse_lending_interest_due", "USDT"] == 0.004
    assert told["bourse_lending_open_loans", "USDT"] == 1
    assert (told["bourse_lending_pool_free", "USDT"], told["bourse_lending_pool_free", "BTC"]) == (
        999_600,
        100,
    )
    assert told["bourse_lending_liquidations", "warned"] == 0


def test_without_the_database_the_rest_is_told(client, db, monkeypatch):
    def gone(*arguments):
        raise DatabaseError("gone")

    monkeypatch.setattr(lending_metrics.LendingMetrics, "collect", gone)
    told = figures(client)
    assert not any(name.startswith("bourse_lending") for name, *_ in told)
    assert any(name.startswith("process_") for name, *_ in told)
