"""Whatever happens on margin accounts, in whatever order: nothing is made or lost, and the figures agree."""

import random
from collections import defaultdict
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection

from accounts.models import Balance, Posting
from common import clock
from common.errors import Refused
from market.models import Price
from risk.models import LiquidationStep, Loan
from risk.services import accrue_interest
from risk.spot_margin import Health
from trading import audit
from trading.tests.margin_market import MarginFloor

PEOPLE = ("alice", "bob", "carol")
ASSETS = {"USDT": 2, "BTC": 4, "ETH": 3}  # decimals of the amounts that are drawn
STEPS = 120


class Day:
    """Random deeds from one seed; the clock moves only forward, and only when told."""

    def __init__(self, seed, monkeypatch):
        self.chance = random.Random(seed)
        self.now = clock.now()
        monkeypatch.setattr(clock, "now", lambda: self.now)
        self.floor = MarginFloor()
        self.prices = {"BTC": Decimal(50_000), "ETH": Decimal(2_000)}
        for who in PEOPLE:
            self.floor.moves_in(who, "2000")
        self.done = defaultdict(int)

    def step(self):
        deeds = (
            self.transfer, self.borrow, self.lever, self.lever, self.trade, self.trade, self.rest, self.repay,
            self.price, self.price, self.hours, self.sweep, self.sweep, self.crash,
        )  # fmt: skip
        deed = self.chance.choice(deeds)
        self.now += timedelta(seconds=1)
        Price.objects.update(updated_at=self.now)
        try:
            deed()
            self.done[deed.__name__] += 1
        except Refused as refused:
            self.done[refused.code.name] += 1

    def transfer(self):
        asset, who = self.asset(), self.who()
        if self.chance.random() < 0.5:
            self.floor.moves_in(who, str(self.amount(asset)), asset)
        else:
            self.floor.moves_out(who, str(self.amount(asset)), asset)

    def borrow(self):
        asset = self.asset()
        self.floor.borrows(self.who(), str(self.amount(asset)), asset)

    def repay(self):
        asset = self.asset()
        amount = self.chance.choice((None, str(self.amount(asset))))
        self.floor.repays(self.who(), asset, amount)

    def trade(self):
        """With Mark, at about the index price."""
        base, who = self.chance.choice(("BTC", "ETH")), self.who()
        side, other = self.chance.choice((("buy", "sells"), ("sell", "buys")))
        price = (self.prices[base] * (1 + Decimal(self.chance.randint(-5, 5)) / 1000)).quantize(
            Decimal("0.01")
        )
        quantity = str(self.amount(base))
        getattr(self.floor, other)("mark", quantity, str(price), symbol=f"{base}-USDT")
        self.floor.orders(who, side, quantity, str(price), f"{base}-USDT")

    def lever(self):
        """As much as there is, on one side."""
        who, long = self.who(), self.chance.random() < 0.5
        price = self.prices["BTC"]
        most = self.floor.stands(who).equity * (3 if who == "alice" else 8)
        if long:
            self.floor.borrows(who, str(most.quantize(Decimal(1))))
            quantity = str((Decimal(self.floor.has(who, "USDT")) / price).quantize(Decimal("0.001")))
            self.floor.sells("mark", quantity, str(price))
            self.floor.orders(who, "buy", quantity, str(price))
        else:
            self.floor.borrows(who, str((most / price).quantize(Decimal("0.001"))), "BTC")
            quantity = str(Decimal(self.floor.has(who, "BTC")).quantize(Decimal("0.001")))
            self.floor.buys("mark", quantity, str(price))
            self.floor.orders(who, "sell", quantity, str(price))

    def rest(self):
        """An order that waits far away, and holds money."""
        base = self.chance.choice(("BTC", "ETH"))
        price = (self.prices[base] / 2).quantize(Decimal("0.01"))
        self.floor.orders(self.who(), "buy", str(self.amount(base)), str(price), f"{base}-USDT")

    def price(self):
        base = self.chance.choice(("BTC", "ETH"))
        self._move(base, Decimal(self.chance.randint(-50, 50)) / 1000)

    def crash(self):
        if self.chance.random() < 0.3:
            self._move("BTC", Decimal(self.chance.choice((-300, 300))) / 1000)

    def _move(self, base, by):
        self.prices[base] = (self.prices[base] * (1 + by)).quantize(Decimal("0.01"))
        self.floor.index(str(self.prices[base]), f"{base}-USDT")
        Price.objects.update(updated_at=self.now)

    def hours(self):
        self.now += timedelta(minutes=self.chance.randint(1, 900))
        Price.objects.update(updated_at=self.now)
        accrue_interest()

    def sweep(self):
        """With buyers and sellers near the index price, or without."""
        self.floor.cancels_all("mark")
        if self.chance.random() < 0.7:
            for base, price in self.prices.items():
                cent, symbol = Decimal("0.01"), f"{base}-USDT"
                self.floor.buys("mark", "3", str((price * Decimal("0.995")).quantize(cent)), symbol=symbol)
                self.floor.sells("mark", "3", str((price * Decimal("1.005")).quantize(cent)), symbol=symbol)
        self.floor.sweep()

    def who(self):
        return self.chance.choice(PEOPLE)

    def asset(self):
        return self.chance.choice(list(ASSETS))

    def amount(self, asset):
        worth = Decimal(self.chance.randint(10, 6000))
        step = Decimal(1).scaleb(-ASSETS[asset])
        return max(step, (worth / self.prices.get(asset, Decimal(1))).quantize(step))


def wrong(day):
    """What does not hold after a step."""
    posted = defaultdict(Decimal)
    for account, asset, amount in Posting.objects.values_list("account_id", "asset", "amount"):
        posted[account, asset] += amount
        posted["all", asset] += amount
    yield from (f"{key} sums to {total}" for key, total in posted.items() if key[0] == "all" and total)
    balances = Balance.objects.select_related("account")
    for row in balances:
        if posted[row.account_id, row.asset] != row.available + row.held:
            yield f"{row.account} has {row.available} + {row.held}, posted are {posted[row.account_id, row.asset]}"
    debts = defaultdict(Decimal)
    for loan in Loan.objects.all():
        debts[loan.asset_id] += loan.debt
    for row in balances.filter(account__kind__in=("loans", "owed")):
        expected = debts[row.asset] if row.account.kind == "loans" else -debts[row.asset]
        if row.available != expected:
            yield f"{row.account} is {row.available}, loans sum to {expected}"
    yield from wrong_standings(day)


def wrong_standings(day):
    """equity = assets - haircuts - debts and level = collateral / debt, counted again by hand."""
    prices = day.prices | {"USDT": Decimal(1)}
    haircut = {"USDT": Decimal(0), "BTC": Decimal("0.01"), "ETH": Decimal("0.02")}
    for who in PEOPLE:
        stands, account = day.floor.stands(who), day.floor.account(who)
        rows = Balance.objects.filter(account=account)
        collateral = sum(
            ((r.available + r.held) * prices[r.asset] * (1 - haircut[r.asset]) for r in rows), Decimal(0)
        )
        loans = Loan.objects.filter(account=account, closed_at=None)
        debt = sum((loan.debt * prices[loan.asset_id] for loan in loans), Decimal(0))
        if (stands.collateral, stands.debt, stands.equity) != (collateral, debt, collateral - debt):
            yield f"{who}: {stands}; by hand {collateral} - {debt}"
        if debt and not 0 <= collateral / debt - stands.level < Decimal("0.0001"):
            yield f"{who}: the level is {stands.level}, by hand {collateral / debt}"
        if (stands.health is Health.LIQUIDATION) != (collateral - debt < debt * Decimal("0.02")):
            yield f"{who}: {stands.health} with {collateral - debt} for {debt}"


@pytest.mark.parametrize("seed", [20, 21, 26])  # days on which accounts are liquidated
def test_after_every_step_all_agrees(transactional_db, monkeypatch, seed):
    day = Day(seed, monkeypatch)
    for number in range(STEPS):
        day.step()
        assert list(wrong(day)) == [], (number, dict(day.done))
    assert {"borrow", "lever", "trade", "hours", "sweep", "price"} <= set(day.done)
    assert {"warned", "orders_cancelled", "reduced"} & {step.kind for step in LiquidationStep.objects.all()}
    with connection.cursor() as cursor:
        assert audit.check(cursor).violations == []
