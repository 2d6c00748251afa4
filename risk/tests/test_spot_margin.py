"""The arithmetic of margin accounts."""

from decimal import Decimal

import pytest

from risk.spot_margin import (
    Health,
    Terms,
    after_borrowing,
    interest_per_hour,
    most_borrowable,
    standing,
)


def terms(price="1", haircut="0", rate="0.00001", precision=8, maintenance="0.02"):
    price = None if price is None else Decimal(price)
    return Terms(
        precision, price, Decimal(rate), Decimal(haircut), Decimal(maintenance), Decimal("0.01"),
        Decimal("0.005"), Decimal(10**6),
    )  # fmt: skip


TERMS = {"USDT": terms(), "BTC": terms("50000", "0.01"), "ETH": terms("2000", "0.02")}


def stands(owned, owed, known=TERMS):
    return standing(
        {asset: Decimal(amount) for asset, amount in owned.items()},
        {asset: Decimal(amount) for asset, amount in owed.items()},
        known,
    )


def test_collateral_counts_less_its_haircut_and_debts_count_whole():
    now = stands({"USDT": "100", "BTC": "0.01"}, {"USDT": "300", "ETH": "0.05"})
    assert (now.assets, now.collateral, now.debt) == (600, 595, 400)
    assert (now.equity, now.maintenance_margin, now.level) == (195, 8, Decimal("1.4875"))


def test_who_owes_nothing_has_no_level_and_is_healthy():
    assert (stands({}, {}).level, stands({}, {}).health) == (None, Health.HEALTHY)
    assert stands({"BTC": "1"}, {}).health is Health.HEALTHY


@pytest.mark.parametrize(
    ("owned", "health"),
    [("1025", "healthy"), ("1024.99999999", "warned"), ("1020", "warned"), ("1019.99999999", "liquidation")],
)
def test_the_warning_comes_at_a_quarter_more_than_maintenance_margin(owned, health):
    assert stands({"USDT": owned}, {"USDT": "1000"}).health == health


@pytest.mark.parametrize(("leverage", "most"), [(1, "0"), (2, "100"), (5, "400"), (20, "1900")])
def test_as_much_can_be_borrowed_as_the_tier_has_leverage(leverage, most):
    now = stands({"USDT": "100"}, {})
    amount = most_borrowable(now, TERMS["USDT"], leverage)
    assert amount == Decimal(most)
    assert after_borrowing(now, amount, TERMS["USDT"]).bears_initially(leverage)
    more = amount + Decimal("0.00000001")
    assert not after_borrowing(now, more, TERMS["USDT"]).bears_initially(leverage)


def test_what_was_borrowed_already_counts():
    now = stands({"USDT": "300"}, {"USDT": "200"})
    assert most_borrowable(now, TERMS["USDT"], 5) == 200
    assert most_borrowable(stands({"USDT": "500"}, {"USDT": "400"}), TERMS["USDT"], 5) == 0
    assert most_borrowable(stands({"USDT": "1"}, {"USDT": "400"}), TERMS["USDT"], 5) == 0


def test_an_asset_with_a_haircut_lends_itself_less_far():
    """x BTC takes 1% of its value from the equity: 4 x (100 - 0.01 v) = v."""
    now = stands({"USDT": "100"}, {})
    amount = most_borrowable(now, TERMS["BTC"], 5)
    assert amount == Decimal("0.00769230")
    assert after_borrowing(now, amount, TERMS["BTC"]).bears_initially(5)
    assert not after_borrowing(now, amount + Decimal("1e-8"), TERMS["BTC"]).bears_initially(5)


def test_nothing_is_borrowable_without_prices():
    blind = TERMS | {"BTC": terms(None)}
    assert most_borrowable(stands({"USDT": "100"}, {}), blind["BTC"], 5) == 0
    now = stands({"USDT": "100", "BTC": "1"}, {}, blind)
    assert now.unpriced == ("BTC",) and most_borrowable(now, TERMS["USDT"], 5) == 0


def test_what_has_no_terms_counts_for_nothing():
    assert stands({"USDT": "5", "DOGE": "1000000"}, {}).assets == 5


@pytest.mark.parametrize(
    ("principal", "rate", "precision", "interest"),
    [
        ("400", "0.00001", 8, "0.004"),
        ("0.00000001", "0.00001", 8, "0.00000001"),
        ("1", "0", 8, "0"),
        ("333.33", "0.00001", 2, "0.01"),
        ("1000000", "0.00001", 8, "10"),
    ],
)
def test_interest_rounds_up_to_a_whole_unit(principal, rate, precision, interest):
    own = terms(rate=rate, precision=precision)
    assert interest_per_hour(Decimal(principal), own) == Decimal(interest)
