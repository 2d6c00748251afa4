"""Each rule about orders, trades and candles, proved by corrupting what it guards."""

import pytest

from trading.models import Order
from trading.tests.audit_desk import Desk, empty_the_database

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


def update_order(order, change):
    return f"UPDATE trading_order SET {change} WHERE id = {order.pk}"


def update_trade(trade, change):
    return f"UPDATE trading_trade SET {change} WHERE id = {trade.pk}"


def update_event(condition, change):
    return f"UPDATE trading_orderevent SET {change} WHERE {condition}"


@pytest.mark.parametrize("change", ["status = 'partially_filled'", "status = 'resting'"])
def test_an_order_whose_status_does_not_fit(desk, change):
    found = desk.broken_by(update_order(desk.cancelled, change), dropping={"trading_order": "order_adds_up"})
    assert "L3-ORDER" in found
    assert [row["order_id"] for row in found["L3-ORDER"]] == [desk.cancelled.pk]


def test_an_open_order_said_to_be_partly_filled(desk):
    found = desk.broken_by(update_order(desk.bid, "status = 'partially_filled'"))
    assert set(found) == {"L3-ORDER"}
    assert found["L3-ORDER"][0]["order_id"] == desk.bid.pk


@pytest.mark.parametrize(
    "change", ["cancelled_quantity = 'NaN'", "cancelled_quantity = -1", "quantity = quantity + 1"]
)
def test_an_order_that_does_not_add_up(desk, change):
    found = desk.broken_by(update_order(desk.cancelled, change), dropping={"trading_order": "order_adds_up"})
    assert set(found) == {"L3-ORDER", "L7-ORDER", "L0-GUARDS-TRADING"}
    assert [row["order_id"] for row in found["L3-ORDER"]] == [desk.cancelled.pk]


def test_a_filled_cost_that_the_trades_do_not_explain(desk):
    found = desk.broken_by(update_order(desk.taker, "filled_cost = filled_cost + 1"))
    assert set(found) == {"L3-FILLS", "L7-ORDER"}
    [row] = found["L3-FILLS"]
    assert (row["order_id"], row["filled_cost"], row["traded_cost"]) == (desk.taker.pk, "3101", "3100")


def test_a_market_buy_that_spent_more_than_it_was_given(desk):
    buy = Order.objects.filter(quote_quantity__isnull=False, filled_quantity__gt=0).first()
    found = desk.broken_by(update_order(buy, "quote_quantity = filled_cost - 1"))
    assert set(found) == {"L4-BUDGET", "L7-ORDER"}
    assert found["L4-BUDGET"][0]["order_id"] == buy.pk


def test_a_market_buy_that_was_given_a_little_more_than_the_log_says(desk):
    buy = Order.objects.filter(quote_quantity__isnull=False).first()
    found = desk.broken_by(update_order(buy, "quote_quantity = quote_quantity + 0.000000000000000001"))
    assert set(found) == {"L7-ORDER"}
    assert found["L7-ORDER"][0]["order_id"] == buy.pk


def test_an_event_without_the_amount_that_was_asked_for_speaks_of_whole_steps(desk):
    buy = Order.objects.filter(quote_quantity__isnull=False, market=desk.btc).first()
    without = update_event(f"kind = 'A' AND order_id = {buy.pk}", "details = details - 'quote_quantity'")
    assert set(desk.broken_by(without)) == {"L7-ORDER"}
    assert desk.broken_by(without, update_order(buy, "quote_quantity = trunc(quote_quantity, 7)")) == {}


def test_a_crossed_book(desk):
    found = desk.broken_by(*desk.smuggle_in_a_bid(31_500))
    assert found == {"L4-CROSSED": [{"symbol": "BTC-USDT", "bid": "31500", "ask": "31000"}]}


def test_a_book_that_was_crossed_when_the_next_order_came(desk):
    found = desk.broken_by(*desk.smuggle_in_a_bid(31_500), *desk.smuggle_in_a_bid(20_000, 1_000_001))
    assert set(found) == {"L4-CROSSED", "L4-UNCROSSED"}
    assert found["L4-UNCROSSED"][0]["symbol"] == "BTC-USDT"


def test_a_client_order_id_that_took_effect_twice(desk):
    found = desk.broken_by(
        update_order(desk.later_bid, f"client_order_id = '{desk.bid.client_order_id}'"),
        dropping={"trading_order": "order_client_id_per_account"},
    )
    assert set(found) == {"L7-CLIENT-ID", "L7-ORDER", "L0-GUARDS-TRADING"}
    assert found["L7-CLIENT-ID"][0]["order_ids"] == [desk.bid.pk, desk.later_bid.pk]


def test_a_trade_that_cost_too_much(desk):
    found = desk.broken_by(update_trade(desk.trade, "cost = cost + 1"))
    assert set(found) == {"L3-COST", "L3-FILLS", "L1-TRADE"}
    assert found["L3-COST"] == [
        {"trade_id": desk.trade.pk, "price": "31000", "quantity": "0.1", "cost": "3101"}
    ]


def test_a_fill_beyond_the_takers_limit(desk):
    found = desk.broken_by(
        update_order(desk.taker, "price = price - 0.01"),
        update_event(f"kind = 'A' AND order_id = {desk.taker.pk}", "price = price - 1"),
    )
    assert set(found) == {"L4-LIMIT"}
    [row] = found["L4-LIMIT"]
    assert (row["trade_id"], row["taker_limit"], row["price"]) == (desk.trade.pk, "30999.99", "31000")


def test_a_fill_that_is_not_at_the_makers_price(desk):
    maker = Order.objects.get(pk=desk.swept[1].maker_order_id)
    found = desk.broken_by(
        update_order(maker, "price = price - 1"),
        update_event(f"kind = 'A' AND order_id = {maker.pk}", "price = price - 100"),
    )
    assert set(found) == {"L4-PRICE", "L4-QUEUE", "L5-BOOK"}
    assert found["L4-PRICE"][0]["trade_id"] == desk.swept[1].pk


def test_maker_and_taker_swapped(desk):
    trade = f"market_id = {desk.btc} AND sequence = {desk.trade.sequence}"
    found = desk.broken_by(
        update_trade(
            desk.trade,
            "taker_order_id = maker_order_id, maker_order_id = taker_order_id, taker_account_id = maker_account_id,"
            " maker_account_id = taker_account_id, taker_side = 'sell', taker_fee = maker_fee, maker_fee = taker_fee",
        ),
        update_event(
            trade,
            "order_id = maker_order_id, maker_order_id = order_id, account_id = maker_account_id,"
            " maker_account_id = account_id, side = 'sell'",
        ),
    )
    assert set(found) == {"L4-OLDER", "L4-QUEUE", "L5-BOOK"}
    assert found["L4-OLDER"][0]["trade_id"] == desk.trade.pk


def test_a_younger_order_served_first(desk):
    first, second = (trade.sequence for trade in desk.swept)
    swaps = [(first, 0), (second, first), (0, second)]
    found = desk.broken_by(
        *(
            f"UPDATE {table} SET sequence = {new} WHERE market_id = {desk.btc} AND sequence = {old}"
            for table in ("trading_orderevent", "trading_trade")
            for old, new in swaps
        )
    )
    assert set(found) == {"L4-QUEUE"}
    [row] = found["L4-QUEUE"]
    assert (row["sequence"], row["first_order_id"]) == (first, desk.swept[0].maker_order_id)


def test_a_trade_of_one_account_with_itself(desk):
    found = desk.broken_by(
        update_trade(desk.trade, "taker_account_id = maker_account_id"),
        dropping={"trading_trade": "trade_has_two_owners"},
    )
    assert set(found) == {"L4-SELF", "L4-PARTIES", "L5-TRADE", "L1-TRADE", "L0-GUARDS-TRADING"}
    assert found["L4-SELF"] == [{"trade_id": desk.trade.pk, "account_id": desk.bob}]


def test_a_trade_booked_on_somebody_else(desk):
    found = desk.broken_by(
        update_trade(desk.trade, f"taker_account_id = {desk.alice}"),
        update_event(f"trade_id = {desk.trade.pk}", f"account_id = {desk.alice}"),
    )
    assert set(found) == {"L4-PARTIES", "L1-TRADE"}
    assert found["L4-PARTIES"][0]["trade_id"] == desk.trade.pk


def charge_more(desk, fee):
    """The taker's fee, in BTC, is larger: in the trade, its postings and the balances alike."""
    of_trade = f"WHERE transaction_id = {desk.trade.ledger_transaction_id} AND asset = 'BTC'"
    return (
        update_trade(desk.trade, f"taker_fee = taker_fee + {fee}"),
        f"UPDATE accounts_posting SET amount = amount - {fee} {of_trade} AND account_id = {desk.carol}",
        f"UPDATE accounts_posting SET amount = amount + {fee} {of_trade} AND account_id = {desk.fees}",
        desk.credit(desk.carol, "BTC", f"-{fee}"),
        desk.credit(desk.fees, "BTC", fee),
    )


def test_a_fee_above_anything_a_market_may_ask(desk):
    found = desk.broken_by(*charge_more(desk, "0.05"))
    assert set(found) == {"L4-FEE"}
    [row] = found["L4-FEE"]
    assert (row["trade_id"], row["party"], row["asset"], row["received"]) == (
        desk.trade.pk,
        "taker",
        "BTC",
        "0.1",
    )


def test_a_fee_of_a_part_of_a_unit(desk):
    assert set(desk.broken_by(*charge_more(desk, "1e-12"))) == {"L4-FEE", "L8-UNITS"}


def test_a_ledger_transaction_that_belongs_to_another_trade(desk):
    transaction_id = desk.trade.ledger_transaction_id
    found = desk.broken_by(
        f"UPDATE accounts_ledgertransaction SET reference = '1' WHERE id = {transaction_id}"
    )
    assert set(found) == {"L7-LEDGER"}
    assert (found["L7-LEDGER"][0]["trade_id"], found["L7-LEDGER"][0]["transaction_id"]) == (
        desk.trade.pk,
        transaction_id,
    )


def test_a_trade_that_is_gone(desk):
    found = desk.broken_by(f"DELETE FROM trading_trade WHERE id = {desk.trade.pk}")
    assert set(found) == {"L5-TRADE", "L5-STATE", "L3-FILLS", "L7-LEDGER", "L1-TRADE"}
    assert found["L5-TRADE"][0]["trade_id"] == desk.trade.pk
    assert "the trade of this event is missing" in found["L5-TRADE"][0]["wrong"]


@pytest.mark.parametrize("change", ["volume = volume + 1", "trades = trades + 1", "high = high + 1"])
def test_a_candle_that_its_trades_do_not_explain(desk, change):
    found = desk.broken_by(
        f"UPDATE market_candle SET {change} WHERE market_id = {desk.btc} AND interval_seconds = 60"
    )
    assert set(found) == {"L5-CANDLES"}
    assert [row["interval_seconds"] for row in found["L5-CANDLES"]] == [60]


def test_candles_of_trades_that_were_not_rolled_up(desk):
    found = desk.broken_by(f"UPDATE market_candleprogress SET sequence = 0 WHERE market_id = {desk.btc}")
    assert set(found) == {"L5-CANDLES"}
