"""Transfer, borrow, repay."""

import importlib
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection

from accounts.models import Account, LedgerTransaction
from common import clock
from common.errors import Refused
from market.models import Price
from risk.models import Liquidation, Loan
from risk.services import borrow, transfer
from risk.tests.margin_desk import MarginDesk, after_noon, balance_of, broken_books

borrowing = importlib.import_module("risk.services.borrow")


@pytest.fixture
def desk(db):
    yield MarginDesk()
    assert broken_books() == []


def test_money_moves_between_ones_accounts_and_no_further(desk):
    desk.moves_in("alice", "USDT", "100")
    assert (desk.has("alice", "USDT"), balance_of(main(desk, "alice"), "USDT")) == ("100", "99900")
    desk.moves_out("alice", "USDT", "40")
    assert (desk.has("alice", "USDT"), balance_of(main(desk, "alice"), "USDT")) == ("60", "99940")
    assert desk.moves_out("alice", "USDT", "60.00000001") == "INSUFFICIENT_FUNDS"
    assert desk.moves_in("alice", "USDT", "99940.00000001") == "INSUFFICIENT_FUNDS"
    assert set(LedgerTransaction.objects.filter(kind="transfer").values_list("reason", flat=True)) == {""}


def test_a_beginner_borrows_four_times_what_she_has_and_not_a_unit_more(desk):
    desk.moves_in("alice", "USDT", "100")
    assert desk.borrows("alice", "USDT", "400.00000001") == "INSUFFICIENT_MARGIN"
    assert desk.borrows("alice", "USDT", "400").principal == 400
    assert (desk.has("alice", "USDT"), desk.owes("alice", "USDT")) == ("500", ("400", "0.004"))
    assert balance_of("lending:USDT", "USDT") == "999600"
    assert desk.borrows("alice", "USDT", "0.00000001") == "INSUFFICIENT_MARGIN"


@pytest.mark.parametrize(("who", "most"), [("alice", "400"), ("bob", "900"), ("carol", "1900")])
def test_the_tier_says_how_much(desk, who, most):
    desk.moves_in(who, "USDT", "100")
    assert desk.borrows(who, "USDT", str(Decimal(most) + 1)) == "INSUFFICIENT_MARGIN"
    assert desk.borrows(who, "USDT", most).principal == Decimal(most)


def test_borrowing_without_collateral(desk):
    assert desk.borrows("alice", "BTC", "0.00000001") == "INSUFFICIENT_MARGIN"


def test_collateral_in_one_asset_and_a_debt_in_another(desk):
    """0.1 BTC counts 4,950: a debt of 19,800 is four times that."""
    desk.moves_in("alice", "BTC", "0.1")
    assert desk.borrows("alice", "USDT", "19800.00000001") == "INSUFFICIENT_MARGIN"
    assert desk.borrows("alice", "USDT", "19800").principal == 19800


def test_the_pool_cannot_lend_what_it_has_not(desk):
    desk.moves_in("carol", "USDT", "100000")
    desk.terms("BTC", maximum="1000")
    desk.quotes(BTC="10")
    assert desk.borrows("carol", "BTC", "100.00000001") == "LENDING_LIMIT"
    assert desk.borrows("carol", "BTC", "100").principal == 100
    assert desk.borrows("carol", "BTC", "0.00000001") == "LENDING_LIMIT"
    assert balance_of("lending:BTC", "BTC") == "0"


def test_one_account_has_a_maximum(desk):
    desk.moves_in("carol", "USDT", "1000")
    desk.terms("USDT", maximum="50")
    assert desk.borrows("carol", "USDT", "50.00000001") == "LENDING_LIMIT"
    desk.borrows("carol", "USDT", "30")
    assert desk.borrows("carol", "USDT", "20.00000001") == "LENDING_LIMIT"
    assert desk.borrows("carol", "USDT", "20").principal == 50


@pytest.mark.parametrize("amount", ["0", "-1", "0.000000001"])
def test_amounts_that_are_none(desk, amount):
    for call in (desk.borrows, desk.repays, desk.moves_in, desk.moves_out):
        assert call("alice", "USDT", amount) == "VALIDATION_ERROR"


@pytest.mark.parametrize("asset", ["DOGE", "", "usdt", "\x00", "USDT "])
def test_assets_that_are_not_lent(desk, asset):
    before = Account.objects.count()
    for call in (desk.borrows, desk.repays, desk.moves_in, desk.moves_out):
        assert call("alice", asset, "1") == "VALIDATION_ERROR"
    assert Account.objects.count() == before


def test_what_is_left_must_bear_the_debt(desk):
    """With 500 and a debt of 200 (and 0.002 interest), 249.9995 must stay: 4 x (250.0015... - ...)."""
    desk.moves_in("alice", "USDT", "300")
    desk.borrows("alice", "USDT", "200")
    # 200.002 <= 4 x (500 - x - 200.002)  =>  x <= 249.9975
    assert desk.moves_out("alice", "USDT", "249.99750001") == "INSUFFICIENT_MARGIN"
    assert desk.moves_out("alice", "USDT", "500.1") == "INSUFFICIENT_FUNDS"
    desk.moves_out("alice", "USDT", "249.9975")
    assert desk.moves_out("alice", "USDT", "0.00000001") == "INSUFFICIENT_MARGIN"


def test_interest_is_paid_before_principal(desk):
    desk.moves_in("alice", "USDT", "100")
    desk.borrows("alice", "USDT", "400")
    desk.repays("alice", "USDT", "0.003")
    assert desk.owes("alice", "USDT") == ("400", "0.001")
    desk.repays("alice", "USDT", "100.001")
    assert desk.owes("alice", "USDT") == ("300", "0")


def test_all_is_paid_back_and_the_loan_is_closed(desk):
    desk.moves_in("alice", "USDT", "100")
    desk.borrows("alice", "USDT", "400")
    loan = desk.repays("alice", "USDT")
    assert loan.closed_at is not None and desk.owes("alice", "USDT") is None
    assert (desk.has("alice", "USDT"), balance_of("lending:USDT", "USDT")) == ("99.996", "1000000.004")
    assert desk.repays("alice", "USDT") == "NO_LOAN"
    desk.borrows("alice", "USDT", "10")
    assert Loan.objects.count() == 2


def test_more_than_is_owed_pays_what_is_owed(desk):
    desk.moves_in("alice", "USDT", "100")
    desk.borrows("alice", "USDT", "10")
    desk.repays("alice", "USDT", "50")
    assert (desk.owes("alice", "USDT"), desk.has("alice", "USDT")) == (None, "99.9999")


def test_nobody_repays_with_money_that_is_not_there(desk):
    desk.moves_in("alice", "USDT", "100")
    desk.borrows("alice", "BTC", "0.001")
    desk.gives_away("alice", "BTC", "0.0005")
    assert desk.repays("alice", "BTC") == "INSUFFICIENT_FUNDS"
    assert desk.owes("alice", "BTC") == ("0.001", "0.00000001")


def test_without_a_fresh_price_nothing_is_lent_and_nothing_leaves(desk):
    desk.moves_in("alice", "BTC", "1")
    desk.borrows("alice", "USDT", "100")
    Price.objects.update(updated_at=clock.now() - timedelta(seconds=61))
    assert desk.borrows("alice", "USDT", "1") == "NO_REFERENCE_PRICE"
    assert desk.moves_out("alice", "BTC", "0.1") == "NO_REFERENCE_PRICE"
    assert desk.moves_in("alice", "BTC", "0.1").kind == "transfer"
    assert desk.repays("alice", "USDT", "50").principal == Decimal("50.001")


def test_in_liquidation_nothing_is_lent_and_nothing_leaves(desk):
    desk.moves_in("alice", "USDT", "100")
    desk.borrows("alice", "USDT", "10")
    Liquidation.objects.create(
        account=desk.margin("alice"), status="liquidating", equity=0, maintenance_margin=0,
        started_at=clock.now(),
    )  # fmt: skip
    assert desk.borrows("alice", "USDT", "1") == "LIQUIDATION_IN_PROGRESS"
    assert desk.moves_out("alice", "USDT", "1") == "LIQUIDATION_IN_PROGRESS"
    desk.moves_in("alice", "USDT", "1")
    desk.repays("alice", "USDT")


def test_every_movement_has_its_own_kind(desk):
    with after_noon():
        desk.quotes(BTC="50000", ETH="2000")
        desk.moves_in("alice", "USDT", "100")
        desk.borrows("alice", "USDT", "400")
        desk.repays("alice", "USDT", "1")
    rows = LedgerTransaction.objects.exclude(kind__in=["deposit", "adjustment"]).order_by("id")
    assert [row.kind for row in rows] == ["transfer", "borrow", "interest", "repayment"]


@pytest.fixture
def slow_judges(monkeypatch):
    """Whoever has judged pauses before writing, so that without a lock the others judge meanwhile."""
    judge = borrowing._refuse_beyond_margin

    def slowly(*arguments):
        judge(*arguments)
        time.sleep(0.1)

    monkeypatch.setattr(borrowing, "_refuse_beyond_margin", slowly)


@pytest.mark.django_db(transaction=True)
def test_of_two_who_borrow_the_whole_limit_at_once_one_succeeds(slow_judges):
    desk = MarginDesk()
    desk.moves_in("alice", "USDT", "100.00001")
    desk.borrows("alice", "USDT", "1")  # makes all rows, so that nobody waits for those of another
    desk.repays("alice", "USDT")
    outcomes = at_once([lambda: borrow(desk.people["alice"], "USDT", Decimal(400))] * 4)
    assert sorted(outcomes) == ["INSUFFICIENT_MARGIN"] * 3 + ["done"]
    assert desk.owes("alice", "USDT") == ("400", "0.004")


@pytest.mark.django_db(transaction=True)
def test_loans_in_different_assets_cannot_use_the_same_collateral_twice(slow_judges):
    desk = MarginDesk()
    desk.terms("BTC", hourly_rate=0)  # so that what was borrowed pays it back
    desk.moves_in("alice", "USDT", "1000")
    alice = desk.people["alice"]
    steps = [
        lambda: borrow(alice, "USDT", Decimal(4000)),
        lambda: borrow(alice, "BTC", Decimal("0.07")),
        lambda: transfer(alice, "USDT", Decimal(900), False),
    ]
    for _ in range(3):
        outcomes = at_once(steps)
        assert outcomes.count("done") == 1, outcomes
        for asset in ("USDT", "BTC"):
            desk.repays("alice", asset)
        desk.moves_in("alice", "USDT", str(1000 - Decimal(desk.has("alice", "USDT"))))
    assert broken_books() == []


def main(desk, who):
    return f"user:{desk.people[who].pk}"


def at_once(steps):
    together = threading.Barrier(len(steps))

    def one(step):
        try:
            together.wait(10)
            step()
            return "done"
        except Refused as refused:
            return refused.code.name
        finally:
            connection.close()

    with ThreadPoolExecutor(len(steps)) as pool:
        return list(pool.map(one, steps))
