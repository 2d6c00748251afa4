"""A day by chance: people of all tiers trade two perpetuals and a spot market while marks jump and fundings come."""

from datetime import timedelta
from decimal import Decimal

from django.db import transaction

from accounts.models import Account
from accounts.services import adjust_balance
from common import clock
from common.errors import Refused
from market.models import Market
from risk.models import Position
from risk.services import keep_margin
from trading import services
from trading.matching_service.requests import FundingRequest
from trading.tests.desk import as_decimal, later, new_order
from trading.tests.perpetual_desk import ETH_PERP, PERP, PerpetualDesk

PEOPLE = {
    "alice": "beginner", "bob": "intermediate", "carol": "advanced", "dave": "advanced", "erin": "advanced",
    "frank": "intermediate",
}  # fmt: skip
SPOT = "BTC-USDT"
TICKS = {PERP: "0.1", ETH_PERP: "0.01", SPOT: "0.01"}
SIZES = {PERP: (1, 800, "0.001"), ETH_PERP: (1, 1600, "0.01"), SPOT: (10, 20_000, "0.00001")}
LIVES = ("gtc", "gtc", "gtc", "ioc", "fok")
EIGHT_HOURS = timedelta(hours=8)


class Day:
    """`step` does one thing by chance and says what."""

    def __init__(self, chance):
        self.chance = chance
        self.desk = PerpetualDesk(tuple(PEOPLE), {"USDT": "5000", "BTC": "0.2"}, tiers=PEOPLE)
        self.desk.deposits("erin", "3000000")
        self.desk.deposits("frank", "500000")
        self.prices = {PERP: Decimal(50_000), ETH_PERP: Decimal(2_500), SPOT: Decimal(50_000)}
        self.placed = []
        self.fundings = self.auctioned = 0
        for who, symbol in ((who, symbol) for who in PEOPLE for symbol in (PERP, ETH_PERP)):
            mode = "isolated" if chance.random() < 0.3 else "cross"
            self.desk.leverages(who, chance.choice((5, 10, 20)), mode, symbol)

    def step(self):
        choices = (
            (26, self.meets), (16, self.orders), (5, self.reduces), (4, self.stops), (5, self.cancels),
            (4, self.amends), (13, self.moves_a_mark), (4, self.trades_spot), (4, self.funding), (3, self.settles),
            (3, self.money_in_or_out), (5, self.leverage), (5, self.margin), (8, self.sweeps), (2, self.auctions),
        )  # fmt: skip
        does = self.chance.choices([what for _, what in choices], [weight for weight, _ in choices])[0]
        return does.__name__, does()

    # ---- what happens ----

    def orders(self, symbol=None, **terms):
        symbol = symbol or self.symbol()
        if self.chance.random() < 0.2:
            return self.calls(symbol, new_order(self.side(), self.size(symbol), **terms))
        life = {} if self.chance.random() < 0.1 else {"time_in_force": self.chance.choice(LIVES)}
        far = self.chance.choice((4, 4, 60))
        order = new_order(self.side(), self.size(symbol), self.near(symbol, far), **life, **terms)
        return self.calls(symbol, order)

    def meets(self):
        """Two agree on a price."""
        symbol = self.symbol()
        size, price, (first, second) = (
            self.size(symbol),
            self.near(symbol),
            self.chance.sample(list(PEOPLE), 2),
        )
        laid = self.desk.sells(first, size, at=price, symbol=symbol)
        taken = self.desk.buys(second, size, at=price, symbol=symbol, time_in_force="ioc")
        return f"{first} {second} {symbol} {size} {price} {_name(laid)} {_name(taken)}"

    def reduces(self):
        return self.orders(reduce_only=True)

    def stops(self):
        symbol, side = self.symbol(), self.side()
        source = self.chance.choice(("last", "mark"))
        order = new_order(
            side, self.size(symbol), type="stop_market", trigger=self.near(symbol, 40), trigger_source=source,
            reduce_only=self.chance.random() < 0.5,
        )  # fmt: skip
        return self.calls(symbol, order)

    def trades_spot(self):
        return self.orders(SPOT)

    def cancels(self):
        if self.chance.random() < 0.2:
            return self.desk.cancels_all(self.who()) and ""
        return self.placed and _name(self.desk.cancels(*self.chance.choice(self.placed)))

    def amends(self):
        if self.placed:
            who, placed = self.chance.choice(self.placed[-20:])
            symbol = placed.order.symbol
            return _name(self.desk.amends(who, placed, self.near(symbol), self.size(symbol)))

    def moves_a_mark(self):
        """A little, by half, or the old price again."""
        symbol, dice = self.symbol(), self.chance.random()
        low, high = (-60, 60) if dice < 0.75 else (-500, 500)
        by = Decimal(1000 + self.chance.randint(low, high)) / 1000 if dice < 0.94 else 1
        start = {PERP: Decimal(50_000), ETH_PERP: Decimal(2_500)}[symbol]
        price = min(max(self.prices[symbol] * by, start / 8), start * 8)
        self.prices[symbol] = price.quantize(Decimal(TICKS[symbol]))
        if symbol == PERP:
            self.prices[SPOT] = self.prices[symbol]
        self.desk.marks(str(self.prices[symbol]), symbol)
        return f"{symbol} {self.prices[symbol]}"

    def auctions(self):
        """Orders are collected, and trade at one price."""
        self.auctioned += 1
        symbol = self.symbol()
        self.desk.turns("halted", symbol=symbol)
        self.desk.turns("auction", 60, symbol=symbol)
        for _ in range(8):
            self.calls(symbol, new_order(self.side(), self.size(symbol), self.near(symbol)))
        with later(self.auctioned * 70):
            self.desk.sweeps(symbol)
        return f"{symbol} {Market.objects.get(symbol=symbol).status}"

    def funding(self):
        self.fundings += 1
        symbol, due = self.symbol(), clock.now() + self.fundings * EIGHT_HOURS
        rate = Decimal(self.chance.randint(-750_000, 750_000)) / 10**8
        services.submit(symbol, [FundingRequest(due, rate, Decimal(0), 1, due + EIGHT_HOURS)])
        return f"{symbol} {rate}"

    def settles(self):
        return services.settle_funding()

    def money_in_or_out(self):
        account = Account.objects.select_related("user").get(pk=self.desk.accounts[self.who()])
        amount = Decimal(self.chance.randint(-4000, 4000))
        try:
            with transaction.atomic():
                adjust_balance(account, "USDT", amount, "by chance", account.user)
                keep_margin(account.pk, "USDT")
        except Refused as refused:
            return refused.code.name
        return str(amount)

    def leverage(self):
        mode = self.chance.choice((None, None, "cross", "isolated", "isolated"))
        return _name(self.desk.leverages(self.who(), self.chance.randint(3, 21), mode, self.symbol()))

    def margin(self):
        amount = Decimal(self.chance.randint(-2_000_000, 2_000_000)) / 1000
        alone = (
            Position.objects.filter(mode="isolated").exclude(size=0).select_related("market").order_by("id")
        )
        if not alone:
            return ""
        row = self.chance.choice(alone)
        try:
            services.move_margin(row.account_id, row.market.symbol, amount)
        except Refused as refused:
            return refused.code.name
        return str(amount)

    def sweeps(self):
        for symbol in (PERP, ETH_PERP):
            self.desk.sweeps(symbol)
        return services.sweep_liquidations()

    # ---- by chance ----

    def calls(self, symbol, order):
        who = self.who()
        placed = self.desk.calls(who, symbol, order)
        if not isinstance(placed, str):
            self.placed.append((who, placed))
        return f"{who} {symbol} {order.side} {order.quantity} {order.price} {_name(placed)}"

    def who(self):
        return self.chance.choice(tuple(PEOPLE))

    def symbol(self):
        return self.chance.choice((PERP, ETH_PERP))

    def side(self):
        return self.chance.choice(("buy", "sell"))

    def size(self, symbol):
        least, most, lot = SIZES[symbol]
        return str(as_decimal(lot) * self.chance.randint(least, most))

    def near(self, symbol, thousandths=4):
        """A price near the mark."""
        by = Decimal(1000 + self.chance.randint(-thousandths, thousandths)) / 1000
        return str((self.prices[symbol] * by).quantize(Decimal(TICKS[symbol])))


def _name(outcome):
    return outcome if isinstance(outcome, str) else getattr(getattr(outcome, "order", outcome), "status", "")
