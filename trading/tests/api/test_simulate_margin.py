"""POST /api/v1/trades/simulate-margin: a quick estimate, and what the engine would do."""

from decimal import Decimal

import pytest

from risk.models import Bracket, TierLimit
from trading.matching_service.perpetual import FIRST_LEVERAGE
from trading.models import Order
from trading.tests.api.desk import Desk, key_desk, outside_price, person, refusal

ASKED = {"symbol": "BTC-PERP", "side": "long", "size": "0.1", "price": "50000.00", "leverage": 10}
QUICK = {
    "required_margin": "500.00", "maintenance_margin": "250.00", "liquidation_price": "45250.00",
    "max_loss": "550.00",
}  # fmt: skip


@pytest.fixture
def trader(markets):
    """Of the middle tier: at most 10x."""
    return Desk(person("ida", tier="intermediate"))


def simulated(desk, **changes):
    answer = desk.post("trades/simulate-margin", ASKED | changes)
    assert answer.status_code == 200, answer.content
    return answer.json()


def engine(desk, **changes):
    return simulated(desk, **changes)["engine"]


def test_the_promised_example(trader):
    body = simulated(trader)
    assert {name: body[name] for name in QUICK} == QUICK
    assert set(body) == {*QUICK, "engine"}


def test_what_the_engine_would_do_with_it(trader):
    assert engine(trader) == {
        "tier": "intermediate", "allowed": True, "reason": None, "message": None, "maximum_leverage": 10,
        "notional": "5000.00", "initial_margin": "500.00", "maintenance_margin": "25.00",
        "opening_fee": "2.50", "closing_fee": "2.50", "required_margin": "505.00",
        "liquidation_price": "45226.13", "bankruptcy_price": "45022.51",
        "isolated_margin": "502.50", "isolated_liquidation_price": "45201.01",
    }  # fmt: skip


def test_a_short_is_the_other_way_round(trader):
    body = simulated(trader, side="short")
    assert body["liquidation_price"] == "54750.00"
    assert body["engine"]["liquidation_price"] == "54726.37"


@pytest.mark.parametrize(("said", "same"), [("buy", "long"), ("sell", "short")])
def test_buy_is_long_and_sell_is_short(trader, said, same):
    assert simulated(trader, side=said) == simulated(trader, side=same)


def test_figures_have_two_decimals_or_as_many_as_they_need(trader):
    assert simulated(trader, leverage=3)["required_margin"] == "1666.66666667"
    assert simulated(trader, size="0.001", price="0.1", leverage=7)["required_margin"] == "0.00001429"
    assert engine(trader, leverage=3)["initial_margin"] == "1666.66666667"


def test_a_beginner_is_told_that_ten_times_is_too_much(alice):
    body = simulated(alice)
    assert {name: body[name] for name in QUICK} == QUICK
    shown = body["engine"]
    assert (shown["tier"], shown["allowed"], shown["reason"]) == ("beginner", False, "LEVERAGE_TOO_HIGH")
    assert shown["maximum_leverage"] == 5 and "beginner" in shown["message"] and "5x" in shown["message"]
    assert engine(alice, leverage=5)["allowed"] and not engine(alice, leverage=6)["allowed"]


def test_a_large_position_may_have_less_than_the_tier(trader):
    shown = engine(trader, size="30", leverage=10)  # 1,500,000: the bracket of 5x
    assert (shown["allowed"], shown["reason"], shown["maximum_leverage"]) == (False, "LEVERAGE_TOO_HIGH", 5)
    assert engine(trader, size="30", leverage=5)["allowed"]
    assert shown["maintenance_margin"] == "21250.00"  # 2.5% less 16,250


def test_tiers_and_brackets_are_those_that_stand_now(trader):
    TierLimit.objects.filter(tier="intermediate").update(maximum_leverage=3)
    assert engine(trader)["maximum_leverage"] == 3
    Bracket.objects.filter(contract__market__symbol="BTC-PERP", floor=0).update(maximum_leverage=2)
    assert engine(trader)["maximum_leverage"] == 2


def test_a_trade_beside_the_grid_is_shown_and_told_why_it_would_be_refused(trader):
    cases = {"price": ("50000.05", "INVALID_PRICE"), "size": ("0.1001", "INVALID_QUANTITY")}
    for field, (value, reason) in cases.items():
        shown = engine(trader, **{field: value})
        assert (shown["allowed"], shown["reason"]) == (False, reason)
    assert engine(trader, size="0.001", price="100")["reason"] == "MIN_NOTIONAL"


def test_without_leverage_a_long_is_never_liquidated(trader):
    shown = engine(trader, leverage=1)
    assert shown["liquidation_price"] is None and shown["bankruptcy_price"] is None
    assert simulated(trader, leverage=1)["liquidation_price"] == "250.00"


def test_a_spot_market_has_no_margin(trader):
    answer = trader.post("trades/simulate-margin", ASKED | {"symbol": "BTC-USDT"})
    assert refusal(answer) == (422, "NOT_A_PERPETUAL")
    assert "spot" in answer.json()["message"]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"symbol": "XRP-PERP"}, (404, "UNKNOWN_SYMBOL")),
        ({"side": "up"}, (400, "VALIDATION_ERROR")),
        ({"size": "0"}, (400, "VALIDATION_ERROR")),
        ({"size": "-1"}, (400, "VALIDATION_ERROR")),
        ({"size": 0.1}, (400, "VALIDATION_ERROR")),
        ({"price": "NaN"}, (400, "VALIDATION_ERROR")),
        ({"price": "1e5"}, (400, "VALIDATION_ERROR")),
        ({"leverage": 0}, (400, "VALIDATION_ERROR")),
        ({"leverage": "10"}, (400, "VALIDATION_ERROR")),
        ({"leverage": 2.5}, (400, "VALIDATION_ERROR")),
        ({"leverage": True}, (400, "VALIDATION_ERROR")),
        ({"leverage": 10**30}, (400, "VALIDATION_ERROR")),
        ({"mode": "cross"}, (400, "VALIDATION_ERROR")),
        ({"price": "9" * 19, "size": "0.000000000000000001"}, (422, "INVALID_PRICE")),
        ({"price": "0.09"}, (422, "INVALID_PRICE")),
        ({"size": "9" * 19}, (422, "MAX_NOTIONAL")),
    ],
)
def test_bad_input_is_refused_by_name(trader, changes, expected):
    assert refusal(trader.post("trades/simulate-margin", ASKED | changes)) == expected


@pytest.mark.parametrize("missing", list(ASKED))
def test_every_field_is_needed(trader, missing):
    body = {name: value for name, value in ASKED.items() if name != missing}
    answer = trader.post("trades/simulate-margin", body)
    assert refusal(answer) == (400, "VALIDATION_ERROR") and missing in answer.json()["details"]


def test_one_signs_in_first_and_a_reading_key_is_enough(trader, stranger):
    assert refusal(stranger.post("trades/simulate-margin", ASKED)) == (401, "NOT_AUTHENTICATED")
    assert simulated(key_desk(trader.user, "read")) == simulated(trader)


@pytest.mark.parametrize(("side", "other"), [("long", "sell"), ("short", "buy")])
def test_an_order_then_binds_what_was_said(trader, bob, side, other):
    outside_price("50000", symbol="BTC-PERP")
    said = engine(trader, side=side, leverage=FIRST_LEVERAGE)
    order = {"symbol": "BTC-PERP", "side": side, "size": "0.1", "price": "50000"}
    assert trader.post("trades/", order).status_code == 201
    assert trader.balance("USDT")[1] == f"{Decimal(said['required_margin']).normalize():f}"
    before = Decimal(trader.balance("USDT")[0]) + Decimal(said["required_margin"])
    bob.place(other, "0.1", "50000", symbol="BTC-PERP")
    available, held = map(Decimal, trader.balance("USDT"))
    assert held == Decimal(said["initial_margin"]) + Decimal(said["closing_fee"])
    maker_fee = Decimal("1")  # 0.02%: it rested, and did not take
    assert available + held == before - maker_fee


def test_nothing_is_traded(trader):
    simulated(trader)
    assert not Order.objects.exists()
    assert trader.balance("USDT") == ("1000000", "0")
