"""GET /api/v1/kpi/security"""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from prometheus_client import CollectorRegistry, Counter

from accounts.meters import AUTH_FAILURES
from accounts.models import Session
from accounts.services import create_api_key
from common import clock
from kpi.services import take_samples
from kpi.tests.counting import Process, counted
from trading.tests.api.desk import Desk, person

pytestmark = pytest.mark.django_db


@pytest.fixture
def staff():
    return Desk(person("admin", funds={}, is_staff=True))


def told(staff, **parameters):
    answer = staff.get("kpi/security", **parameters)
    assert answer.status_code == 200, answer.content
    return answer.json()


def test_an_exchange_that_kept_nobody_out(staff):
    figures = told(staff)
    for name in ("failed_log_ins", "refused_signatures"):
        assert figures[name] == {"total": 0, "by_reason": []}
    assert figures["limit_hits"] == {"total": 0, "by_scope": []}
    assert (
        figures["suspended_users"] is figures["sessions"] is figures["api_keys"] is None
        and figures["series"] == []
    )


def test_what_was_refused_is_told_by_its_reason(staff):
    process = Process(AUTH_FAILURES)
    for reason, times in (("password", 3), ("api_key", 2), ("token", 5), ("replay", 4), ("signature", 1)):
        AUTH_FAILURES.labels(reason).inc(times)
    counted(process)
    figures = told(staff)
    assert figures["failed_log_ins"] == {
        "total": 5,
        "by_reason": [{"reason": "password", "count": 3}, {"reason": "api_key", "count": 2}],
    }
    assert figures["refused_tokens"] == 5
    assert figures["refused_signatures"] == {
        "total": 5,
        "by_reason": [{"reason": "replay", "count": 4}, {"reason": "signature", "count": 1}],
    }
    assert [each["auth_failures"] for each in figures["series"]] == [15]


def test_a_wrong_signature_is_counted_where_it_is_refused(staff):
    process = Process(AUTH_FAILURES)
    signed = {"X-API-Key": "none", "X-Timestamp": str(clock.to_ms(clock.now())), "X-Signature": "0" * 64}
    assert Desk().client.get("/api/v1/orders", headers=signed).status_code == 401
    counted(process)
    assert told(staff)["refused_signatures"]["total"] == 1


def test_limit_hits_are_told_by_scope(staff):
    hits = Counter("rate_limit_hits_total", "of a test", ["scope"], registry=CollectorRegistry())
    process = Process(hits)
    hits.labels("orders").inc(2)
    hits.labels("address").inc(1)
    counted(process)
    figures = told(staff)
    assert figures["limit_hits"]["by_scope"] == [
        {"scope": "orders", "count": 2},
        {"scope": "address", "count": 1},
    ]
    assert [each["limit_hits"] for each in figures["series"]] == [3]


def test_users_and_keys_are_those_that_there_are(staff):
    alice = person("alice", suspended_at=clock.now(), suspended_reason="a test")
    create_api_key(alice, "one", ["read"])
    create_api_key(alice, "two", ["read", "trade"])
    gone, _, _ = create_api_key(alice, "gone", ["trade"])
    gone.revoked_at = clock.now()
    gone.save()
    old, _, _ = create_api_key(alice, "old", ["read", "trade"])
    old.expires_at = clock.now() - timedelta(seconds=1)
    old.save()
    take_samples()
    figures = told(staff)
    assert figures["suspended_users"] == 1
    assert figures["sessions"] == Session.objects.count() == 1
    assert figures["api_keys"]["total"] == 2
    scopes = {each["scope"]: each["count"] for each in figures["api_keys"]["by_scope"]}
    assert scopes == {"read": 2, "trade": 1, "withdraw": 0}


def test_what_nobody_has_looked_at_lately_is_not_told(staff, monkeypatch):
    take_samples()
    later = clock.now() + timedelta(minutes=6)
    assert told(staff)["suspended_users"] == 0
    with monkeypatch.context() as patch:
        patch.setattr("kpi.selectors.samples.clock.now", lambda: later)
        assert told(staff)["suspended_users"] is None


def test_it_reads_the_roll_ups_alone(staff):
    with CaptureQueriesContext(connection) as queries:
        told(staff)
    asked = [query["sql"] for query in queries]
    assert not any('FROM "accounts_apikey"' in sql for sql in asked)
    assert sum('"kpi_' in sql for sql in asked) == 5
