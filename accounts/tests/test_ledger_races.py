"""Many at once: real threads, real connections, real commits."""

import threading
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import pytest
from django.db import connection
from django.db.models import Sum

from accounts.ledger import Entry
from accounts.models import Account, Balance, LedgerTransaction, Posting, User
from accounts.services import (
    adjust_balance,
    claim_faucet,
    open_account,
    outside_account,
    post_transaction,
    system_account,
)
from common.errors import ErrorCode, Refused

pytestmark = pytest.mark.django_db(transaction=True)

THREADS = 20


def at_once(work, count=THREADS):
    """Run work(n) in `count` threads that start together; results, or the refusals' codes, in order."""
    barrier = threading.Barrier(count)

    def one(number):
        try:
            barrier.wait(timeout=20)
            return work(number)
        except Refused as refused:
            return refused.code
        finally:
            connection.close()

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(one, range(count)))


def available(account):
    return account.balances.get(asset="USDT").available


def assert_balances_are_their_postings():
    for balance in Balance.objects.all():
        rows = Posting.objects.filter(account=balance.account, asset=balance.asset)
        assert balance.available + balance.held == (rows.aggregate(total=Sum("amount"))["total"] or 0)


def test_of_twenty_withdrawals_of_everything_one_succeeds(alice, admin):
    adjust_balance(alice.account, "USDT", Decimal(100), "a gift", admin)
    results = at_once(lambda _: adjust_balance(alice.account, "USDT", Decimal(-100), "all of it", admin))
    assert sum(isinstance(result, LedgerTransaction) for result in results) == 1
    assert results.count(ErrorCode.INSUFFICIENT_FUNDS) == THREADS - 1
    assert available(alice.account) == 0
    assert_balances_are_their_postings()


def test_transfers_in_both_directions_do_not_lock_each_other_up(alice, bob, admin):
    for user in (alice, bob):
        for asset in ("USDT", "BTC"):
            adjust_balance(user.account, asset, Decimal(1000), "a gift", admin)

    def transfer(number):
        source, target = (alice, bob) if number % 2 else (bob, alice)
        assets = ("USDT", "BTC") if number % 3 else ("BTC", "USDT")
        for _ in range(10):
            entries = [Entry(source.account.pk, asset, Decimal(-1)) for asset in assets]
            entries += [Entry(target.account.pk, asset, Decimal(1)) for asset in reversed(assets)]
            post_transaction("deposit", entries)
        return "done"

    assert at_once(transfer) == ["done"] * THREADS
    assert available(alice.account) + available(bob.account) == 2000
    assert_balances_are_their_postings()


def test_the_first_money_of_an_account_may_come_from_many_sides(alice, admin):
    """Balance rows and the outside account are made by whoever comes first."""
    results = at_once(lambda _: adjust_balance(alice.account, "USDT", Decimal(1), "a gift", admin))
    assert all(isinstance(result, LedgerTransaction) for result in results)
    assert available(alice.account) == THREADS
    assert available(outside_account()) == -THREADS
    assert_balances_are_their_postings()


def test_the_faucet_gives_no_more_to_many_hands(alice):
    results = at_once(lambda _: claim_faucet(alice, {"USDT": Decimal(10)}, 3))
    assert sum(isinstance(result, LedgerTransaction) for result in results) == 3
    assert results.count(ErrorCode.FAUCET_LIMIT) == THREADS - 3
    assert available(alice.account) == 30


def test_an_account_opened_by_many_at_once_is_one():
    user = User.objects.create(username="dave")
    assert len({account.pk for account in at_once(lambda _: open_account(user))}) == 1
    assert Account.objects.filter(user=user).count() == 1


def test_a_system_account_made_by_many_at_once_is_one():
    assert len({a.pk for a in at_once(lambda _: system_account(Account.Kind.FEES, "fees:NEW"))}) == 1
