"""The excerpt of a real market through the real exchange, and small markets made by hand."""

import re
import threading
from collections import Counter, defaultdict
from decimal import Decimal

import pytest

from accounts.models import Balance
from agents import selectors
from agents.floor import Floor
from agents.replay.pace import Pace
from agents.tests.recordings import EXCERPT, depth, naive_levels, recorded_trades, trade
from agents.tests.replays import replay, small_market
from common.money import format_decimal
from market.models import Market
from market.selectors import price_of
from trading.models import Order, Trade
from trading.selectors import book_snapshot
from trading.services.first_markets import MOST_OPEN_ORDERS
from trading.tests.laws import broken_laws

pytestmark = pytest.mark.django_db(transaction=True)

SYMBOL = "BTC-USDT"
SECONDS = 8


def our_levels(name="replay-maker"):
    """The account's own open orders: side -> {price: quantity}."""
    account_id = selectors.members([name])[name].account_id
    levels = {"buy": defaultdict(Decimal), "sell": defaultdict(Decimal)}
    for order in Order.objects.filter(account_id=account_id, status__in=Order.OPEN_STATUSES):
        levels[order.side][order.price] += order.quantity - order.filled_quantity - order.cancelled_quantity
    return {side: dict(prices) for side, prices in levels.items()}


def volume(text):
    """From "822, 13.1 BTC for 81 USDT" the number of trades and their quantity."""
    count, quantity = re.match(r"(\d+), ([\d.]+) ", text).groups()
    return int(count), Decimal(quantity)


# ---- the real market ----


def test_the_book_ends_equal_to_the_recorded_one_level_by_level(exchange):
    figures = replay(EXCERPT, limit_seconds=SECONDS, keep_book=True)
    recorded = naive_levels(EXCERPT, SECONDS)
    assert our_levels() == recorded
    book = book_snapshot(SYMBOL)
    assert book.bids[0][0] == max(recorded["buy"]) and book.asks[0][0] == min(recorded["sell"])
    assert figures["audit"] == "clean"
    assert broken_laws() == []


def test_the_report_tells_what_happened(exchange):
    figures = replay(EXCERPT, limit_seconds=SECONDS)
    trades = recorded_trades(EXCERPT, SECONDS)
    assert volume(figures["recorded trades"]) == (len(trades), sum(quantity for _, quantity, _ in trades))
    ours = Trade.objects.values_list("quantity", flat=True)
    assert volume(figures["our trades"]) == (len(ours), sum(ours))
    assert figures["messages"].endswith(f": 80 depth, {len(trades)} trade, 1713 bookTicker")
    for title in ("best as depth says", "best as bookTicker says"):
        for equal, looks in re.findall(r"(\d+) of (\d+)", figures[title]):
            assert int(looks) >= 79 and int(looks) - int(equal) <= 1
    placed = int(figures["orders"].split()[0])
    refused = sum(int(count) for count in re.findall(r" (\d+)", figures["refused"]))
    assert Order.objects.count() == placed - refused
    assert our_levels() == {"buy": {}, "sell": {}}


def test_recorded_trades_come_out_at_the_recorded_prices_on_the_recorded_side(exchange):
    replay(EXCERPT, limit_seconds=SECONDS)
    recorded = Counter()
    for price, quantity, side in recorded_trades(EXCERPT, SECONDS):
        recorded[price, side] += quantity
    ours = Counter()
    for price, quantity, side in Trade.objects.values_list("price", "quantity", "taker_side"):
        ours[price, side] += quantity
    differing = sum(abs(recorded[key] - ours[key]) for key in recorded | ours)
    assert differing < sum(recorded.values()) / 100


# ---- small markets ----


def tape():
    rows = Trade.objects.order_by("id").values_list("taker_side", "quantity", "price")
    return [(side, format_decimal(quantity), price) for side, quantity, price in rows]


def test_a_trade_comes_as_the_takers_order(exchange, tmp_path):
    figures = replay(small_market(tmp_path, trade(1, "60001.00", "0.03000")))
    assert tape() == [("buy", "0.03", 60_001)]
    taker = selectors.members(["replay-taker"])["replay-taker"].account_id
    assert [t.taker_account_id for t in Trade.objects.all()] == [taker]
    assert figures["taker orders"] == "1, 1 of 1 (100.00%) at just the recorded prices"


def test_a_trade_beyond_our_best_level_clears_what_it_proves_gone_and_the_next_depth_restores(
    exchange, tmp_path
):
    replay(small_market(tmp_path, trade(1, "60002.00", "0.30000")))
    assert tape() == [("buy", "0.1", 60_002), ("buy", "0.2", 60_002)]
    replay(small_market(tmp_path, trade(1, "60002.00", "0.3"), depth(2, 5, 5)), keep_book=True)
    assert our_levels()["sell"] == {60_001: Decimal("0.1"), 60_002: Decimal("0.1")}


def test_a_trade_on_the_far_side_of_our_quotes_still_prints_at_its_price(exchange, tmp_path):
    replay(small_market(tmp_path, trade(1, "59999.50", "0.05000")))
    assert tape() == [("buy", "0.05", Decimal("59999.50"))]


def test_two_trades_of_which_the_second_needs_what_the_first_left_are_exact(exchange, tmp_path):
    path = small_market(
        tmp_path,
        trade(1, "60003.00", "0.00009", at_ms=1),
        trade(1, "60004.00", "0.20000", at_ms=2),
        trade(1, "59990.00", "0.20000", at_ms=3, buyer_is_maker=True),
    )
    replay(path)
    assert tape() == [("buy", "0.00009", 60_003), ("buy", "0.2", 60_004), ("sell", "0.2", 59_990)]


def test_a_part_too_small_for_an_order_joins_its_neighbour_of_the_same_taker(exchange, tmp_path):
    path = small_market(
        tmp_path,
        trade(1, "60001.00", "0.00001", at_ms=1),
        trade(1, "60001.00", "0.01000", at_ms=1),
        trade(1, "60001.00", "0.00001", at_ms=2),
    )
    figures = replay(path)
    assert tape() == [("buy", "0.01001", 60_001)]
    assert figures["refused"] == "MIN_NOTIONAL 1"
    assert figures["taker orders"].startswith("2, 1 of 2")


def test_levels_grow_shrink_and_go(exchange, tmp_path):
    path = small_market(
        tmp_path,
        depth(1, 5, 6, bids=[("60000.00", "0.30000"), ("59999.00", "0.05000")]),
        depth(2, 7, 8, bids=[("60000.00", "0.30001")], asks=[("60001.00", "0.00000")]),
    )
    replay(path, keep_book=True)
    assert our_levels() == {
        "buy": {60_000: Decimal("0.30001"), 59_999: Decimal("0.05")},
        "sell": {60_002: Decimal("0.1")},
    }


def test_a_level_below_the_minimum_notional_is_left_out_and_said(exchange, tmp_path):
    figures = replay(small_market(tmp_path, depth(1, 5, 5, bids=[("60000.00", "0.00001")])), keep_book=True)
    assert figures["levels below the minimum"] == "1"
    assert 60_000 not in our_levels()["buy"]


def meanwhile(monkeypatch, *actions):
    """Do one of the actions before each depth message or run of trades."""
    left = iter(actions)
    monkeypatch.setattr(Pace, "wait_for", lambda *_: next(left, lambda: None)())


def test_what_somebody_takes_from_the_replay_is_put_back_by_the_next_depth(exchange, tmp_path, monkeypatch):
    bought = []
    meanwhile(monkeypatch, lambda: None, lambda: bought.append(exchange.buys("alice", "0.04")))
    replay(small_market(tmp_path, trade(1, "60002.00", "0.00100"), depth(2, 5, 5)), keep_book=True)
    assert bought[0].order.filled_quantity == Decimal("0.04")
    assert our_levels()["sell"] == {60_001: Decimal("0.1"), 60_002: Decimal("0.1")}


def test_a_level_behind_somebodys_order_is_tried_again_until_it_fits(exchange, tmp_path, monkeypatch):
    resting = exchange.sells("alice", "0.02", at="60000")
    path = small_market(tmp_path, depth(1, 5, 5), depth(2, 6, 6))
    figures = replay(path, keep_book=True)
    assert figures["refused"] == "POST_ONLY_WOULD_TAKE 3"
    assert list(our_levels()["buy"]) == [59_999]
    meanwhile(monkeypatch, lambda: None, lambda: exchange.cancels("alice", resting))
    replay(path, keep_book=True)
    assert our_levels()["buy"] == {60_000: Decimal("0.1"), 59_999: Decimal("0.1")}


def test_the_price_follows_and_says_that_it_is_a_replay(exchange, tmp_path):
    replay(small_market(tmp_path))
    price = price_of(SYMBOL)
    assert (price.index, price.source, price.leased_until) == (Decimal("60000.5"), "replay", None)


def test_agents_leave_before_it_begins_and_leftovers_are_cancelled(exchange, tmp_path):
    floor = Floor(seed=7, say=lambda line: None)
    floor.round(0.0)
    replay(small_market(tmp_path), keep_book=True)
    rows = Order.objects.filter(status__in=Order.OPEN_STATUSES).values_list("account_id", flat=True)
    assert set(rows) == {selectors.members(["replay-maker"])["replay-maker"].account_id}
    replay(small_market(tmp_path), keep_book=True)
    assert our_levels()["buy"] == {60_000: Decimal("0.1"), 59_999: Decimal("0.1")}
    floor._lock.release()


def test_gaps_are_counted(exchange, tmp_path):
    assert replay(small_market(tmp_path, depth(1, 9, 9)))["gaps between depths"] == "1"


# ---- time ----


def test_messages_wait_for_their_time_and_lag_is_counted():
    stopping = threading.Event()
    pace = Pace(Decimal(10), 1_000, stopping)
    assert pace.is_due(1_000) and not pace.is_due(1_000 + 10**12)
    pace.wait_for(1_000, lambda: None)
    assert pace.largest_lag_ns > 0
    assert Pace(None, 1_000, stopping).is_due(10**18)


def test_who_is_stopped_while_waiting_leaves_with_the_report(exchange, tmp_path, monkeypatch):
    """As at Ctrl-C: the flag that the signal sets is set while the replay waits for a message an hour away."""

    def waits(self, received_ns, meanwhile):
        meanwhile()
        if self._early_ns(received_ns) > 10**12:
            self._stopping.set()

    monkeypatch.setattr(Pace, "wait_for", waits)
    path = small_market(tmp_path, trade(1, "60001.00", "0.03"), depth(7_200, 5, 5))
    figures = replay(path, speed="1")
    assert figures["messages"].startswith("3 of 3")
    assert our_levels() == {"buy": {}, "sell": {}}
    assert not Balance.objects.exclude(held=0).exists()


def test_a_deep_book_is_shown_whole_though_one_account_holds_all_of_it(exchange, tmp_path):
    Market.objects.update(maximum_open_orders=MOST_OPEN_ORDERS)  # as the first markets have it
    bids = [(f"{59000 - level}.00", "0.00100") for level in range(1_200)]
    path = small_market(tmp_path, depth(1, 5, 6, bids=bids))
    replay(path, keep_book=True)
    assert len(book_snapshot(SYMBOL, depth=None).bids) == 1_202
