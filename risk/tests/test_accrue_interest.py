"""Interest by the hour."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from accounts.models import LedgerTransaction
from risk.models import InterestCharge
from risk.services import accrue_interest
from risk.tests.margin_desk import MarginDesk, after_noon, balance_of, broken_books


@pytest.fixture
def desk(db):
    with after_noon():
        desk = MarginDesk()
        desk.moves_in("alice", "USDT", "100")
        desk.borrows("alice", "USDT", "400")
    yield desk
    assert broken_books() == []


@pytest.mark.parametrize(
    ("hours", "minutes", "interest"),
    [(0, 0, "0.004"), (0, 59, "0.004"), (1, 0, "0.008"), (1, 1, "0.008"), (23, 59, "0.096"), (24, 0, "0.1")],
)
def test_each_hour_begun_counts(desk, hours, minutes, interest):
    with after_noon(hours, minutes):
        accrue_interest()
    assert desk.owes("alice", "USDT") == ("400", interest)


def test_however_often_it_runs_an_hour_is_charged_once(desk):
    for minutes in range(0, 181, 7):
        with after_noon(minutes=minutes):
            accrue_interest()
            accrue_interest()
    assert desk.owes("alice", "USDT") == ("400", "0.012")
    with after_noon(hours=3):
        assert (accrue_interest(), accrue_interest()) == (1, 0)
    assert desk.owes("alice", "USDT") == ("400", "0.016")


def test_after_ten_hours_of_standstill_ten_hours_are_caught_up_at_once(desk):
    with after_noon(hours=10, minutes=30):
        assert (accrue_interest(), accrue_interest()) == (1, 0)
    assert desk.owes("alice", "USDT") == ("400", "0.044")
    assert list(InterestCharge.objects.order_by("id").values_list("hours", flat=True)) == [1, 10]


def test_what_is_borrowed_within_an_hour_pays_for_that_hour(desk):
    with after_noon(minutes=30):
        desk.quotes(BTC="50000", ETH="2000")
        desk.moves_in("alice", "USDT", "100")
        desk.borrows("alice", "USDT", "200")
    assert desk.owes("alice", "USDT") == ("600", "0.006")
    with after_noon(hours=1):
        accrue_interest()
    assert desk.owes("alice", "USDT") == ("600", "0.012")


def test_nobody_borrows_for_nothing_by_paying_back_within_the_hour(desk):
    with after_noon(minutes=59):
        desk.repays("alice", "USDT")
    assert desk.has("alice", "USDT") == "99.996"
    assert balance_of("lending:USDT", "USDT") == "1000000.004"


def test_repaying_charges_the_hours_that_nobody_had_charged_yet(desk):
    with after_noon(hours=2):
        desk.repays("alice", "USDT", "100")
    assert desk.owes("alice", "USDT") == ("300.012", "0")


def test_interest_bears_no_interest(desk):
    for hours in (1000, 2000):
        with after_noon(hours=hours):
            accrue_interest()
    assert desk.owes("alice", "USDT") == ("400", "8.004")


def test_a_new_rate_counts_from_the_next_charge_on(desk):
    desk.terms("USDT", hourly_rate="0.0001")
    with after_noon(hours=1):
        accrue_interest()
    assert desk.owes("alice", "USDT") == ("400", "0.044")


def test_a_rate_of_zero_moves_no_money_and_the_hours_go_on(desk):
    desk.terms("USDT", hourly_rate="0")
    with after_noon(hours=5):
        accrue_interest()
    assert desk.owes("alice", "USDT") == ("400", "0.004")
    assert LedgerTransaction.objects.filter(kind="interest").count() == 1


def test_interest_goes_through_the_ledger_when_it_falls_due(desk):
    with after_noon(hours=1):
        accrue_interest()
    row = LedgerTransaction.objects.filter(kind="interest").latest("id")
    assert {(p.account.name, str(p.amount.normalize())) for p in row.postings.all()} == {
        ("loans:USDT", "0.004"),
        ("owed:USDT", "-0.004"),
    }
    assert InterestCharge.objects.latest("id").ledger_transaction_id == row.pk


@pytest.mark.django_db(transaction=True)
def test_sweeps_at_the_same_time_charge_an_hour_once():
    with after_noon():
        desk = MarginDesk()
        for who in desk.people:
            desk.moves_in(who, "USDT", "100")
            desk.borrows(who, "USDT", "100")
    together = threading.Barrier(4)

    def sweep(_):
        try:
            together.wait(10)
            return accrue_interest()
        finally:
            connection.close()

    with after_noon(hours=7), ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(sweep, range(4))) == 3
    assert {desk.owes(who, "USDT") for who in desk.people} == {("100", "0.008")}
    assert broken_books() == []
