"""Money moves whole or not at all, with a reason and a name."""

from decimal import Decimal

import pytest

from accounts.ledger import Entry
from accounts.models import Account, LedgerTransaction, Posting
from accounts.services import (
    adjust_balance,
    claim_faucet,
    open_account,
    outside_account,
    post_transaction,
    system_account,
)
from common.errors import ErrorCode, Refused

pytestmark = pytest.mark.django_db


def available(account, asset="USDT"):
    row = account.balances.filter(asset=asset).first()
    return row.available if row else None


def test_an_account_is_opened_once(alice):
    assert open_account(alice) == open_account(alice) == alice.account
    assert Account.objects.filter(user=alice).count() == 1


def test_a_system_account_is_made_once():
    fees = system_account(Account.Kind.FEES, "fees:BTC-USDT")
    assert system_account(Account.Kind.FEES, "fees:BTC-USDT") == fees
    assert fees.user is None


def test_an_adjustment_is_a_ledger_transaction_with_a_reason_and_a_name(alice, admin):
    row = adjust_balance(alice.account, "USDT", Decimal("12.5"), "  a deposit by hand ", admin)
    assert (row.kind, row.reason, row.actor) == ("adjustment", "a deposit by hand", admin)
    assert {(each.account, each.asset, each.amount) for each in row.postings.all()} == {
        (alice.account, "USDT", Decimal("12.5")),
        (outside_account(), "USDT", Decimal("-12.5")),
    }
    assert (available(alice.account), available(outside_account())) == (Decimal("12.5"), Decimal("-12.5"))


@pytest.mark.parametrize("reason", ["", "   ", "\n\t", "x" * 201])
def test_an_adjustment_needs_a_reason_of_reasonable_length(alice, admin, reason):
    with pytest.raises(Refused) as caught:
        adjust_balance(alice.account, "USDT", Decimal(1), reason, admin)
    assert caught.value.code is ErrorCode.VALIDATION_ERROR
    assert "reason" in caught.value.details
    assert not LedgerTransaction.objects.exists()


@pytest.mark.parametrize(
    "amount", ["0", "NaN", "sNaN", "Infinity", "-Infinity", "1e-19", "1e20", "1e1000000"]
)
def test_an_adjustment_is_of_an_amount_that_the_ledger_can_hold(alice, admin, amount):
    with pytest.raises(Refused) as caught:
        adjust_balance(alice.account, "USDT", Decimal(amount), "why", admin)
    assert caught.value.code is ErrorCode.VALIDATION_ERROR
    assert "amount" in caught.value.details
    assert not LedgerTransaction.objects.exists()


def test_adjustments_that_together_pass_the_bound_are_refused(alice, admin):
    adjust_balance(alice.account, "USDT", Decimal(10**19), "all there is", admin)
    with pytest.raises(Refused, match="No account can hold that much"):
        adjust_balance(alice.account, "USDT", Decimal(1), "and more", admin)
    assert available(alice.account) == 10**19


def test_nobody_is_adjusted_below_zero(alice, admin):
    adjust_balance(alice.account, "USDT", Decimal(5), "a gift", admin)
    with pytest.raises(Refused) as caught:
        adjust_balance(alice.account, "USDT", Decimal("-5.000000000000000001"), "a bit too much", admin)
    assert caught.value.code is ErrorCode.INSUFFICIENT_FUNDS
    assert available(alice.account) == 5
    assert LedgerTransaction.objects.count() == 1


def test_what_is_held_cannot_be_taken(alice, admin):
    adjust_balance(alice.account, "USDT", Decimal(5), "a gift", admin)
    alice.account.balances.update(available=2, held=3)
    with pytest.raises(Refused):
        adjust_balance(alice.account, "USDT", Decimal(-3), "too much", admin)
    adjust_balance(alice.account, "USDT", Decimal(-2), "all that is free", admin)
    assert available(alice.account) == 0


def test_large_and_fine_balances_keep_every_digit(alice, admin):
    large, unit = Decimal("1234567890123456789.123456789012345678"), Decimal("1e-18")
    adjust_balance(alice.account, "ETH", large, "a whale", admin)
    adjust_balance(alice.account, "ETH", unit, "a wei", admin)
    assert available(alice.account, "ETH") == Decimal("1234567890123456789.123456789012345679")
    assert sum(p.amount.scaleb(18) for p in Posting.objects.filter(account=alice.account, amount__lt=1)) == 1


def test_a_transfer_of_several_assets_is_all_or_nothing(alice, bob, admin):
    adjust_balance(alice.account, "USDT", Decimal(100), "a gift", admin)
    swap = [
        Entry(alice.account.pk, "USDT", Decimal(-100)),
        Entry(bob.account.pk, "USDT", Decimal(100)),
        Entry(bob.account.pk, "BTC", Decimal(-1)),
        Entry(alice.account.pk, "BTC", Decimal(1)),
    ]
    with pytest.raises(Refused):
        post_transaction("deposit", swap)
    assert available(alice.account) == 100
    assert not LedgerTransaction.objects.filter(kind="deposit").exists()


def test_entries_that_do_not_sum_to_zero_are_a_bug_and_move_nothing(alice):
    with pytest.raises(AssertionError, match="does not sum to zero"):
        post_transaction("deposit", [Entry(alice.account.pk, "USDT", Decimal(1))])
    assert not LedgerTransaction.objects.exists()
    assert available(alice.account) is None


def test_the_faucet_runs_dry(alice):
    for _ in range(2):
        claim_faucet(alice, {"USDT": Decimal(10), "BTC": Decimal(1)}, 2)
    with pytest.raises(Refused) as caught:
        claim_faucet(alice, {"USDT": Decimal(10)}, 2)
    assert caught.value.code is ErrorCode.FAUCET_LIMIT
    assert (available(alice.account), available(alice.account, "BTC")) == (20, 2)


def test_the_faucet_counts_each_user_apart(alice, bob):
    claim_faucet(alice, {"USDT": Decimal(10)}, 1)
    claim_faucet(bob, {"USDT": Decimal(10)}, 1)
    assert available(outside_account()) == -20
