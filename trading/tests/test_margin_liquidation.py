"""Margin accounts that fall below their maintenance margin."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection

from accounts.models import LedgerTransaction
from accounts.services import adjust_balance
from common import clock
from market.models import Price
from risk.models import Liquidation
from risk.services import insurance_account
from risk.services import liquidate_margin as steps
from risk.spot_margin import Health
from risk.tests.margin_desk import broken_books
from trading import audit
from trading.models import Order
from trading.services import suspend_user
from trading.tests.laws import broken_laws
from trading.tests.margin_market import MarginFloor


@pytest.fixture
def floor(transactional_db):
    yield MarginFloor()
    assert broken_books() == []
    assert broken_laws() == []
    with connection.cursor() as cursor:
        assert audit.check(cursor).violations == []


def test_who_is_well_covered_is_left_alone(floor):
    floor.is_long("alice")
    assert (floor.sweep(), floor.liquidation("alice")) == (0, None)


def test_first_comes_a_warning_and_it_goes_when_the_price_comes_back(floor):
    """She has 500 USDT and 0.08982 BTC that count for 99%, and owes 4,000.04: the warning comes below 40,485."""
    floor.is_long("alice")
    floor.index("40400")
    assert floor.stands("alice").health is Health.WARNED
    assert floor.sweep() == 1
    assert floor.steps("alice") == ["warned"] and floor.liquidation("alice").status == "warned"
    assert floor.sweep() == 0
    floor.index("45000")
    assert floor.sweep() == 1
    assert floor.steps("alice") == ["warned", "recovered"]


def test_orders_are_cancelled_cash_repays_and_parts_are_sold_until_the_account_is_well_again(floor):
    floor.is_long("alice")
    resting = floor.orders("alice", "sell", "0.01", "60000")
    floor.buys("mark", "1", "40150")
    floor.index("40200")
    assert floor.stands("alice").health is Health.LIQUIDATION
    assert floor.sweep() > 0
    assert floor.steps("alice")[:4] == ["warned", "orders_cancelled", "repaid", "reduced"]
    assert floor.steps("alice")[-1] == "recovered"
    assert floor.fate(resting) == "cancelled LIQUIDATION"
    assert floor.stands("alice").health is Health.HEALTHY
    assert Decimal(floor.has("alice", "BTC")) > 0
    assert Decimal(floor.fund()) > 0
    sold = [row for row in floor.rows(floor.liquidation("alice")) if row.kind == "reduced"]
    assert all(row.notional / row.quantity == 40150 for row in sold)


def test_it_sells_no_lower_than_its_bound_and_waits_for_buyers(floor):
    floor.is_long("alice")
    floor.buys("mark", "1", "39700")  # the index less 1% is 39,798
    floor.index("40200")
    floor.sweep()
    assert floor.steps("alice") == ["warned", "repaid", "reduced"]
    [order] = Order.objects.filter(client_order_id__startswith="liquidation/")
    assert (order.status, order.price, order.filled_quantity) == ("cancelled", Decimal("39798"), 0)
    assert floor.sweep() == 0  # not again at once
    floor.buys("mark", "1", "40000")
    real = clock.now
    clock.now = lambda: real() + timedelta(seconds=6)
    try:
        assert floor.sweep() > 0
    finally:
        clock.now = real
    assert floor.steps("alice")[-1] == "recovered"


def test_a_short_is_bought_back_by_parts(floor):
    """She owes 0.07000035 BTC and has 4,493 USDT, 3,493 of them from what she sold."""
    floor.is_short("alice")
    floor.sells("mark", "1", "63050")
    floor.index("63000")
    assert floor.stands("alice").health is Health.LIQUIDATION
    floor.sweep()
    assert floor.steps("alice")[:3] == ["warned", "reduced", "repaid"]
    assert floor.steps("alice")[-1] == "recovered"
    assert Decimal(0) < Decimal(floor.owes("alice", "BTC")) < Decimal("0.07")
    assert Decimal(floor.fund("BTC")) > 0


def test_debts_in_one_asset_are_paid_with_another_by_way_of_the_quote(floor):
    floor.moves_in("alice", "0.05", "BTC")
    floor.borrows("alice", "4.5", "ETH")
    floor.buys("mark", "4.5", "2000", symbol="ETH-USDT")
    floor.orders("alice", "sell", "4.5", "2000", symbol="ETH-USDT")
    floor.buys("mark", "1", "50000")
    floor.sells("mark", "100", "2540", symbol="ETH-USDT")
    floor.index("2540", "ETH-USDT")
    assert floor.stands("alice").health is Health.LIQUIDATION
    floor.sweep()
    assert floor.steps("alice")[-1] in ("recovered", "closed")


def test_the_insurance_fund_pays_what_the_account_cannot(floor):
    floor.is_long("alice")
    fill_fund(floor, "USDT", "2000")
    floor.buys("mark", "1", "30000")
    floor.index("30000")
    before = Decimal(floor.pool())
    floor.sweep()
    assert floor.steps("alice")[-2:] == ["fund_paid", "closed"]
    assert (floor.owes("alice"), floor.has("alice", "BTC"), floor.has("alice", "USDT")) == ("0", "0", "0")
    assert Decimal(floor.pool()) > before and Decimal(floor.fund()) < 2000
    assert not LedgerTransaction.objects.filter(kind="write_off").exists()


def test_what_the_fund_cannot_pay_is_written_off_by_name(floor):
    floor.is_long("alice")
    floor.buys("mark", "1", "30000")
    floor.index("30000")
    floor.sweep()
    assert floor.steps("alice")[-2:] == ["written_off", "closed"]
    row = LedgerTransaction.objects.get(kind="write_off")
    assert row.reason.startswith("liquidation ") and row.reference.startswith("loan ")
    assert floor.owes("alice") == "0" and floor.liquidation("alice").status == "closed"


def test_the_fund_pays_a_debt_in_bitcoin_with_dollars(floor):
    floor.is_short("alice")
    fill_fund(floor, "USDT", "5000")
    floor.sells("mark", "1", "100000")
    floor.index("100000")
    floor.sweep()
    assert floor.steps("alice")[-2:] == ["fund_paid", "closed"]
    assert floor.owes("alice", "BTC") == "0"
    assert Decimal(floor.fund()) < 20000


def test_somebody_who_is_suspended_is_liquidated_all_the_same(floor):
    floor.is_long("alice")
    suspend_user(floor.user("alice"), "test", floor.admin)
    assert floor.orders("alice", "sell", "0.01", "50000") == "ACCOUNT_SUSPENDED"
    floor.buys("mark", "1", "40150")
    floor.index("40200")
    floor.sweep()
    assert floor.steps("alice")[-1] == "recovered"


def test_nobody_is_liquidated_on_an_old_price(floor):
    floor.is_long("alice")
    floor.index("40000")
    Price.objects.update(updated_at=clock.now() - timedelta(seconds=61))
    assert floor.sweep() == 0 and floor.liquidation("alice") is None


def test_in_liquidation_only_the_exchange_trades(floor):
    floor.is_long("alice")
    floor.index("40200")  # nobody buys
    floor.sweep()
    assert floor.liquidation("alice").status == "liquidating"
    assert floor.orders("alice", "sell", "0.01", "50000") == "LIQUIDATION_IN_PROGRESS"


@pytest.mark.parametrize("dies_in", ["note_cancelled", "repay_from_balance", "note_sold", "end", "begin"])
def test_after_a_crash_it_goes_on_and_nothing_happens_twice(floor, monkeypatch, dies_in):
    floor.is_long("alice")
    floor.orders("alice", "sell", "0.01", "60000")
    floor.buys("mark", "1", "40150")
    floor.index("40200")
    real = getattr(steps, dies_in)

    def dies(*arguments):
        raise SystemExit

    monkeypatch.setattr(steps, dies_in, dies)
    with pytest.raises(SystemExit):
        floor.sweep()
    monkeypatch.setattr(steps, dies_in, real)
    floor.sweep()
    assert_liquidated_once(floor)


def test_sweeps_at_the_same_time_take_every_step_once(floor):
    floor.is_long("alice")
    floor.buys("mark", "1", "40150")
    floor.index("40200")

    def sweep(_):
        try:
            return floor.sweep()
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(sweep, range(4)))
    floor.sweep()
    assert_liquidated_once(floor)


def test_a_step_that_somebody_else_took_meanwhile_is_not_taken_again(floor):
    """Two saw the same moment; the second one's step has a number that is gone."""
    floor.is_long("alice")
    floor.index("40200")
    floor.sweep()
    account, before = floor.account("alice"), floor.steps("alice")
    [order] = Order.objects.filter(client_order_id__startswith="liquidation/")
    sold = steps.Sold(
        order.pk, order.market_id, None, Decimal(1), Decimal(40_000), "USDT", Decimal(40_000), Decimal(1)
    )
    for number in range(1, len(before) + 1):
        assert not steps.note_sold(account, number, sold)
        assert not steps.note_cancelled(account, number, [1])
        assert not steps.end(account, number)
    assert (floor.steps("alice"), floor.fund()) == (before, "0")


def assert_liquidated_once(floor):
    assert floor.steps("alice")[-1] == "recovered"
    assert floor.stands("alice").health is Health.HEALTHY
    rows = list(floor.rows(floor.liquidation("alice")))
    assert [row.number for row in rows] == list(range(1, len(rows) + 1))
    placed = Order.objects.filter(client_order_id__startswith="liquidation/")
    assert sorted(placed.values_list("pk", flat=True)) == [
        row.order_id for row in rows if row.kind == "reduced"
    ]
    assert Liquidation.objects.count() == 1


def fill_fund(floor, asset, amount):
    """As fees of earlier liquidations would."""
    adjust_balance(insurance_account(), asset, Decimal(amount), "for the test", floor.admin)
