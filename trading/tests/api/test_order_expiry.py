"""Orders with time_in_force gtd: they end at `expires_at`, and never trade after it."""

from datetime import timedelta

import pytest

from common import clock
from trading.services import set_market_status
from trading.tests.api.desk import book, refusal, sweep, trade

pytestmark = pytest.mark.usefixtures("audited")

MINUTE = 60_000
TEN_YEARS = 3653 * 24 * 60 * MINUTE


@pytest.fixture
def at(monkeypatch):
    """Puts the exchange's clock to so many milliseconds after the start of the test, and stops it there."""
    start = clock.now()

    def at(milliseconds):
        monkeypatch.setattr(clock, "now", lambda: start + timedelta(milliseconds=milliseconds))
        return clock.to_ms(clock.now())

    at(0)
    return at


def until(desk, moment, side="buy", price="30000", **more):
    return desk.place(side, "0.1", price, time_in_force="gtd", expires_at=moment, **more)


def test_it_rests_until_its_time(alice, bob, at):
    moment = at(0) + MINUTE
    order = until(alice, moment).json()
    assert (order["status"], order["time_in_force"], order["expires_at"]) == ("open", "gtd", moment)
    at(MINUTE - 1)
    sweep()
    assert alice.order(order)["status"] == "open"
    at(MINUTE)
    sweep()
    ended = alice.order(order)
    assert (ended["status"], ended["reason"], ended["updated_at"]) == ("expired", "EXPIRED", moment)
    assert alice.balance("USDT") == ("1000000", "0")
    assert alice.get("orders", status="expired").json()["results"][0]["id"] == order["id"]
    assert refusal(alice.delete(f"orders/{order['id']}")) == (409, "ORDER_NOT_OPEN")


def test_it_trades_in_its_last_millisecond(alice, bob, at):
    order = until(alice, at(0) + MINUTE).json()
    at(MINUTE - 1)
    bob.sells("0.1", "30000")
    assert alice.order(order)["status"] == "filled"


def test_it_never_trades_a_millisecond_later_though_nobody_has_swept(alice, bob, at):
    order = until(alice, at(0) + MINUTE).json()
    at(MINUTE)
    sold = bob.sells("0.1", "30000", time_in_force="ioc")
    assert (sold["status"], sold["fills"]) == ("cancelled", [])
    assert alice.order(order)["status"] == "expired"
    assert book() == ([], [])


def test_what_was_filled_before_stays_filled(alice, bob, at):
    order = until(alice, at(0) + MINUTE).json()
    bob.sells("0.04", "30000")
    at(MINUTE)
    sweep()
    ended = alice.order(order)
    assert (ended["status"], ended["filled_quantity"], ended["reason"]) == ("expired", "0.04", "EXPIRED")
    assert alice.balance("USDT") == ("998800", "0")


def test_an_order_that_waits_for_a_price_expires_too(alice, bob, carol, at):
    order = alice.sells(
        "0.1", type="stop_market", trigger_price="29000", time_in_force="gtd", expires_at=at(0) + MINUTE
    )
    at(MINUTE)
    carol.buys("1", "29000")
    bob.sells("0.01", "29000")
    ended = alice.order(order)
    assert (ended["status"], ended["fills"]) == ("expired", [])
    assert alice.balance("BTC") == ("10", "0")


def test_a_stop_limit_that_fired_still_expires(alice, bob, carol, at):
    order = alice.sells(
        "0.1", "29500", type="stop_limit", trigger_price="29000", time_in_force="gtd",
        expires_at=at(0) + MINUTE,
    )  # fmt: skip
    trade(bob, carol, "29000")
    assert alice.order(order)["status"] == "open"
    at(MINUTE)
    assert carol.buys("0.1", "29500", time_in_force="ioc")["fills"] == []
    assert alice.order(order)["status"] == "expired"


def test_it_cannot_be_cancelled_or_amended_after_its_time(alice, at):
    order = until(alice, at(0) + MINUTE).json()
    at(MINUTE)
    assert refusal(alice.patch(f"orders/{order['id']}", {"quantity": "0.05"})) == (409, "ORDER_NOT_OPEN")
    assert refusal(alice.delete(f"orders/{order['id']}")) == (409, "ORDER_NOT_OPEN")
    assert alice.order(order)["status"] == "expired"


def test_one_that_has_expired_already_is_refused(alice, at):
    for moment in (0, at(0) - 1, at(0)):
        assert refusal(until(alice, moment)) == (422, "ORDER_EXPIRED")
    assert until(alice, at(0) + 1).status_code == 201


def test_sent_again_after_its_time_it_answers_with_the_first(alice, at):
    moment = at(0) + MINUTE
    first = until(alice, moment, client_order_id="mine").json()
    at(2 * MINUTE)
    sweep()
    again = until(alice, moment, client_order_id="mine")
    assert (again.status_code, again.json()["id"], again.json()["status"]) == (200, first["id"], "expired")


def test_its_time_is_within_ten_years(alice, at):
    now = at(0)
    assert until(alice, now + TEN_YEARS).status_code == 201
    answer = until(alice, now + TEN_YEARS + 1)
    assert refusal(answer) == (400, "VALIDATION_ERROR")
    assert answer.json()["details"] == {"expires_at": ["Must be within ten years from now."]}


@pytest.mark.parametrize("moment", [-1, "1800000000000", 1.8e12, True, [], {}, "", 9**40])
def test_a_time_is_an_integer(alice, moment):
    answer = until(alice, moment)
    assert refusal(answer) == (400, "VALIDATION_ERROR")
    assert list(answer.json()["details"]) == ["expires_at"]


@pytest.mark.parametrize(
    ("terms", "field"),
    [
        ({"time_in_force": "gtd"}, "expires_at"),
        ({"time_in_force": "gtd", "expires_at": None}, "expires_at"),
        ({"time_in_force": "gtc"}, "expires_at"),
        ({"time_in_force": "ioc"}, "expires_at"),
        ({"type": "market", "price": None}, "time_in_force"),
    ],
    ids=str,
)
def test_gtd_and_its_time_go_together_and_with_orders_that_can_wait(alice, at, terms, field):
    body = {
        "symbol": "BTC-USDT", "side": "buy", "type": "limit", "price": "30000", "quantity": "0.1",
        "time_in_force": "gtd", "expires_at": at(0) + MINUTE, **terms,
    }  # fmt: skip
    if terms.get("time_in_force") == "gtd" and "expires_at" not in terms:
        del body["expires_at"]
    answer = alice.post("orders", body)
    assert refusal(answer) == (400, "VALIDATION_ERROR")
    assert list(answer.json()["details"]) == [field]


# ---- orders that hang together ----

STOP = {"type": "stop_market", "trigger_price": "20000"}


def gtd(moment, **terms):
    return {"type": "limit", "time_in_force": "gtd", "expires_at": moment, **terms}


def fates(desk, orders):
    return [(order["status"], order["reason"]) for order in map(desk.order, orders)]


def test_of_a_pair_one_expires_and_the_other_ends_with_it(alice, at):
    body = {"symbol": "BTC-USDT", "side": "sell", "quantity": "0.1"}
    legs = {"take_profit": gtd(at(0) + MINUTE, price="31000"), "stop_loss": STOP}
    orders = alice.post("orders/oco", body | legs).json()["orders"]
    at(MINUTE)
    sweep()
    assert fates(alice, orders) == [("expired", "EXPIRED"), ("cancelled", "LINKED_ORDER")]
    assert alice.balance("BTC") == ("10", "0")


@pytest.mark.parametrize("filled", [False, True])
def test_an_entry_that_expires_ends_its_exits_unless_it_was_filled_in_part(alice, bob, at, filled):
    entry = gtd(at(0) + MINUTE, price="30000", side="buy", quantity="0.1")
    body = {
        "symbol": "BTC-USDT",
        "entry": entry,
        "take_profit": {"type": "limit", "price": "31000"},
        "stop_loss": STOP,
    }
    orders = alice.post("orders/bracket", body).json()["orders"]
    if filled:
        bob.sells("0.04", "30000")
    at(MINUTE)
    sweep()
    exits = [("open", ""), ("pending_trigger", "")] if filled else [("cancelled", "ENTRY_ENDED")] * 2
    assert fates(alice, orders) == [("expired", "EXPIRED"), *exits]
    assert alice.balance("BTC") == (("10", "0.03996") if filled else ("10", "0"))


def test_an_exit_that_expires_before_its_entry_takes_the_other_with_it(alice, bob, at):
    entry = {"type": "limit", "price": "30000", "side": "buy", "quantity": "0.1"}
    body = {
        "symbol": "BTC-USDT",
        "entry": entry,
        "take_profit": gtd(at(0) + MINUTE, price="31000"),
        "stop_loss": STOP,
    }
    orders = alice.post("orders/bracket", body).json()["orders"]
    at(MINUTE)
    bob.sells("0.1", "30000")
    assert fates(alice, orders) == [("filled", ""), ("expired", "EXPIRED"), ("cancelled", "LINKED_ORDER")]
    assert alice.balance("BTC") == ("10.0999", "0")


def test_it_expires_while_the_market_is_halted_too(alice, at):
    order = until(alice, at(0) + MINUTE).json()
    set_market_status("BTC-USDT", "halted")
    at(MINUTE)
    sweep()
    assert alice.order(order)["status"] == "expired"
