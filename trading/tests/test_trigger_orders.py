"""Orders that wait for a price, on the real database: what they keep back, and that they fire in the transaction of
the trade that reaches their price."""

from decimal import Decimal

import pytest

from market.models import Price
from trading import services
from trading.models import OrderEvent, Trade
from trading.tests.desk import TradingDesk, new_order, warm_hash
from trading.tests.laws import broken_laws
from trading.tests.test_book_warm import loaded

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def desk():
    desk = TradingDesk(people=("alice", "bob", "carol", "dave"))
    yield desk
    assert warm_hash("BTC-USDT") == loaded().state_hash()
    assert broken_laws() == []


def last_price(desk, price):
    """A trade of Carol's and Dave's; what it sets off is done when it is answered."""
    desk.sells("carol", "0.001", at=price)
    return desk.buys("dave", "0.001", at=price)


def kinds():
    return "".join(OrderEvent.objects.order_by("sequence").values_list("kind", flat=True))


# ---- what is kept back ----

BUYS = [
    ({"type": "stop_limit", "trigger": "61000", "at": "61500"}, "30750"),  # its own limit
    ({"type": "stop_market", "trigger": "61000"}, "33550"),  # its trigger and a tenth: 67,100
    ({"type": "take_profit_limit", "trigger": "59000", "at": "59500"}, "29750"),
    ({"type": "take_profit_market", "trigger": "59000"}, "32450"),  # 64,900
    ({"type": "trailing_stop", "trail_amount": "1000"}, "33550"),  # triggered at 61,000
    ({"type": "trailing_stop", "trail_percent": "1"}, "33330"),  # at 60,600: 66,660
]


@pytest.mark.parametrize(("terms", "held"), BUYS, ids=[f"{t['type']} {h}" for t, h in BUYS])
def test_a_buy_keeps_back_what_it_may_have_to_pay(desk, terms, held):
    last_price(desk, "60000")
    placed = desk.buys("alice", "0.5", **terms)
    assert placed.order.status == "pending_trigger"
    assert desk.balance("alice", "USDT") == (str(100000 - int(held)), held)
    assert desk.cancels("alice", placed).status == "cancelled"
    assert desk.balance("alice", "USDT") == ("100000", "0")


SELLS = [
    {"type": "stop_limit", "trigger": "59000", "at": "58500"},
    {"type": "stop_market", "trigger": "59000"},
    {"type": "take_profit_limit", "trigger": "61000", "at": "60500"},
    {"type": "take_profit_market", "trigger": "61000"},
    {"type": "trailing_stop", "trail_amount": "1000"},
]


@pytest.mark.parametrize("terms", SELLS, ids=[terms["type"] for terms in SELLS])
def test_a_sell_keeps_back_what_it_sells(desk, terms):
    last_price(desk, "60000")
    placed = desk.sells("alice", "0.4", **terms)
    assert desk.balance("alice", "BTC") == ("0.6", "0.4")
    desk.cancels_all("alice")
    assert desk.fate(placed) == "cancelled CANCELLED_BY_USER"
    assert desk.balance("alice", "BTC") == ("1", "0")


def test_a_reserve_is_refused_to_the_unit(desk):
    last_price(desk, "60000")
    before = desk.everything()
    stop = {"type": "stop_market", "trigger": "60010"}  # 66,011 a coin
    assert desk.buys("alice", "1.5149", **stop) == "INSUFFICIENT_FUNDS"
    assert desk.everything() == before
    assert desk.buys("alice", "1.51489", **stop).order.status == "pending_trigger"
    assert desk.balance("alice", "USDT") == ("0.59621", "99999.40379")


def test_a_reserve_follows_an_amend(desk):
    last_price(desk, "60000")
    stop = desk.buys("alice", "0.5", at="61500", type="stop_limit", trigger="61000")
    assert (
        desk.rearms("alice", stop, price="62000", quantity="0.4", trigger="61700").status == "pending_trigger"
    )
    assert desk.balance("alice", "USDT") == ("75200", "24800")
    assert desk.rearms("alice", stop, quantity="2") == "INSUFFICIENT_FUNDS"
    assert desk.rearms("alice", stop, trigger="60000") == "WOULD_TRIGGER_AT_ONCE"
    assert desk.balance("alice", "USDT") == ("75200", "24800")


def test_what_would_fire_at_once_or_has_no_price_to_follow_leaves_no_trace(desk):
    before = desk.everything()
    assert desk.sells("alice", "0.1", type="trailing_stop", trail_amount="10") == "NO_REFERENCE_PRICE"
    assert desk.everything() == before
    last_price(desk, "60000")
    before = desk.everything()
    assert desk.sells("alice", "0.1", type="stop_market", trigger="60000") == "WOULD_TRIGGER_AT_ONCE"
    assert desk.buys("alice", "0.1", type="take_profit_market", trigger="60000") == "WOULD_TRIGGER_AT_ONCE"
    assert desk.everything() == before


# ---- firing ----


def test_a_stop_fires_in_the_transaction_of_the_trade_that_reaches_it(desk):
    last_price(desk, "60000")
    stop = desk.sells("alice", "0.5", type="stop_market", trigger="59000")
    bid = desk.buys("bob", "1", at="58500")
    before = len(kinds())
    last_price(desk, "59000")
    assert kinds()[before:] == "AATGT"
    trades = Trade.objects.order_by("-sequence")[:2]
    assert len({trade.created_at for trade in trades}) == 1
    assert (trades[0].taker_order_id, trades[0].maker_order_id) == (stop.order.id, bid.order.id)
    assert desk.balance("alice", "BTC") == ("0.5", "0")
    assert desk.balance("alice", "USDT") == ("129191.5", "0")  # 29,250 less 0.2 %
    assert desk.order(stop).created_at < trades[0].created_at


def test_a_stop_limit_rests_with_its_own_hold(desk):
    last_price(desk, "60000")
    stop = desk.buys("alice", "0.5", at="61500", type="stop_limit", trigger="61000")
    desk.sells("bob", "0.2", at="61400")
    last_price(desk, "61000")
    assert desk.fate(stop) == "partially_filled"
    assert desk.balance("alice", "USDT") == ("69270", "18450")  # 12,280 paid, 0.3 at 61,500 held
    assert desk.book() == ["buy 61500 | alice 0.3"]


def test_a_stop_trades_no_further_than_its_protection(desk):
    last_price(desk, "60000")
    stop = desk.sells("alice", "0.5", type="stop_market", trigger="59000")
    desk.buys("bob", "0.2", at="53100")
    desk.buys("bob", "1", at="53099.99")
    last_price(desk, "59000")
    assert desk.fate(stop) == "cancelled PRICE_PROTECTION"
    assert desk.order(stop).filled_quantity == Decimal("0.2")
    assert desk.balance("alice", "BTC") == ("0.8", "0")


def test_one_stop_fires_the_next_all_in_one_transaction(desk):
    """Each stop sells into a bid at the trigger of the one below it."""
    last_price(desk, "60000")
    stops = [
        desk.sells("alice", "0.1", type="stop_market", trigger=trigger)
        for trigger in ("59500", "59000", "58500")
    ]
    for price in ("59000", "58500", "58000"):
        desk.buys("bob", "0.1", at=price)
    before = len(kinds())
    last_price(desk, "59500")
    assert kinds()[before:] == "AAT" + "GT" * 3
    assert [desk.fate(stop) for stop in stops] == ["filled"] * 3
    newest = Trade.objects.order_by("-sequence")[:3]
    assert [trade.taker_order_id for trade in newest] == [stop.order.id for stop in reversed(stops)]
    assert {trade.created_at for trade in newest} == {newest[0].created_at}
    assert desk.balance("alice", "BTC") == ("0.7", "0")


def test_events_trades_and_ledger_transactions_run_without_a_gap(desk):
    test_one_stop_fires_the_next_all_in_one_transaction(desk)
    events = list(OrderEvent.objects.order_by("sequence").values_list("sequence", flat=True))
    assert events == list(range(1, len(events) + 1))
    trades = list(Trade.objects.order_by("sequence").values_list("id", "ledger_transaction_id"))
    assert [trade - trades[0][0] for trade, _ in trades] == list(range(len(trades)))
    assert [transaction - trades[0][1] for _, transaction in trades] == list(range(len(trades)))


def test_whoever_is_refused_fires_nothing(desk):
    last_price(desk, "60000")
    stop = desk.sells("alice", "0.1", type="stop_market", trigger="59000")
    desk.accounts["erin"] = desk.hire("erin", {"USDT": "10"})
    desk.sells("carol", "0.1", at="59000")
    assert desk.buys("erin", "0.1", at="59000") == "INSUFFICIENT_FUNDS"
    assert desk.fate(stop) == "pending_trigger"


def test_a_trailing_stop_follows_and_fires(desk):
    last_price(desk, "60000")
    stop = desk.sells("alice", "0.1", type="trailing_stop", trail_amount="500")
    last_price(desk, "60700")
    conditions = desk.order(stop).conditions
    assert (conditions.trigger_price, conditions.extreme) == (60200, 60700)
    last_price(desk, "60300")
    desk.buys("bob", "0.1", at="60100")
    assert desk.fate(stop) == "pending_trigger"
    last_price(desk, "60200")
    assert desk.fate(stop) == "filled"
    assert desk.balance("alice", "USDT") == ("105997.98", "0")  # 6,010 less 0.2 %


@pytest.mark.parametrize("source", ["mark", "index"])
def test_a_stop_on_a_price_from_outside_fires_in_the_sweep(desk, source):
    desk.index_moves("60000")
    stop = desk.sells("alice", "0.1", type="stop_market", trigger="59000", trigger_source=source)
    desk.buys("bob", "0.1", at="58900")
    last_price(desk, "58950")
    assert desk.fate(stop) == "pending_trigger"
    desk.index_moves("58999.999")
    assert desk.fate(stop) == "filled"


def test_nothing_fires_in_a_market_that_is_not_open_and_all_is_judged_anew_when_it_opens(desk):
    last_price(desk, "60000")
    desk.index_moves("60000")
    stop = desk.sells("alice", "0.1", type="stop_market", trigger="59000", trigger_source="index")
    desk.buys("bob", "0.1", at="58900")
    desk.turns("halted")
    desk.index_moves("58000")
    assert desk.fate(stop) == "pending_trigger"
    desk.turns("open", 0)
    desk.sweeps()
    assert desk.fate(stop) == "filled"


def test_a_repeated_client_order_id_gives_the_order_that_waits(desk):
    last_price(desk, "60000")
    terms = {"type": "stop_market", "trigger": "59000", "client_order_id": "my-stop"}
    stop = desk.sells("alice", "0.1", **terms)
    again = desk.sells("alice", "0.1", **terms)
    assert (again.order.id, again.replayed) == (stop.order.id, True)
    assert desk.balance("alice", "BTC") == ("0.9", "0.1")


def test_an_order_that_is_amended_and_fires_in_one_batch_shows_what_it_fired_at(desk):
    last_price(desk, "60000")
    stop = desk.sells("alice", "0.1", type="stop_market", trigger="59000")
    desk.buys("bob", "1", at="59100")
    services.submit(
        "BTC-USDT",
        [
            services.AmendRequest(desk.accounts["alice"], stop.order.id, trigger_price=Decimal(59200)),
            services.PlaceRequest(desk.accounts["carol"], new_order("sell", "0.1", client_order_id="hit")),
        ],
    )
    assert desk.fate(stop) == "filled"
    assert desk.order(stop).conditions.trigger_price == 59200


def test_a_stop_at_the_mark_waits_for_the_mark_and_not_for_the_index(desk):
    """Where a market has a mark price of its own, as perpetuals have."""
    last_price(desk, "60000")
    desk.buys("bob", "1", at="58000")
    desk.index_moves("60000")
    Price.objects.update(mark=Decimal("60000"))
    stops = {
        source: desk.sells("alice", "0.1", type="stop_market", trigger="59000", trigger_source=source)
        for source in ("mark", "index")
    }
    desk.index_moves("58900")
    assert [desk.order(stops[source]).status for source in stops] == ["pending_trigger", "filled"]
    Price.objects.update(mark=Decimal("58900"))
    desk.sweeps()
    assert desk.order(stops["mark"]).status == "filled"
