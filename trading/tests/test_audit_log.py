"""Each rule about the event log and the books made from it, proved by corrupting what it guards."""

from pathlib import Path

import pytest

from trading import audit
from trading.models import BookState, OrderEvent
from trading.tests.audit_desk import Desk, corrupted, empty_the_database

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def made(django_db_setup, django_db_blocker):
    """Committed once for this file: each corruption is undone before the next."""
    with django_db_blocker.unblock():
        yield Desk(rounds=1)
        empty_the_database()


@pytest.fixture
def desk(made, db):
    return made


def test_a_log_that_ends_before_the_books_sequence(desk):
    newest = BookState.objects.get(market_id=desk.btc).sequence
    found = desk.broken_by(
        f"UPDATE trading_bookstate SET sequence = sequence + 1 WHERE market_id = {desk.btc}"
    )
    assert set(found) == {"L5-LOG-GAP"}
    assert (
        f"the newest event is {newest}, the book's row says {newest + 1}" in found["L5-LOG-GAP"][0]["wrong"]
    )


def test_an_event_that_is_missing(desk):
    sequence = OrderEvent.objects.get(order_id=desk.cancelled.pk, kind="C").sequence
    found = desk.broken_by(
        f"DELETE FROM trading_orderevent WHERE market_id = {desk.btc} AND sequence = {sequence}"
    )
    assert set(found) == {"L5-LOG-GAP", "L5-BOOK", "L7-ORDER"}
    assert found["L5-LOG-GAP"][0]["wrong"] == f"events {sequence} to {sequence} are missing"
    assert found["L7-ORDER"][0]["order_id"] == desk.cancelled.pk


def test_time_that_runs_backwards(desk):
    found = desk.broken_by(
        f"UPDATE trading_orderevent SET created_at = '2000-01-01' WHERE kind = 'C' AND order_id = {desk.cancelled.pk}"
    )
    assert set(found) == {"L5-TIME"}
    assert found["L5-TIME"][0]["symbol"] == "BTC-USDT"


def test_a_last_price_that_is_not_the_last(desk):
    found = desk.broken_by(f"UPDATE trading_bookstate SET last_price = 1 WHERE market_id = {desk.btc}")
    assert set(found) == {"L5-STATE"}
    assert found["L5-STATE"] == [{"symbol": "BTC-USDT", "name": "last_price", "stored": "1", "told": "31000"}]


def test_a_trade_that_is_not_what_its_event_says(desk):
    found = desk.broken_by(
        f"UPDATE trading_trade SET created_at = created_at - interval '1 hour' WHERE id = {desk.trade.pk}"
    )
    assert set(found) == {"L5-TRADE"}
    assert found["L5-TRADE"][0]["trade_id"] == desk.trade.pk


def test_two_orders_that_changed_places(desk):
    first, second = desk.bid, desk.later_bid
    found = desk.broken_by(
        f"UPDATE trading_order SET priority = {second.priority} WHERE id = {first.pk}",
        f"UPDATE trading_order SET priority = {first.priority} WHERE id = {second.pk}",
    )
    assert set(found) == {"L5-BOOK", "L7-ORDER"}
    assert [row["order_id"] for row in found["L5-BOOK"]] == [first.pk, second.pk]


def test_an_open_order_that_is_not_as_the_log_left_it(desk):
    found = desk.broken_by(f"UPDATE trading_order SET post_only = true WHERE id = {desk.bid.pk}")
    assert set(found) == {"L5-BOOK", "L7-ORDER"}
    assert found["L5-BOOK"] == [{"symbol": "BTC-USDT", "order_id": desk.bid.pk}]


def test_a_cancel_that_was_acknowledged_and_lost(desk):
    """The order is open again in its row; the log knows better."""
    found = desk.broken_by(
        "UPDATE trading_order SET status = 'open', reason = '', cancelled_quantity = 0"
        f" WHERE id = {desk.cancelled.pk}"
    )
    assert set(found) == {"L5-BOOK", "L7-ORDER", "L2-HELD"}
    assert found["L5-BOOK"][0]["order_id"] == desk.cancelled.pk


def test_an_order_that_is_lost(desk):
    found = desk.broken_by(f"DELETE FROM trading_order WHERE id = {desk.cancelled.pk}")
    assert found == {
        "L7-ACCEPTED": [{"order_id": desk.cancelled.pk, "times": 1, "existence": "there is no such order"}]
    }


def test_an_open_order_that_is_lost_with_its_hold(desk):
    found = desk.broken_by(
        f"DELETE FROM trading_order WHERE id = {desk.bid.pk}",
        desk.credit(desk.alice, "USDT", "-290", "held"),
        desk.credit(desk.alice, "USDT", "290"),
    )
    assert set(found) == {"L7-ACCEPTED", "L5-BOOK"}
    assert [row["order_id"] for row in found["L5-BOOK"]] == [desk.bid.pk]


def test_an_order_that_was_never_accepted(desk):
    found = desk.broken_by(
        f"""INSERT INTO trading_order SELECT (jsonb_populate_record(o, '{{"id": 987654321,
            "client_order_id": "never"}}')).* FROM trading_order o WHERE id = {desk.cancelled.pk}"""
    )
    assert found == {"L7-ACCEPTED": [{"order_id": 987654321, "times": 0, "existence": "the order exists"}]}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("reason = 'NO_LIQUIDITY'", "reason is NO_LIQUIDITY, by the log CANCELLED_BY_USER"),
        ("side = 'sell'", "side is sell, by the log buy"),
        ("price = price + 1", "price is 27001, by the log 27000"),
        ("client_order_id = 'other'", "client_order_id is other, by the log"),
        ("priority = priority + 1", "priority is"),
    ],
)
def test_an_order_that_is_not_what_the_log_says(desk, change, said):
    found = desk.broken_by(f"UPDATE trading_order SET {change} WHERE id = {desk.cancelled.pk}")
    assert set(found) == {"L7-ORDER"}
    [row] = found["L7-ORDER"]
    assert row["order_id"] == desk.cancelled.pk
    assert said in row["differences"]


def test_an_order_of_an_account_that_does_not_exist(desk):
    found = desk.broken_by(
        f"UPDATE trading_order SET account_id = 987654321 WHERE id = {desk.cancelled.pk}",
        f"UPDATE trading_orderevent SET account_id = 987654321 WHERE order_id = {desk.cancelled.pk}",
    )
    assert found == {
        "L7-ORPHAN": [
            {"what": "order", "id": str(desk.cancelled.pk), "wrong": "its account 987654321 does not exist"}
        ]
    }


@pytest.mark.parametrize(
    "change",
    [
        "kind = 'X'",
        "details = NULL",
        "details = '{}'",
    ],
)
def test_an_event_that_cannot_be_read_is_named_and_does_not_stop_the_audit(desk, change):
    found = desk.broken_by(
        f"UPDATE trading_orderevent SET {change} WHERE kind = 'A' AND order_id = {desk.bid.pk}"
    )
    [row] = found["L5-BOOK"]
    assert row == {"symbol": "BTC-USDT", "sequence": desk.bid.priority}


def test_an_event_that_does_not_fit_the_book_is_named(desk):
    found = desk.broken_by(
        f"UPDATE trading_orderevent SET quantity = quantity + 1 WHERE kind = 'C' AND order_id = {desk.cancelled.pk}"
    )
    assert set(found) == {"L5-BOOK", "L7-ORDER"}
    assert found["L5-BOOK"][0]["sequence"] == desk.cancelled.priority + 1


def test_a_fast_audit_does_not_see_what_only_the_replay_shows(desk):

    with corrupted(*desk.smuggle_in_a_bid(31_500), *desk.smuggle_in_a_bid(20_000, 1_000_001)) as cursor:
        fast = audit.broken_rules(audit.check(cursor, fast=True).violations)
        whole = audit.broken_rules(audit.check(cursor).violations)
    assert (fast, whole) == (["L4-CROSSED"], ["L4-CROSSED", "L4-UNCROSSED"])


def test_every_rule_is_proved_by_a_corruption():
    files = Path(__file__).parent.glob("test_audit_*.py")
    text = "".join(file.read_text() for file in files)
    assert [rule.id for rule in audit.RULES if f'"{rule.id}"' not in text] == []


def test_every_rule_is_documented():
    text = (Path(__file__).parents[2] / "docs" / "audit.md").read_text()
    assert [rule.id for rule in audit.RULES if f"| {rule.id} |" not in text] == []
    assert text.count("| L") == len(audit.RULES)
