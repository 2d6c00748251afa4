"""Each rule about conditions, links, states and auctions, proved by corrupting what it guards."""

import json

import pytest

from trading import audit
from trading.models import OrderCondition, OrderEvent, Trade
from trading.tests.audit_desk import broken_by, corrupted, empty_the_database
from trading.tests.conditions_desk import ConditionsDesk

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def made(django_db_setup, django_db_blocker):
    """Committed once for this file: each corruption is undone before the next."""
    with django_db_blocker.unblock():
        yield ConditionsDesk()
        empty_the_database()


@pytest.fixture
def desk(made, db):
    return made


def of(placed, change, table="order"):
    column = "id" if table == "order" else "order_id"
    return f"UPDATE trading_{table} SET {change} WHERE {column} = {placed.order.id}"


def condition(placed, change):
    return of(placed, change, "ordercondition")


def event(placed, change, kind="A"):
    return of(placed, change, "orderevent") + f" AND kind = '{kind}'"


def says(value, *paths):
    """An event's details with another value in these places."""
    details = "details"
    for path in paths:
        details = f"jsonb_set({details}, '{{{path}}}', '{json.dumps(value)}')"
    return f"details = {details}"


def ids(found, rule):
    return [row["order_id"] for row in found[rule]]


def test_an_order_of_every_kind_breaks_no_rule(desk):
    with corrupted() as cursor:
        report = audit.check(cursor)
    assert report.violations == []
    elsewhere = {"M", "R", "D", "I", "K"}  # the last three: in perpetuals
    assert set(OrderEvent.Kind.values) - elsewhere <= set(OrderEvent.objects.values_list("kind", flat=True))
    assert report.rows["conditions"] == OrderCondition.objects.count() > 10


# ---- what was asked for ----


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("in_time", "expires_at = '2090-01-01'"),
        ("near", "trigger_price = trigger_price + 1"),
        ("near", "trigger_source = 'mark'"),
        ("near", "protection_millionths = 1"),
        ("expired", "reduce_only = true"),
        ("expired", "display_quantity = 1"),
        ("trailing", "trail_amount = 1"),
        ("trailing", "trail_amount = NULL, trail_millionths = 5"),
        ("entry", "link_role = 'oco'"),
    ],
)
def test_conditions_that_nobody_asked_for(desk, name, change):
    found = broken_by(condition(getattr(desk, name), change))
    assert set(found) - {"L3-LINKED"} == {"L7-CONDITIONS"}
    assert ids(found, "L7-CONDITIONS") == [getattr(desk, name).order.id]


def test_conditions_that_are_lost(desk):
    found = broken_by(f"DELETE FROM trading_ordercondition WHERE order_id = {desk.near.order.id}")
    assert found == {
        "L7-CONDITIONS": [
            {"order_id": desk.near.order.id, "differences": "the conditions of this order are missing"}
        ]
    }


def test_conditions_of_an_order_that_has_none(desk):
    found = broken_by(condition(desk.near, f"order_id = {desk.protected.order.id}"))
    assert found["L7-CONDITIONS"][0]["differences"] == "the log knows of no conditions"
    assert set(found) == {"L7-CONDITIONS"}


# ---- what waits ----


def test_a_hold_that_is_not_what_a_waiting_order_keeps_back(desk):
    alice = desk.accounts["alice"]
    found = broken_by(
        f"UPDATE accounts_balance SET held = held + 1, available = available - 1 WHERE account_id = {alice}"
        " AND asset = 'USDT'"
    )
    assert set(found) == {"L2-HELD"}


def test_a_reserve_that_is_not_what_the_log_says(desk):
    found = broken_by(condition(desk.stop, "reserve = reserve + 1"))
    assert set(found) == {"L2-HELD", "L5-BOOK"}
    assert ids(found, "L5-BOOK") == [desk.stop.order.id]


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("iceberg", "hidden_quantity = 0"),
        ("trailing", "trigger_price = trigger_price + 1"),
        ("trailing", "extreme = extreme + 1"),
    ],
)
def test_a_live_order_that_is_not_as_the_log_left_it(desk, name, change):
    found = broken_by(condition(getattr(desk, name), change))
    assert set(found) == {"L5-BOOK"}
    assert ids(found, "L5-BOOK") == [getattr(desk, name).order.id]


def test_an_exit_said_to_wait_for_its_trigger(desk):
    found = broken_by(of(desk.take_profit, "status = 'pending_trigger'"))
    assert set(found) == {"L3-ORDER", "L5-BOOK"}
    found = broken_by(of(desk.stop_loss, "status = 'pending_trigger'"))
    assert set(found) == {"L5-BOOK"}


@pytest.mark.parametrize("status", ["new", "pending_trigger"])
def test_an_order_that_waits_and_has_traded(desk, status):
    found = broken_by(of(desk.iceberg, f"status = '{status}'"))
    assert ids(found, "L3-ORDER") == [desk.iceberg.order.id]
    assert {"L3-ORDER", "L2-HELD", "L5-BOOK"} <= set(found)


@pytest.mark.parametrize(
    "change", ["status = 'cancelled'", "reason = 'CANCELLED_BY_USER', status = 'expired'"]
)
def test_an_order_that_expired_and_says_otherwise(desk, change):
    found = broken_by(of(desk.expired, change))
    assert "L3-ORDER" in found
    assert ids(found, "L3-ORDER") == [desk.expired.order.id]


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("stop", "priority = priority - 1"),  # a Q gave it its place
        ("iceberg", "priority = priority - 1"),  # an F
        ("near", "priority = priority - 1"),  # a G
        ("woken", "priority = priority - 1"),  # a V
        ("woken", "quantity = quantity + 0.00001, cancelled_quantity = cancelled_quantity + 0.00001"),
    ],
)
def test_a_place_that_no_event_gave(desk, name, change):
    found = broken_by(of(getattr(desk, name), change))
    assert set(found) - {"L5-BOOK"} == {"L7-ORDER"}
    assert ids(found, "L7-ORDER") == [getattr(desk, name).order.id]


# ---- linked orders ----


def test_an_exit_that_waits_for_an_entry_that_has_ended(desk):
    found = broken_by(condition(desk.take_profit, f"link_group = {desk.expired.order.id}"))
    assert set(found) == {"L3-LINKED", "L7-CONDITIONS"}
    assert found["L3-LINKED"] == [
        {
            "group_id": desk.expired.order.id,
            "order_id": desk.take_profit.order.id,
            "wrong": "it waits for an entry that has ended",
        }
    ]


def test_a_leg_that_lives_although_the_other_came_to_something(desk):
    found = broken_by(condition(desk.waiting_leg, f"order_id = {desk.iceberg.order.id} + 1000000"))
    assert "L3-LINKED" not in found  # a leg alone has nobody to be bound to
    pair = f"link_group = {desk.iceberg.order.id}, link_role = 'oco'"
    found = broken_by(condition(desk.iceberg, pair), condition(desk.trailing, pair))
    assert set(found) == {"L3-LINKED", "L7-CONDITIONS"}
    assert found["L3-LINKED"][0]["wrong"] == "one of the legs came to something, and the other lives"


def test_a_leg_that_lives_although_the_other_ended(desk):
    pair = f"link_group = {desk.expired.order.id}, link_role = 'oco'"
    found = broken_by(condition(desk.expired, pair), condition(desk.trailing, pair))
    assert set(found) == {"L3-LINKED", "L7-CONDITIONS"}
    assert found["L3-LINKED"][0]["wrong"] == "one of the legs ended, and the other lives"


# ---- how orders live, fire and trade ----


def test_a_life_that_goes_on_after_its_end(desk):
    """A second end of nothing: no sum shows it."""
    sequence = f"(SELECT sequence + 1 FROM trading_bookstate WHERE market_id = {desk.btc})"
    found = broken_by(
        f"""INSERT INTO trading_orderevent SELECT (jsonb_populate_record(e, jsonb_build_object(
                'sequence', {sequence}, 'quantity', 0, 'resting', 0,
                'created_at', (SELECT last_event_at FROM trading_bookstate WHERE market_id = {desk.btc})))).*
            FROM trading_orderevent e WHERE kind = 'C' AND order_id = {desk.too_low.order.id}""",
        f"UPDATE trading_bookstate SET sequence = sequence + 1 WHERE market_id = {desk.btc}",
    )
    assert set(found) == {"L3-LIFE"}
    assert ids(found, "L3-LIFE") == [desk.too_low.order.id]


def test_a_market_order_that_traded_beyond_its_protection(desk):
    found = broken_by(event(desk.protected, says(6_000_999, "protection")))
    assert set(found) == {"L4-PROTECTION"}
    assert ids(found, "L4-PROTECTION") == [desk.protected.order.id]


def test_a_triggered_order_that_traded_beyond_its_protection(desk):
    found = broken_by(
        event(desk.near, says(1, "conditions,trigger,protection_rate")),
        condition(desk.near, "protection_millionths = 1"),
    )
    assert set(found) == {"L4-PROTECTION"}
    assert ids(found, "L4-PROTECTION") == [desk.near.order.id]


def test_orders_that_did_not_fire_in_their_turn(desk):
    """As if the order that fired second had had the nearer trigger."""
    nearer = says(5_997_000, "conditions,trigger,price", "conditions,trigger_price")
    found = broken_by(event(desk.far, nearer), condition(desk.far, "trigger_price = 59970"))
    assert set(found) == {"L4-FOLLOWED"}
    assert ids(found, "L4-FOLLOWED") == [desk.near.order.id, desk.far.order.id]


def test_an_order_taken_in_by_a_halted_market(desk):
    first = OrderEvent.objects.filter(kind="S").order_by("sequence").first()
    change = says("halted", "status")
    found = broken_by(
        f"UPDATE trading_orderevent SET {change} WHERE market_id = {desk.btc} AND sequence = {first.sequence}"
    )
    assert set(found) == {"L4-STATE"}
    assert found["L4-STATE"][0]["sequence"] == first.sequence + 1


def test_a_trade_after_the_end_of_its_order(desk):
    found = broken_by(
        event(desk.in_time, says(0, "conditions,expires_at")),
        condition(desk.in_time, "expires_at = '1970-01-01 00:00+00'"),
    )
    assert set(found) == {"L4-EXPIRED"}
    assert found["L4-EXPIRED"][0]["order_id"] == desk.in_time.order.id


def test_an_order_that_expired_too_early(desk):
    found = broken_by(
        event(desk.expired, says(4_102_444_800_000, "conditions,expires_at")),
        condition(desk.expired, "expires_at = '2100-01-01 00:00+00'"),
    )
    assert set(found) == {"L4-EXPIRED"}
    assert found["L4-EXPIRED"][0]["wrong"] == "it expired too early"


# ---- auctions ----


def test_an_auction_at_another_than_its_one_price(desk):
    """With a bid less, another price would have been as good and nearer to the last one."""
    found = broken_by(of(desk.too_low, "price = 59000"), event(desk.too_low, "price = 5900000"))
    assert set(found) == {"L4-AUCTION"}


@pytest.mark.parametrize(
    ("name", "price", "rule"), [("newer", 60_400, "L4-LIMIT"), ("second", 60_450, "L4-PRICE")]
)
def test_a_fill_of_an_auction_beyond_a_limit(desk, name, price, rule):
    order = getattr(desk, name)
    found = broken_by(of(order, f"price = {price}"), event(order, f"price = {price} * 100"))
    assert rule in found
    trades = {trade.pk for trade in Trade.objects.filter(taker_order_id=desk.newer.order.id)}
    assert {row["trade_id"] for row in found[rule]} <= trades


def test_a_younger_order_served_first_in_an_auction(desk):
    first, second = Trade.objects.filter(taker_order_id=desk.newer.order.id).order_by("sequence")
    swaps = [(first.sequence, 0), (second.sequence, first.sequence), (0, second.sequence)]
    found = broken_by(
        *(
            f"UPDATE {table} SET sequence = {new} WHERE market_id = {desk.btc} AND sequence = {old}"
            for table in ("trading_orderevent", "trading_trade")
            for old, new in swaps
        )
    )
    assert set(found) == {"L4-QUEUE"}
    assert found["L4-QUEUE"][0]["first_order_id"] == desk.older.order.id


def test_maker_and_taker_of_an_auction_swapped(desk):
    of_auction = f"taker_order_id = {desk.newer.order.id}"
    swap = (
        "taker_order_id = maker_order_id, maker_order_id = taker_order_id, taker_account_id = maker_account_id,"
        " maker_account_id = taker_account_id, taker_side = 'sell', taker_fee = maker_fee, maker_fee = taker_fee"
    )
    found = broken_by(
        f"UPDATE trading_trade SET {swap} WHERE {of_auction}",
        "UPDATE trading_orderevent SET order_id = maker_order_id, maker_order_id = order_id, side = 'sell',"
        " account_id = maker_account_id, maker_account_id = account_id WHERE kind = 'U'",
    )
    assert set(found) == {"L4-OLDER"}


# ---- the market's rows ----


@pytest.mark.parametrize(
    ("table", "column", "value"),
    [
        ("bookstate", "mark_price", "1"),
        ("bookstate", "index_price", "1"),
        ("bookstate", "opened_at", "'2000-01-01'"),
        ("bookstate", "next_expiry_at", "NULL"),
        ("bookstate", "watches_prices", "false"),
        ("market", "auction_ends_at", "'2000-01-01'"),
        ("market", "status", "'post_only'"),
    ],
)
def test_a_state_that_the_newest_events_do_not_tell(desk, table, column, value):
    room, key = ("market_market", "id") if table == "market" else ("trading_bookstate", "market_id")
    found = broken_by(f"UPDATE {room} SET {column} = {value} WHERE {key} = {desk.btc}")
    assert set(found) == {"L5-STATE"}
    assert [row["name"] for row in found["L5-STATE"]] == [column]
