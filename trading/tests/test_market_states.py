"""What a market takes in each of its states, and how it gets from one to another."""

from decimal import Decimal

import pytest

from common.clock import to_ms
from common.errors import Refused
from market.models import Market
from trading import market_states, services
from trading.matching.commands import SetStatus
from trading.models import Order, OrderEvent
from trading.rules import NewOrder
from trading.services import LinkedLeg
from trading.tests.desk import TradingDesk, new_order
from trading.tests.laws import broken_laws

SYMBOL = "BTC-USDT"
LATER = 4_000_000_000_000
TAKEN, CLOSED = "taken", "MARKET_NOT_OPEN"
STATES = ("open", "post_only", "cancel_only", "halted", "auction")

# What is asked for, and the states in which it is taken; in all others it is refused with MARKET_NOT_OPEN.
PLACING = {
    "limit": (new_order("buy", "0.01", "40000"), "open auction"),
    "limit that trades at once": (new_order("buy", "0.01", "51000"), "open auction"),
    "good till date": (new_order("buy", "0.01", "40000", time_in_force="gtd", expires_at=LATER), "open auction"),
    "immediate or cancel": (new_order("buy", "0.01", "40000", time_in_force="ioc"), "open"),
    "fill or kill": (new_order("buy", "0.01", "51000", time_in_force="fok"), "open"),
    "post-only": (new_order("buy", "0.01", "40000", post_only=True), "open post_only"),
    "iceberg": (new_order("buy", "0.01", "40000", display="0.001"), "open auction"),
    "market": (new_order("buy", "0.01"), "open"),
    "market by cost": (new_order("buy", quote_quantity="100"), "open"),
    "stop": (NewOrder("sell", "stop_market", Decimal("0.01"), trigger_price=Decimal(1000)), "open"),
    "stop limit": (
        NewOrder("sell", "stop_limit", Decimal("0.1"), Decimal(1000), trigger_price=Decimal(1000)), "open"
    ),
    "take profit": (NewOrder("sell", "take_profit_market", Decimal("0.01"), trigger_price=Decimal(90000)), "open"),
    "trailing stop": (NewOrder("sell", "trailing_stop", Decimal("0.01"), trail_percent=Decimal(1)), "open"),
}  # fmt: skip
AMENDING = {
    "smaller": ("limit", {"quantity": Decimal("0.05")}, "open post_only auction"),
    "larger": ("limit", {"quantity": Decimal("0.5")}, "open auction"),
    "another price": ("limit", {"price": Decimal(41000)}, "open auction"),
    "another price of a post-only": ("post-only", {"price": Decimal(41000)}, "open post_only auction"),
    "another trigger": ("stop", {"trigger_price": Decimal(2000)}, "open"),
}
RESTING = {
    "limit": new_order("buy", "0.1", "39000"),
    "post-only": new_order("buy", "0.1", "39000", post_only=True),
    "stop": NewOrder("sell", "stop_market", Decimal("0.01"), trigger_price=Decimal(1000)),
}


@pytest.fixture
def desk(transactional_db):
    desk = TradingDesk(funds={"USDT": "1000000", "BTC": "10"})
    yield desk
    assert broken_laws() == []


def in_state(desk, state):
    """A market with a last price and orders on both sides, brought to a state."""
    desk.sells("carol", "0.1", at="50000")
    desk.buys("bob", "0.1", at="50000")
    desk.sells("carol", "5", at="50500")
    desk.buys("carol", "1", at="49000")
    services.set_market_status(SYMBOL, state)
    assert Market.objects.get(symbol=SYMBOL).status == state


def answer(service, *arguments, **terms):
    try:
        service(*arguments, **terms)
    except Refused as refused:
        return refused.code.name
    return TAKEN


def expected(states, state):
    return TAKEN if state in states.split() else CLOSED


@pytest.mark.parametrize("state", STATES)
def test_which_new_orders_a_market_takes(desk, state):
    in_state(desk, state)
    account = desk.accounts["alice"]
    answers = {name: answer(services.place_order, account, SYMBOL, new) for name, (new, _) in PLACING.items()}
    assert answers == {name: expected(states, state) for name, (_, states) in PLACING.items()}


@pytest.mark.parametrize("state", STATES)
def test_which_linked_orders_a_market_takes(desk, state):
    in_state(desk, state)
    profit, stop = new_order("sell", "0.01", "60000"), PLACING["stop"][0]
    pair = [LinkedLeg("take_profit", "oco", profit), LinkedLeg("stop_loss", "oco", stop)]
    bracket = [
        LinkedLeg("entry", "entry", new_order("buy", "0.01", "40000")),
        LinkedLeg("stop_loss", "stop_loss", stop),
    ]
    account = desk.accounts["alice"]
    assert answer(services.place_linked, account, SYMBOL, pair) == expected("open", state)
    assert answer(services.place_linked, account, SYMBOL, bracket) == expected("open auction", state)


@pytest.mark.parametrize("state", STATES)
def test_which_changes_a_market_takes(desk, state):
    placed = {name: desk.calls("alice", SYMBOL, RESTING[kind]) for name, (kind, _, _) in AMENDING.items()}
    in_state(desk, state)
    account, answers = desk.accounts["alice"], {}
    for name, (_, changes, _) in AMENDING.items():
        asked = {"price": None, "quantity": None} | changes
        answers[name] = answer(services.amend_order, account, placed[name].order.id, **asked)
    assert answers == {name: expected(states, state) for name, (_, _, states) in AMENDING.items()}


@pytest.mark.parametrize("state", STATES)
def test_cancels_are_always_taken(desk, state):
    placed = [desk.calls("alice", SYMBOL, new) for new in RESTING.values()]
    in_state(desk, state)
    for one in placed[1:]:
        assert desk.cancels("alice", one).status == "cancelled"
    assert desk.cancels_all("alice", SYMBOL) == [placed[0].order.id]
    assert desk.balance("alice", "USDT") == ("1000000", "0") and desk.balance("alice", "BTC") == ("10", "0")


@pytest.mark.parametrize("state", ["post_only", "cancel_only", "halted", "auction"])
def test_nothing_trades_while_the_market_is_not_open(desk, state):
    in_state(desk, state)
    desk.buys("alice", "0.1", at="50500")
    assert OrderEvent.objects.filter(kind__in="TU").count() == 1


@pytest.mark.parametrize(
    ("now_is", "ends_at", "wanted", "seconds", "done"),
    [
        ("open", None, "open", 60, SetStatus("open", "why")),
        ("open", None, "halted", None, SetStatus("halted", "why")),
        ("halted", None, "open", 60, SetStatus("auction", "why", 61_000)),
        ("halted", None, "open", 0, SetStatus("auction", "why", 1000)),
        ("halted", None, "post_only", None, SetStatus("post_only", "why")),
        ("cancel_only", None, "open", 60, SetStatus("open", "why")),
        ("auction", 31_000, "open", 60, SetStatus("auction", "why", 31_000)),
        ("auction", 31_000, "open", 10, SetStatus("auction", "why", 11_000)),
        ("auction", None, "open", 60, SetStatus("auction", "why", 61_000)),
        ("auction", 31_000, "auction", 60, SetStatus("auction", "why", 61_000)),
        ("auction", 31_000, "auction", None, SetStatus("auction", "why", None)),
        ("auction", 31_000, "halted", None, SetStatus("halted", "why")),
        ("open", None, "auction", 5, SetStatus("auction", "why", 6000)),
    ],
)
def test_how_a_market_gets_to_another_state(now_is, ends_at, wanted, seconds, done):
    assert market_states.change(now_is, ends_at, wanted, seconds, "why", 1000) == done


def test_every_change_stands_in_the_log(desk):
    for state in ("post_only", "cancel_only", "halted", "halted", "open"):
        services.set_market_status(SYMBOL, state)
    events = OrderEvent.objects.filter(kind="S").order_by("sequence")
    assert list(events.values_list("details__status", "reason")) == [
        ("post_only", "SET_BY_STAFF"),
        ("cancel_only", "SET_BY_STAFF"),
        ("halted", "SET_BY_STAFF"),
        ("auction", "SET_BY_STAFF"),
        ("open", "AUCTION_ENDED"),
    ]


def test_the_markets_own_rule_says_how_long_the_auction_is(desk):
    Market.objects.filter(symbol=SYMBOL).update(auction_seconds=30)
    services.set_market_status(SYMBOL, "halted")
    market = services.set_market_status(SYMBOL, "open")
    event = OrderEvent.objects.filter(kind="S").latest("sequence")
    assert market.status == "auction"
    assert to_ms(market.auction_ends_at) == to_ms(event.created_at) + 30_000
    assert services.set_market_status(SYMBOL, "open").auction_ends_at <= market.auction_ends_at
    assert services.set_market_status(SYMBOL, "open", auction_seconds=0).status == "open"
    assert Market.objects.get(symbol=SYMBOL).auction_ends_at is None


def test_a_change_waits_for_nobody_elses_market(desk):
    services.set_market_status(SYMBOL, "halted")
    assert desk.buys("alice", "1", at="2000", symbol="ETH-USDT").order.status == "open"
    with pytest.raises(Refused, match="UNKNOWN_SYMBOL"):
        services.set_market_status("NO-SUCH", "halted")


def test_a_crossed_book_that_was_halted_is_uncrossed_before_anything_else_happens(desk):
    """From an auction straight to a halt, and from there to post-only: never open and crossed."""
    services.set_market_status(SYMBOL, "auction")
    desk.sells("bob", "0.1", at="50000")
    desk.buys("alice", "0.2", at="50000")
    services.set_market_status(SYMBOL, "halted")
    assert desk.book() == ["sell 50000 | bob 0.1", "buy 50000 | alice 0.2"]
    services.set_market_status(SYMBOL, "post_only")
    assert desk.book() == ["buy 50000 | alice 0.1"]
    assert Order.objects.filter(status="filled").count() == 1
