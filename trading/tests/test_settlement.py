"""What trades cost and orders reserve: nothing is made or lost, whatever the fees and the steps."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.money import fee_units
from trading import settlement
from trading.matching.book import Book
from trading.matching.commands import Amend, Cancel, CancelAll, Place
from trading.matching.decide import Refusal, decide
from trading.matching.events import (
    Accepted,
    Activated,
    Amended,
    Cancelled,
    Rearmed,
    Reduced,
    Refreshed,
    Traded,
    Triggered,
    Uncrossed,
)
from trading.matching.terms import Reason
from trading.settlement import Terms, entries, settle

FEES = 99
ALICE, BOB, CAROL = 1, 2, 3
# 1,000 base units in a lot, 10 quote units in a tick x lot; makers pay 0.1 %, takers 0.2 %.
TERMS = Terms("BTC", "USDT", 1_000, 10, 1_000, 2_000, FEES)

accounts = st.integers(1, 4)
prices = st.integers(1, 12)
lots = st.integers(1, 9)
sides = st.sampled_from(["buy", "sell"])
numbers = st.integers(1, 40)
preventions = st.sampled_from(["cancel_newest", "cancel_oldest", "cancel_both", "decrement"])
any_terms = st.builds(
    Terms,
    base=st.just("BTC"),
    quote=st.just("USDT"),
    base_per_lot=st.integers(1, 10**18),
    quote_per_step=st.integers(1, 10**18),
    maker_fee=st.integers(0, 100_000),
    taker_fee=st.integers(0, 100_000),
    fee_account_id=st.just(FEES),
)
limits = st.builds(
    lambda account, side, price, quantity, force, post_only, prevention: Place(
        0, account, side, "limit", price, quantity, None, force, post_only and force == "gtc", prevention
    ),
    accounts, sides, prices, lots, st.sampled_from(["gtc", "gtc", "gtc", "ioc", "fok"]), st.booleans(), preventions,
)  # fmt: skip
markets = st.builds(
    lambda account, side, quantity, prevention: Place(
        0, account, side, "market", None, quantity, None, "ioc", False, prevention
    ),
    accounts, sides, lots, preventions,
)  # fmt: skip
by_cost = st.builds(
    lambda account, budget, prevention: Place(
        0, account, "buy", "market", None, None, budget, "ioc", False, prevention
    ),
    accounts, st.integers(1, 200), preventions,
)  # fmt: skip
others = st.one_of(
    st.builds(Cancel, numbers, accounts),
    st.builds(Amend, numbers, accounts, st.none() | prices, st.none() | lots),
    st.builds(CancelAll, accounts),
)
days = st.lists(st.one_of(limits, limits, limits, markets, by_cost, others), min_size=8, max_size=50)


class Day:
    """Commands carried out on a book, and the balances that follow from settling them: [available, held]."""

    def __init__(self, terms, commands):
        self.terms = terms
        self.book = Book()
        self.balances = {}
        self.fills = []
        for number, command in enumerate(commands, 1):
            self.carry_out(command._replace(order_id=number) if isinstance(command, Place) else command)

    def carry_out(self, command):
        decision = decide(self.book, command)
        if isinstance(decision, Refusal):
            return
        settled = settle(self.terms, decision)
        self.book.apply_all(decision)
        for key, change in settled.changes.items():
            balance = self.balances.setdefault(key, [0, 0])
            balance[0] += change[0]
            balance[1] += change[1]
        self.fills += settled.fills

    def needed(self):
        """What the orders that lie in the book reserve, by account and asset."""
        needed = {}
        for order in self.book:
            amount = order.open * self.terms.base_per_lot
            if order.side == "buy":
                amount = order.open * order.price * self.terms.quote_per_step
            key = (order.account_id, "USDT" if order.side == "buy" else "BTC")
            needed[key] = needed.get(key, 0) + amount
        return needed


@given(any_terms, days)
def test_every_unit_is_somewhere(terms, commands):
    balances = Day(terms, commands).balances
    for asset in ("BTC", "USDT"):
        assert sum(sum(balance) for key, balance in balances.items() if key[1] == asset) == 0


@given(any_terms, days)
def test_held_is_exactly_what_the_book_needs(terms, commands):
    day = Day(terms, commands)
    assert {key: held for key, (_, held) in day.balances.items() if held} == day.needed()


@given(any_terms, days)
def test_ledger_entries_sum_to_zero_and_tell_the_same_as_the_changes(terms, commands):
    day = Day(terms, commands)
    posted = {}
    for fill in day.fills:
        lines = entries(terms, fill)
        assert all(units for _, _, units in lines)
        for asset in ("BTC", "USDT"):
            assert sum(units for _, name, units in lines if name == asset) == 0
        for account_id, asset, units in lines:
            posted[account_id, asset] = posted.get((account_id, asset), 0) + units
    totals = {key: sum(balance) for key, balance in day.balances.items()}
    assert {key: total for key, total in totals.items() if total} == {k: v for k, v in posted.items() if v}


@given(any_terms, days)
def test_fees_round_up_and_never_exceed_what_was_received(terms, commands):
    for fill in Day(terms, commands).fills:
        base, cost = fill.event.quantity * terms.base_per_lot, fill.cost
        assert cost == fill.event.price * fill.event.quantity * terms.quote_per_step
        taker_gets, maker_gets = (base, cost) if fill.event.taker_side == "buy" else (cost, base)
        for fee, rate, received in (
            (fill.taker_fee, terms.taker_fee, taker_gets),
            (fill.maker_fee, terms.maker_fee, maker_gets),
        ):
            assert 0 <= fee <= received
            assert received * rate <= fee * 1_000_000 < received * rate + 1_000_000


@given(any_terms, days)
def test_the_fee_account_holds_the_sum_of_all_fees(terms, commands):
    day = Day(terms, commands)
    fees = {"BTC": 0, "USDT": 0}
    for fill in day.fills:
        taker_gets = "BTC" if fill.event.taker_side == "buy" else "USDT"
        fees[taker_gets] += fill.taker_fee
        fees["USDT" if taker_gets == "BTC" else "BTC"] += fill.maker_fee
    assert {asset: day.balances.get((FEES, asset), [0, 0]) for asset in fees} == {
        asset: [total, 0] for asset, total in fees.items()
    }


@given(st.integers(0, 10**30), st.integers(0, 100_000))
def test_a_fee_is_the_next_whole_unit(amount, rate):
    fee = fee_units(amount, rate)
    assert fee * 1_000_000 >= amount * rate
    assert (fee - 1) * 1_000_000 < amount * rate


def test_one_unit_pays_one_unit():
    assert fee_units(1, 1) == 1
    assert fee_units(0, 1_000) == 0
    assert fee_units(1, 0) == 0
    assert fee_units(1_000_000, 1_000) == 1_000
    assert fee_units(1_000_001, 1_000) == 1_001


# ---- by hand: price 5 ticks, 2 lots: 2,000 BTC units for 100 USDT units ----


def test_a_taker_who_buys_pays_from_what_is_available_and_the_maker_from_what_was_held():
    settled = settle(TERMS, [Traded(7, BOB, "buy", 3, ALICE, 5, 2)])
    assert settled.changes == {
        (BOB, "USDT"): [-100, 0],
        (BOB, "BTC"): [2_000 - 4, 0],
        (ALICE, "BTC"): [0, -2_000],
        (ALICE, "USDT"): [100 - 1, 0],
        (FEES, "BTC"): [4, 0],
        (FEES, "USDT"): [1, 0],
    }
    assert [(fill.cost, fill.taker_fee, fill.maker_fee) for fill in settled.fills] == [(100, 4, 1)]


def test_a_taker_who_sells_pays_the_takers_fee_in_what_they_receive():
    settled = settle(TERMS, [Traded(7, BOB, "sell", 3, ALICE, 5, 2)])
    assert settled.changes == {
        (BOB, "BTC"): [-2_000, 0],
        (BOB, "USDT"): [100 - 1, 0],
        (ALICE, "USDT"): [0, -100],
        (ALICE, "BTC"): [2_000 - 2, 0],
        (FEES, "BTC"): [2, 0],
        (FEES, "USDT"): [1, 0],
    }


def test_the_entries_of_a_fill_leave_out_fees_of_nothing():
    free = TERMS._replace(maker_fee=0, taker_fee=0)
    [fill] = settle(free, [Traded(7, BOB, "buy", 3, ALICE, 5, 2)]).fills
    assert sorted(entries(free, fill)) == [
        (ALICE, "BTC", -2_000),
        (ALICE, "USDT", 100),
        (BOB, "BTC", 2_000),
        (BOB, "USDT", -100),
    ]


def accepted(side, price, resting):
    kind = "limit" if price else "market"
    return Accepted(1, ALICE, side, kind, "gtc", False, "cancel_newest", price, 9, None, resting)


@pytest.mark.parametrize(
    ("event", "changes"),
    [
        (accepted("buy", 5, resting=2), {(ALICE, "USDT"): [-100, 100]}),
        (accepted("sell", 5, resting=2), {(ALICE, "BTC"): [-2_000, 2_000]}),
        (accepted("buy", None, resting=0), {}),
        (Cancelled(1, ALICE, "buy", 5, 2, Reason.USER, resting=True), {(ALICE, "USDT"): [100, -100]}),
        (Cancelled(1, ALICE, "sell", 5, 2, Reason.USER, resting=True), {(ALICE, "BTC"): [2_000, -2_000]}),
        (Cancelled(1, ALICE, "buy", 5, 2, Reason.IOC_REMAINDER, resting=False), {}),
        (Reduced(1, ALICE, "buy", 5, 2, Reason.AMEND, resting=True), {(ALICE, "USDT"): [100, -100]}),
        (Reduced(1, ALICE, "buy", 5, 2, Reason.SELF_TRADE, resting=False), {}),
        (Amended(1, ALICE, "buy", 5, 2, 6, 3, 3), {(ALICE, "USDT"): [-80, 80]}),
        (Amended(1, ALICE, "sell", 5, 2, 6, 3, 0), {(ALICE, "BTC"): [2_000, -2_000]}),
        (accepted("buy", 5, resting=0)._replace(reserve=7), {(ALICE, "USDT"): [-630, 630]}),
        (accepted("sell", None, resting=0)._replace(reserve=1), {(ALICE, "BTC"): [-9_000, 9_000]}),
        (Cancelled(1, ALICE, "buy", None, 9, Reason.LINKED, resting=False, reserve=7), {(ALICE, "USDT"): [630, -630]}),
        (Rearmed(1, ALICE, "buy", 8, 3, 6, 8, 9, 7), {(ALICE, "USDT"): [390, -390]}),
        (Triggered(1, ALICE, "buy", 5, 9, 2, 7), {(ALICE, "USDT"): [530, -530]}),
        (Triggered(1, ALICE, "sell", None, 9, 0, 1), {(ALICE, "BTC"): [9_000, -9_000]}),
        (Activated(1, ALICE, "sell", 5, 4, 4, 0, None, None), {(ALICE, "BTC"): [-4_000, 4_000]}),
        (Activated(1, ALICE, "buy", None, 4, 0, 3, 9, None), {(ALICE, "USDT"): [-120, 120]}),
        (Activated(1, ALICE, "sell", None, 4, 0, 0, 9, None), {}),
        (Refreshed(1, ALICE, "sell", 5, 2), {}),
    ],
)  # fmt: skip
def test_what_each_event_reserves_or_frees(event, changes):
    settled = settle(TERMS, [event])
    assert (settled.changes, settled.fills) == (changes, [])


@pytest.mark.parametrize("taker_side", ["buy", "sell"])
def test_in_an_auction_both_pay_from_what_was_held_and_the_buyer_gets_back_what_the_price_is_better(
    taker_side,
):
    """Ten lots at 5; the buyer, Alice, held 7 a lot, the seller asked 4."""
    limits = (7, 4) if taker_side == "buy" else (4, 7)
    parties = (1, ALICE, "buy", 2, BOB) if taker_side == "buy" else (2, BOB, "sell", 1, ALICE)
    settled = settle(TERMS, [Uncrossed(*parties, 5, 10, *limits)])
    base_fee, quote_fee = (20, 1) if taker_side == "buy" else (10, 1)
    assert settled.changes == {
        (ALICE, "USDT"): [200, -700],
        (ALICE, "BTC"): [10_000 - base_fee, 0],
        (BOB, "BTC"): [0, -10_000],
        (BOB, "USDT"): [500 - quote_fee, 0],
        (FEES, "BTC"): [base_fee, 0],
        (FEES, "USDT"): [quote_fee, 0],
    }
    [fill] = settled.fills
    assert sum(units for _, asset, units in entries(TERMS, fill) if asset == "USDT") == 0


def test_money_made_from_nothing_stops_at_once(monkeypatch):
    monkeypatch.setattr(
        settlement, "_trade", lambda terms, settled, trade: settled.changes.update({(1, "BTC"): [1, 0]})
    )
    with pytest.raises(AssertionError, match="does not sum to zero"):
        settle(TERMS, [Traded(7, BOB, "buy", 3, ALICE, 5, 2)])
