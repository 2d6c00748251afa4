"""POST /api/v1/orders with orders that wait for a price."""

import pytest

from market.models import Market
from trading.models import Order
from trading.services import set_market_status
from trading.tests.api.desk import book, outside_price, refusal, trade

pytestmark = pytest.mark.usefixtures("audited")


@pytest.fixture
def at_30000(bob, carol):
    """The last trade was at 30000."""
    trade(bob, carol, "30000")


def stop(desk, side="sell", quantity="0.1", **terms):
    return desk.post("orders", {"symbol": "BTC-USDT", "side": side, "quantity": quantity, **terms})


# Each type with its fields, where the price may go without firing it, and where it fires.
WAYS = [
    ("sell", {"type": "stop_market", "trigger_price": "29000"}, "29000.01", "29000"),
    ("buy", {"type": "stop_market", "trigger_price": "31000"}, "30999.99", "31000"),
    ("sell", {"type": "stop_limit", "trigger_price": "29000", "price": "28900"}, "29500", "28950"),
    ("buy", {"type": "stop_limit", "trigger_price": "31000", "price": "31100"}, "30500", "31050"),
    ("sell", {"type": "take_profit_market", "trigger_price": "31000"}, "30999.99", "31000"),
    ("buy", {"type": "take_profit_market", "trigger_price": "29000"}, "29000.01", "29000"),
    ("sell", {"type": "take_profit_limit", "trigger_price": "31000", "price": "30900"}, "29000", "31500"),
    ("buy", {"type": "take_profit_limit", "trigger_price": "29000", "price": "29100"}, "31000", "28500"),
    ("sell", {"type": "trailing_stop", "trail_amount": "500"}, "29500.01", "29500"),
    ("buy", {"type": "trailing_stop", "trail_percent": "2"}, "30599.99", "30600"),
]


@pytest.mark.parametrize(("side", "terms", "short_of_it", "fires"), WAYS, ids=str)
def test_it_waits_outside_the_book_until_a_trade_reaches_its_trigger(
    alice, bob, carol, at_30000, side, terms, short_of_it, fires
):
    order = stop(alice, side, **terms).json()
    assert (order["status"], order["fills"], order["trigger_source"]) == ("pending_trigger", [], "last")
    assert {name: order[name] for name in terms} == terms
    assert book() == ([], [])
    trade(bob, carol, short_of_it)
    assert alice.order(order)["status"] == "pending_trigger"
    (carol.buys if side == "sell" else carol.sells)("1", fires)
    maker = bob.sells if side == "sell" else bob.buys
    maker("0.01", fires)
    done = alice.order(order)
    assert (done["status"], done["filled_quantity"], done["average_price"]) == ("filled", "0.1", fires)
    assert [fill["role"] for fill in done["fills"]] == ["taker"]


@pytest.mark.parametrize(("side", "terms", "short_of_it", "fires"), WAYS[:8], ids=str)
def test_one_that_would_fire_at_once_is_refused(alice, bob, carol, side, terms, short_of_it, fires):
    trade(bob, carol, fires)
    assert refusal(stop(alice, side, **terms)) == (422, "WOULD_TRIGGER_AT_ONCE")
    assert Order.objects.filter(account_id=alice.account_id).count() == 0


def test_before_the_first_trade_a_trigger_can_wait_and_a_trail_has_nothing_to_follow(alice):
    assert stop(alice, type="stop_market", trigger_price="29000").status_code == 201
    assert refusal(stop(alice, type="trailing_stop", trail_amount="500")) == (422, "NO_REFERENCE_PRICE")


def test_what_it_needs_is_kept_back_while_it_waits(alice, at_30000):
    stop(alice, quantity="1", type="stop_market", trigger_price="29000")
    assert alice.balance("BTC") == ("9", "1")
    stop(alice, "buy", "1", type="stop_limit", trigger_price="31000", price="31100")
    assert alice.balance("USDT") == ("968900", "31100")
    # A market order may pay up to ten per cent more than its trigger.
    order = stop(alice, "buy", "1", type="stop_market", trigger_price="31000").json()
    assert alice.balance("USDT") == ("934800", "65200")
    assert alice.delete(f"orders/{order['id']}").json()["status"] == "cancelled"
    assert alice.balance("USDT") == ("968900", "31100")
    answer = stop(alice, "buy", "30", type="stop_market", trigger_price="31000")
    assert refusal(answer) == (422, "INSUFFICIENT_FUNDS")
    assert answer.json()["details"] == {"asset": "USDT", "available": "968900", "required": "1023000"}


def test_a_limit_that_fires_into_an_empty_book_rests(alice, bob, carol, at_30000):
    order = stop(alice, type="stop_limit", trigger_price="29000", price="29100").json()
    trade(bob, carol, "29000")
    assert alice.order(order)["status"] == "open"
    assert book() == ([], [("29100", "0.1")])
    assert alice.balance("BTC") == ("9.9", "0.1")


@pytest.mark.parametrize(
    ("life", "status", "reason"), [("ioc", "cancelled", "IOC_REMAINDER"), ("fok", "cancelled", "FOK_NOT_FILLABLE")]
)  # fmt: skip
def test_it_enters_with_its_time_in_force(alice, bob, carol, at_30000, life, status, reason):
    order = stop(alice, type="stop_limit", trigger_price="29000", price="29000", time_in_force=life).json()
    trade(bob, carol, "29000")
    done = alice.order(order)
    assert (done["status"], done["reason"], done["time_in_force"]) == (status, reason, life)
    assert alice.balance("BTC") == ("10", "0")


def test_a_post_only_one_ends_rather_than_take(alice, bob, carol, at_30000):
    order = stop(alice, type="stop_limit", trigger_price="29000", price="29000", post_only=True).json()
    carol.buys("1", "29000")
    bob.sells("0.01", "29000")
    done = alice.order(order)
    assert (done["status"], done["reason"], done["fills"]) == ("cancelled", "POST_ONLY_WOULD_TAKE", [])


def test_a_market_order_that_fires_does_not_sweep_an_empty_book(alice, bob, carol, at_30000):
    order = stop(alice, quantity="1", type="stop_market", trigger_price="29000").json()
    carol.buys("0.2", "29000")
    carol.buys("0.2", "26100")  # ten per cent below the trigger
    carol.buys("5", "26099.99")
    bob.sells("0.2", "29000")
    done = alice.order(order)
    assert (done["status"], done["reason"], done["filled_quantity"]) == (
        "cancelled",
        "PRICE_PROTECTION",
        "0.2",
    )
    assert alice.balance("BTC") == ("9.8", "0")


def test_a_trailing_stop_follows_the_best_price_and_never_back(alice, bob, carol, at_30000):
    order = stop(alice, type="trailing_stop", trail_amount="500").json()
    shown = [order["trigger_price"]]
    for price in ("30400", "30100", "31000", "30600"):
        trade(bob, carol, price)
        shown.append(alice.order(order)["trigger_price"])
    assert shown == ["29500", "29900", "29900", "30500", "30500"]
    assert alice.get("orders", status="pending_trigger").json()["results"][0]["trigger_price"] == "30500"
    carol.buys("1", "30500")
    bob.sells("0.01", "30500")
    assert alice.order(order)["status"] == "filled"


def test_a_trail_in_per_cent_is_of_the_price_it_follows(alice, bob, carol, at_30000):
    order = stop(alice, "buy", type="trailing_stop", trail_percent="2.5").json()
    assert (order["trigger_price"], order["trail_percent"], order["trail_amount"]) == ("30750", "2.5", None)
    trade(bob, carol, "20000")
    assert alice.order(order)["trigger_price"] == "20500"


@pytest.mark.parametrize("source", ["mark", "index"])
def test_a_trigger_on_a_price_from_outside_heeds_no_trades(alice, bob, carol, at_30000, source):
    outside_price("30000")
    order = stop(alice, type="stop_market", trigger_price="29000", trigger_source=source).json()
    assert order["trigger_source"] == source
    trade(bob, carol, "28000")
    carol.buys("1", "28500")
    outside_price("29000.01")
    assert alice.order(order)["status"] == "pending_trigger"
    outside_price("29000")
    done = alice.order(order)
    assert (done["status"], done["average_price"]) == ("filled", "28500")


def test_it_fires_with_the_next_batch_too_whoever_sends_it(alice, bob, carol, at_30000):
    outside_price("30000")
    order = stop(alice, type="trailing_stop", trail_percent="10", trigger_source="index").json()
    outside_price("40000")
    assert alice.order(order)["trigger_price"] == "36000"
    carol.buys("1", "20000")
    outside_price("36000.01")
    assert alice.order(order)["status"] == "pending_trigger"


def test_one_stop_sets_off_the_next(alice, bob, carol, at_30000):
    """A falling price: each stop sells into lower bids and so reaches the next trigger."""
    stops = [
        stop(alice, type="stop_market", trigger_price=price).json() for price in ("29000", "28000", "27000")
    ]
    for price, quantity in (("29000", "0.1"), ("28000", "0.1"), ("27000", "0.2")):
        carol.buys(quantity, price)
    bob.sells("0.02", "29000")
    assert [alice.order(each)["status"] for each in stops] == ["filled", "filled", "filled"]
    assert [alice.order(each)["average_price"] for each in stops] == ["28800", "27800", "27000"]


def test_the_older_of_two_with_one_trigger_enters_first(alice, bob, carol, at_30000):
    second = stop(bob, type="stop_market", trigger_price="29000").json()
    first_by_price = stop(alice, type="stop_market", trigger_price="29500").json()
    third = stop(alice, type="stop_market", trigger_price="29000").json()
    for price in ("28900", "28800", "28700"):
        carol.buys("0.1", price)
    trade(bob, carol, "28950")
    shown = [
        (desk.order(each)["average_price"])
        for desk, each in ((alice, first_by_price), (bob, second), (alice, third))
    ]
    assert shown == ["28900", "28800", "28700"]


def test_nothing_fires_while_the_market_is_not_open(alice, bob, carol, at_30000):
    order = stop(alice, type="stop_market", trigger_price="29000", trigger_source="index").json()
    carol.buys("1", "28900")
    set_market_status("BTC-USDT", "halted")
    assert refusal(stop(bob, type="stop_market", trigger_price="29000")) == (422, "MARKET_NOT_OPEN")
    outside_price("28000")
    assert alice.order(order)["status"] == "pending_trigger"
    set_market_status("BTC-USDT", "open")
    outside_price("28000")
    assert alice.order(order)["status"] == "filled"


def test_a_client_order_id_takes_effect_once(alice, bob, carol, at_30000):
    terms = {"type": "stop_limit", "trigger_price": "29000", "price": "28900", "client_order_id": "mine"}
    first, again = stop(alice, **terms), stop(alice, **terms)
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json()
    trade(bob, carol, "29000")
    # The trigger has passed: what is new would be refused, what is repeated is not.
    again = stop(alice, **terms)
    assert (again.status_code, again.json()["status"]) == (200, "open")
    assert alice.get("orders/client:mine").json()["id"] == first.json()["id"]


def test_all_types_go_into_one_batch(alice, bob, carol, at_30000):
    orders = [{"symbol": "BTC-USDT", "side": side, "quantity": "0.1", **terms} for side, terms, _, _ in WAYS]
    wrong = [{**orders[0], "trail_amount": "5"}, {**orders[0], "trigger_price": "31000"}]
    results = alice.post("orders/batch", {"orders": orders + wrong}).json()["results"]
    assert [row["order"]["status"] for row in results[:-2]] == ["pending_trigger"] * len(WAYS)
    assert [row["error"]["code"] for row in results[-2:]] == ["VALIDATION_ERROR", "WOULD_TRIGGER_AT_ONCE"]
    assert results[-2]["error"]["details"] == {"trail_amount": ["only trailing stops have one"]}


def test_the_lists_tell_the_living_from_those_in_the_book(alice, bob, carol, at_30000):
    waiting = stop(alice, type="stop_market", trigger_price="29000").json()
    resting = alice.buys("0.1", "20000")
    ended = alice.buys("0.1", "20000", time_in_force="ioc")

    def listed(status):
        return [order["id"] for order in alice.get("orders", status=status).json()["results"]]

    assert listed("active") == [resting["id"], waiting["id"]]
    assert listed("open") == [resting["id"]]
    assert listed("pending_trigger") == [waiting["id"]]
    assert listed("cancelled") == [ended["id"]]
    assert alice.delete("orders").json() == {"cancelled": [waiting["id"], resting["id"]]}


STOP = {"type": "stop_limit", "trigger_price": "29000", "price": "28900"}
TRAIL = {"type": "trailing_stop", "trail_amount": "500"}


@pytest.mark.parametrize(
    ("terms", "field"),
    [
        (STOP | {"trigger_price": None}, "trigger_price"),
        (STOP | {"trigger_price": "0"}, "trigger_price"),
        (STOP | {"trigger_price": 29000}, "trigger_price"),
        (STOP | {"trigger_price": "-29000"}, "trigger_price"),
        (STOP | {"price": None}, "price"),
        (STOP | {"trigger_source": "ask"}, "trigger_source"),
        (STOP | {"trigger_source": ""}, "trigger_source"),
        (STOP | {"trail_amount": "5"}, "trail_amount"),
        (STOP | {"trail_percent": "5"}, "trail_percent"),
        (STOP | {"quantity": None}, "quantity"),
        (STOP | {"quote_quantity": "500"}, "quote_quantity"),
        (STOP | {"type": "stop_market"}, "price"),
        (STOP | {"type": "take_profit_market"}, "price"),
        (STOP | {"type": "stop"}, "type"),
        (STOP | {"reduce_only": True}, "reduce_only"),
        (STOP | {"reduce_only": None}, "reduce_only"),
        (STOP | {"type": "stop_market", "price": None, "post_only": True}, "post_only"),
        (STOP | {"type": "stop_market", "price": None, "time_in_force": "fok"}, "time_in_force"),
        (STOP | {"time_in_force": "ioc", "post_only": True}, "post_only"),
        (TRAIL | {"trail_percent": "1"}, "trail_amount"),
        (TRAIL | {"trail_amount": None}, "trail_amount"),
        (TRAIL | {"trail_amount": "0"}, "trail_amount"),
        (TRAIL | {"trail_amount": None, "trail_percent": "0.001"}, "trail_percent"),
        (TRAIL | {"trail_amount": None, "trail_percent": "0.015"}, "trail_percent"),
        (TRAIL | {"trail_amount": None, "trail_percent": "50.01"}, "trail_percent"),
        (TRAIL | {"trigger_price": "29000"}, "trigger_price"),
        (TRAIL | {"price": "29000"}, "price"),
        (TRAIL | {"display_quantity": "0.01"}, "display_quantity"),
        ({"type": "market", "trigger_price": "29000"}, "trigger_price"),
        ({"type": "market", "trigger_source": "last"}, "trigger_source"),
    ],
    ids=str,
)  # fmt: skip
def test_fields_that_do_not_fit_are_named(alice, at_30000, terms, field):
    answer = stop(alice, **terms)
    assert refusal(answer) == (400, "VALIDATION_ERROR")
    assert list(answer.json()["details"]) == [field]
    assert answer.json()["details"][field][0]


def test_reduce_only_says_why_it_is_refused(alice, at_30000):
    details = stop(alice, **STOP, reduce_only=True).json()["details"]
    assert details == {"reduce_only": ["Must be false: on a spot market there is no position to reduce."]}
    unknown = alice.place("buy", "1", "1", symbol="NO-SUCH", reduce_only=True)
    assert refusal(unknown) == (404, "UNKNOWN_SYMBOL")


@pytest.mark.parametrize(
    ("terms", "code"),
    [
        (STOP | {"trigger_price": "29000.001"}, "INVALID_PRICE"),
        (TRAIL | {"trail_amount": "0.001"}, "INVALID_PRICE"),
        (STOP | {"quantity": "0.000001"}, "INVALID_QUANTITY"),
        (STOP | {"quantity": "0.0001"}, "MIN_NOTIONAL"),
        ({"type": "stop_market", "trigger_price": "29000", "quantity": "0.0001"}, "MIN_NOTIONAL"),
        (TRAIL | {"quantity": "0.0001"}, "MIN_NOTIONAL"),
        (STOP | {"quantity": "100"}, "INSUFFICIENT_FUNDS"),
        (STOP | {"quantity": "90000000"}, "MAX_NOTIONAL"),
    ],
    ids=str,
)
def test_what_the_market_does_not_take_is_refused(alice, at_30000, terms, code):
    assert refusal(stop(alice, **terms)) == (422, code)
    assert Order.objects.filter(account_id=alice.account_id).count() == 0
    assert alice.balance("BTC") == ("10", "0")


def test_a_seller_does_not_trail_below_zero(alice, bob, carol, at_30000):
    for trail in ("30000", "90000"):
        answer = stop(alice, type="trailing_stop", trail_amount=trail)
        assert refusal(answer) == (400, "VALIDATION_ERROR")
        assert answer.json()["details"] == {"trail_amount": ["Must be less than the price it follows."]}
    assert stop(alice, type="trailing_stop", trail_amount="29999.99").json()["trigger_price"] == "0.01"
    assert stop(alice, "buy", type="trailing_stop", trail_amount="30000").json()["trigger_price"] == "60000"


def test_the_band_of_a_stop_limit_is_around_its_trigger(alice, at_30000):
    Market.objects.filter(symbol="BTC-USDT").update(price_band="0.05")
    far = {"type": "stop_limit", "trigger_price": "20000", "price": "19500"}
    assert stop(alice, **far).status_code == 201
    answer = stop(alice, **far | {"price": "18999.99"})
    assert refusal(answer) == (422, "PRICE_OUT_OF_BAND")
    assert answer.json()["details"] == {"lowest_sell": "19000"}


def test_the_answer_to_an_order_has_what_its_trade_set_off(alice, bob, carol):
    """Carol's stop fires at Bob's trade, in the same moment, and hits what is left of his order."""
    trade(alice, bob, "30000")
    alice.sells("0.1", "29000")
    carol.place("sell", "0.5", type="stop_market", trigger_price="29000")
    placed = bob.buys("1", "29000")
    assert (placed["status"], placed["filled_quantity"]) == ("partially_filled", "0.6")
    assert [(fill["role"], fill["quantity"]) for fill in placed["fills"]] == [
        ("taker", "0.1"),
        ("maker", "0.5"),
    ]
