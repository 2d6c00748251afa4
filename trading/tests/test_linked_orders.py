"""Linked orders on the real database: what a pair holds, what becomes of exits, and who pays for what."""

from decimal import Decimal

import pytest

from market.models import Market
from trading.matching_service import pipeline
from trading.matching_service.batch import Batch
from trading.models import Order, OrderEvent
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
    """A trade of Carol's and Dave's."""
    desk.sells("carol", "0.001", at=price)
    desk.buys("dave", "0.001", at=price)


def fates(desk, linked):
    return [desk.fate(placed) for placed in linked.orders]


# ---- pairs ----


def sell_pair(desk, quantity="0.5", take="61000", stop="59000", who="alice", **terms):
    return desk.pairs(
        who,
        new_order("sell", quantity, at=take, **terms),
        new_order("sell", quantity, type="stop_market", trigger=stop),
    )


def buy_pair(desk, quantity="0.5", take="59000", stop="61000", limit="61500", who="alice"):
    return desk.pairs(
        who,
        new_order("buy", quantity, at=take),
        new_order("buy", quantity, at=limit, type="stop_limit", trigger=stop),
    )


def test_a_pair_of_sells_holds_its_quantity_once(desk):
    last_price(desk, "60000")
    pair = sell_pair(desk, "1")
    assert fates(desk, pair) == ["open", "pending_trigger"]
    assert desk.balance("alice", "BTC") == ("0", "1")


def test_a_pair_of_buys_holds_what_the_dearer_leg_needs(desk):
    last_price(desk, "60000")
    buy_pair(desk)
    assert desk.balance("alice", "USDT") == ("69250", "30750")  # 0.5 at 61,500


def test_a_pair_whose_second_leg_is_cheaper_holds_the_first(desk):
    last_price(desk, "60000")
    buy_pair(desk, take="59900", limit="59000", stop="60100")
    assert desk.balance("alice", "USDT") == ("70050", "29950")


def test_a_pair_is_refused_whole(desk):
    last_price(desk, "60000")
    before = desk.everything()
    assert buy_pair(desk, "1.63", take="59000") == "INSUFFICIENT_FUNDS"  # 100,245 at 61,500
    assert sell_pair(desk, "0.5", stop="60000") == "WOULD_TRIGGER_AT_ONCE"
    assert sell_pair(desk, "0.5", take="60000.001") == "INVALID_PRICE"
    assert desk.everything() == before


def test_a_leg_that_trades_in_part_ends_the_other(desk):
    last_price(desk, "60000")
    pair = sell_pair(desk)
    desk.buys("bob", "0.2", at="61000")
    assert fates(desk, pair) == ["partially_filled", "cancelled LINKED_ORDER"]
    assert desk.balance("alice", "BTC") == ("0.5", "0.3")


def test_a_leg_that_fires_ends_the_other_and_has_its_money(desk):
    """All that Alice has is in the pair: what the limit held pays for the stop, in one transaction."""
    desk.accounts["erin"] = desk.hire("erin", {"USDT": "30750"})
    last_price(desk, "60000")
    pair = buy_pair(desk, who="erin")
    desk.sells("carol", "0.5", at="61400")
    assert desk.balance("erin", "USDT") == ("0", "30750")
    desk.sells("carol", "0.001", at="61000")
    desk.buys("dave", "0.001", at="61000")
    assert fates(desk, pair) == ["cancelled LINKED_ORDER", "filled"]
    assert desk.balance("erin", "USDT") == ("50", "0")  # 0.5 at 61,400 paid
    assert desk.balance("erin", "BTC") == ("0.499", "0")


def test_the_counterpart_ends_in_the_transaction_of_the_trade(desk):
    last_price(desk, "60000")
    pair = sell_pair(desk)
    before = OrderEvent.objects.count()
    desk.buys("bob", "0.5", at="61000")
    kinds = list(OrderEvent.objects.order_by("sequence").values_list("kind", "order_id", "reason"))[before:]
    bid, (take, stop) = kinds[0][1], [placed.order.id for placed in pair.orders]
    assert kinds == [("A", bid, ""), ("T", bid, ""), ("C", stop, "LINKED_ORDER")]
    assert take == stop - 1
    assert OrderEvent.objects.values("created_at").distinct().count() <= before + 1


def test_a_leg_cancelled_takes_the_other_with_it(desk):
    last_price(desk, "60000")
    for index in (0, 1):
        pair = sell_pair(desk)
        desk.cancels("alice", pair.orders[index])
        assert sorted(fates(desk, pair)) == ["cancelled CANCELLED_BY_USER", "cancelled LINKED_ORDER"]
    assert desk.balance("alice", "BTC") == ("1", "0")


def test_a_first_leg_that_trades_as_it_is_placed_ends_the_second_at_once(desk):
    last_price(desk, "60000")
    desk.buys("bob", "0.2", at="60900")
    pair = sell_pair(desk, take="60900")
    assert fates(desk, pair) == ["partially_filled", "cancelled LINKED_ORDER"]
    assert desk.balance("alice", "BTC") == ("0.5", "0.3")


def test_a_first_leg_made_smaller_as_it_is_placed_ends_the_second(desk):
    """Its own bid stands in the way: the pair would not be of one size any more, nor covered."""
    last_price(desk, "60000")
    desk.buys("alice", "0.2", at="60900")
    pair = sell_pair(desk, "1", take="60900", self_trade_prevention="decrement")
    assert fates(desk, pair) == ["open", "cancelled LINKED_ORDER"]
    assert desk.balance("alice", "BTC") == ("0.2", "0.8")
    desk.buys("bob", "0.1", at="58000")
    last_price(desk, "58900")  # where the stop would have fired


def test_a_client_order_id_of_any_leg_takes_effect_once(desk):
    last_price(desk, "60000")
    legs = (
        new_order("sell", "0.5", at="61000", client_order_id="take"),
        new_order("sell", "0.5", type="stop_market", trigger="59000", client_order_id="stop"),
    )
    desk.pairs("alice", *legs)
    before = desk.everything()
    again = desk.pairs("alice", *legs)
    assert again.order_id == Order.objects.get(client_order_id="take").pk
    other = new_order("sell", "0.1", at="62000", client_order_id="other")
    assert desk.pairs("alice", other, legs[1]) == "CONFLICT"
    assert desk.pairs("alice", other, other) == "CONFLICT"
    assert desk.sells("alice", "0.1", at="61000", client_order_id="stop").replayed
    assert desk.everything() == before


# ---- brackets ----


def long_bracket(desk, quantity="0.5", at="60000", who="alice", take="61000", stop="59000", entry=None):
    return desk.brackets(
        who,
        entry or new_order("buy", quantity, at=at),
        new_order("sell", quantity, at=take),
        new_order("sell", quantity, type="stop_market", trigger=stop),
    )


def short_bracket(desk, quantity="1", take="59000", stop="61000", limit="62000", who="alice"):
    return desk.brackets(
        who,
        new_order("sell", quantity, at="60000"),
        new_order("buy", quantity, at=take),
        new_order("buy", quantity, at=limit, type="stop_limit", trigger=stop),
    )


def test_a_bracket_holds_its_entry_alone(desk):
    bracket = long_bracket(desk)
    assert fates(desk, bracket) == ["open", "new", "new"]
    assert (desk.balance("alice", "USDT"), desk.balance("alice", "BTC")) == (("70000", "30000"), ("1", "0"))


def test_exits_hold_what_the_fee_left(desk):
    bracket = long_bracket(desk)
    desk.sells("bob", "0.5", at="60000")
    assert fates(desk, bracket) == ["filled", "open", "pending_trigger"]
    exits = [desk.order(placed) for placed in bracket.orders[1:]]
    assert [order.quantity for order in exits] == [Decimal("0.4995")] * 2  # a maker's fee of 0.1 %
    assert desk.balance("alice", "BTC") == ("1", "0.4995")


def test_exits_of_a_market_entry_hold_what_the_takers_fee_left_in_whole_lots(desk):
    desk.sells("bob", "0.00333", at="60000")
    bracket = long_bracket(desk, entry=new_order("buy", "0.00333"), quantity="0.00333")
    exits = [desk.order(placed) for placed in bracket.orders[1:]]
    assert [order.quantity for order in exits] == [Decimal("0.00332")] * 2  # 0.00332334 without the fee
    assert desk.balance("alice", "BTC") == ("1.00000334", "0.00332")


def test_an_entry_filled_over_several_batches_and_then_cancelled_arms_exits_for_what_it_filled(desk):
    bracket = long_bracket(desk)
    for quantity in ("0.1", "0.2"):
        desk.sells("bob", quantity, at="60000")
        pipeline._books.clear()
        assert fates(desk, bracket) == ["partially_filled", "new", "new"]
    desk.cancels("alice", bracket.orders[0])
    assert fates(desk, bracket) == ["cancelled CANCELLED_BY_USER", "open", "pending_trigger"]
    assert desk.balance("alice", "BTC") == ("1", "0.2997")


def test_an_entry_that_ends_unfilled_ends_its_exits(desk):
    bracket = long_bracket(desk)
    desk.cancels("alice", bracket.orders[0])
    assert fates(desk, bracket) == [
        "cancelled CANCELLED_BY_USER", "cancelled ENTRY_ENDED", "cancelled ENTRY_ENDED"
    ]  # fmt: skip
    assert desk.balance("alice", "USDT") == ("100000", "0")


def test_an_entry_too_small_for_a_lot_after_fees_ends_its_exits(desk):
    Market.objects.filter(symbol="BTC-USDT").update(minimum_notional=0)
    bracket = long_bracket(desk, quantity="0.00001")
    desk.sells("bob", "0.00001", at="60000")
    assert fates(desk, bracket) == [
        "filled", "cancelled COST_BELOW_ONE_LOT", "cancelled COST_BELOW_ONE_LOT"
    ]  # fmt: skip


def test_a_cancelled_exit_takes_the_other_and_leaves_the_entry(desk):
    bracket = long_bracket(desk)
    desk.cancels("alice", bracket.orders[2])
    assert fates(desk, bracket) == ["open", "cancelled LINKED_ORDER", "cancelled CANCELLED_BY_USER"]
    assert warm_hash("BTC-USDT") == loaded().state_hash()
    desk.sells("bob", "0.5", at="60000")
    assert desk.balance("alice", "BTC") == ("1.4995", "0")


def test_exits_that_buy_hold_what_the_dearer_one_needs(desk):
    bracket = short_bracket(desk)
    desk.buys("bob", "1", at="60000")
    assert fates(desk, bracket) == ["filled", "open", "pending_trigger"]
    assert desk.balance("alice", "USDT") == ("97940", "62000")  # 59,940 came in, 1 at 62,000 is kept back


@pytest.mark.parametrize("entry", ["rests", "takes"])
def test_exits_that_cannot_be_borne_end_and_the_entry_stands(desk, entry):
    """The rerun without them must not begin anew with other order ids."""
    desk.accounts["erin"] = desk.hire("erin", {"BTC": "1"})
    if entry == "takes":
        desk.buys("bob", "1", at="60000")
    bracket = short_bracket(desk, who="erin")
    if entry == "rests":
        desk.buys("bob", "1", at="60000")
    assert fates(desk, bracket) == ["filled", "cancelled INSUFFICIENT_FUNDS", "cancelled INSUFFICIENT_FUNDS"]
    assert desk.balance("erin", "USDT") == ("59940" if entry == "rests" else "59880", "0")
    sequences = OrderEvent.objects.order_by("sequence").values_list("sequence", flat=True)
    assert list(sequences) == list(range(1, len(sequences) + 1))


def test_however_many_brackets_cannot_be_borne_the_batch_runs_twice(desk, monkeypatch):
    """Each attempt costs all who wait for the market."""
    desk.accounts["erin"] = desk.hire("erin", {"BTC": "1"})
    brackets = [short_bracket(desk, who="erin", quantity="0.01", limit="500000") for _ in range(8)]
    attempts, match = [], Batch.match_and_settle
    monkeypatch.setattr(Batch, "match_and_settle", lambda batch: (attempts.append(batch), match(batch)))
    desk.buys("bob", "0.08", at="60000")
    assert len(attempts) == 2
    ended = ["filled", "cancelled INSUFFICIENT_FUNDS", "cancelled INSUFFICIENT_FUNDS"]
    assert [fates(desk, bracket) for bracket in brackets] == [ended] * 8


def test_an_exit_that_meets_its_owners_order_leaves_no_other_exit_waiting(desk):
    """The take-profit has the owner's bid cancelled and rests: nothing of it traded, so the stop is its counterpart."""
    bracket = desk.brackets(
        "alice",
        new_order("buy", "0.5", at="60000"),
        new_order("sell", "0.5", at="60500", self_trade_prevention="cancel_oldest"),
        new_order("sell", "0.5", type="stop_market", trigger="59000"),
    )
    desk.sells("bob", "0.2", at="60000")
    bid = desk.buys("alice", "0.1", at="60600")
    desk.cancels("alice", bracket.orders[0])
    assert desk.fate(bid) == "cancelled SELF_TRADE_PREVENTED"
    assert fates(desk, bracket)[1:] == ["open", "pending_trigger"]
    assert desk.balance("alice", "BTC") == ("1", "0.1998")


def test_exits_that_fire_are_paid_in_the_same_transaction(desk):
    bracket = long_bracket(desk)
    desk.sells("bob", "0.5", at="60000")
    desk.buys("carol", "1", at="58900")
    last_price(desk, "59000")
    assert fates(desk, bracket) == ["filled", "cancelled LINKED_ORDER", "filled"]
    assert desk.balance("alice", "BTC") == ("1", "0")
    assert desk.balance("alice", "USDT") == ("99361.7089", "0")  # 0.4995 at 58,900, less 0.2 %
