"""Margin accounts for tests: people with money, pools with money, prices and a clock that moves when told.

desk = MarginDesk()
desk.moves_in("alice", "USDT", "100")
desk.borrows("alice", "USDT", "400")
"""

import contextlib
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from django.db import connection

from accounts import audit as ledger_audit
from accounts.ledger import Entry
from accounts.models import Account, Balance, Posting, User
from accounts.services import open_account, outside_account, post_transaction
from common import clock
from common.errors import Refused
from common.money import format_decimal
from market.models import Asset, Market
from market.services import set_price
from risk.models import LendingTerms, Loan
from risk.selectors.margin_account import margin_account
from risk.services import borrow, fund_lending, make_lending_terms, make_limits, repay, transfer

PRICES = {"BTC": "50000", "ETH": "2000"}
FUNDS = {"USDT": "100000", "BTC": "10", "ETH": "100"}
POOL = {"USDT": "1000000", "BTC": "100", "ETH": "1000"}
TIERS = {"alice": "beginner", "bob": "intermediate", "carol": "advanced"}
NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


class MarginDesk:
    """Amounts are text, in calls and in answers; a refusal is given back by its name."""

    def __init__(self, people=tuple(TIERS), funds=FUNDS, pool=POOL):
        for code in ("USDT", *PRICES):
            Asset.objects.get_or_create(code=code, defaults={"name": code, "precision": 8})
        for base in PRICES:
            Market.objects.get_or_create(
                symbol=f"{base}-USDT",
                defaults={"base_id": base, "quote_id": "USDT", "tick": "0.01", "lot": "0.0001"}
                | {"minimum_notional": "5"},
            )
        make_limits()
        make_lending_terms()
        self.admin = User.objects.create(username="treasurer", email="treasurer@example.com", is_staff=True)
        for asset, amount in pool.items():
            fund_lending(asset, Decimal(amount), "for lending", self.admin)
        self.people = {name: self.hire(name, funds) for name in people}
        self.quotes(**PRICES)

    @staticmethod
    def hire(name, funds):
        user = User.objects.create(
            username=name, email=f"{name}@example.com", tier=TIERS.get(name, "beginner")
        )
        account, outside = open_account(user), outside_account()
        for asset, amount in funds.items():
            sent = Decimal(amount)
            post_transaction("deposit", [Entry(account.pk, asset, sent), Entry(outside.pk, asset, -sent)])
        return user

    def quotes(self, **prices):
        for base, price in prices.items():
            set_price(f"{base}-USDT", Decimal(price), "simulation")

    # ---- calls ----

    def moves_in(self, who, asset, amount):
        return named(transfer, self.people[who], asset, Decimal(amount), True)

    def moves_out(self, who, asset, amount):
        return named(transfer, self.people[who], asset, Decimal(amount), False)

    def borrows(self, who, asset, amount):
        return named(borrow, self.people[who], asset, Decimal(amount))

    def repays(self, who, asset, amount=None):
        return named(repay, self.people[who], asset, None if amount is None else Decimal(amount))

    def gives_away(self, who, asset, amount):
        """Out of the margin account, as a loss would: to the outside world."""
        given = Decimal(amount)
        entries = [Entry(self.margin(who).pk, asset, -given), Entry(outside_account().pk, asset, given)]
        return post_transaction("adjustment", entries, reason="test", actor=self.admin)

    # ---- looks ----

    def margin(self, who):
        return Account.objects.get(owner__user=self.people[who])

    def has(self, who, asset):
        """In the margin account."""
        return balance_of(self.margin(who).name, asset)

    def owes(self, who, asset):
        """(principal, interest)"""
        loan = Loan.objects.filter(account=self.margin(who), asset=asset, closed_at=None).first()
        return (format_decimal(loan.principal), format_decimal(loan.interest)) if loan else None

    def stands(self, who):
        return margin_account(self.margin(who), clock.now()).standing

    def terms(self, asset, **changes):
        LendingTerms.objects.filter(asset=asset).update(**changes)


def balance_of(name, asset):
    row = Balance.objects.filter(account__name=name, asset=asset).first()
    return format_decimal(row.available) if row else "0"


def named(service, *arguments):
    try:
        return service(*arguments)
    except Refused as refused:
        return refused.code.name


@contextlib.contextmanager
def at(moment):
    """The exchange's clock stands still at this moment."""
    real = clock.now
    clock.now = lambda: moment
    try:
        yield
    finally:
        clock.now = real


def after_noon(hours=0, minutes=0):
    return at(NOON + timedelta(hours=hours, minutes=minutes))


def broken_books():
    """What does not hold between ledger and loans; empty if all is well."""
    found = []
    for asset in ("USDT", *PRICES):
        loans = Loan.objects.filter(asset=asset)
        owed = sum((loan.debt for loan in loans), Decimal(0))
        for name, expected in ((f"loans:{asset}", owed), (f"owed:{asset}", -owed)):
            if Decimal(balance_of(name, asset)) != expected:
                found.append(f"{name} is {balance_of(name, asset)}, the loans sum to {expected}")
        total = sum(Posting.objects.filter(asset=asset).values_list("amount", flat=True), Decimal(0))
        if total:
            found.append(f"postings of {asset} sum to {total}")
    with connection.cursor() as cursor:
        found += [violation.message for check in ledger_audit.CHECKS for violation in check.find(cursor)]
    return found
