"""Everything that can happen on a perpetual desk, by chance: orders of every kind in two contracts and on spot,
leverage and margins, money that comes and goes, marks that walk and jump, funding, liquidations, processes that die.
"""

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from django.db import transaction

from accounts.models import Account, User
from common.errors import Refused
from market.models import Price
from market.services import set_price
from risk.models import Contract
from risk.services import transfer
from trading import services
from trading.matching_service import pipeline
from trading.matching_service.requests import StatusRequest
from trading.services.sweep_markets import sweep_market
from trading.tests.perpetual_desk import ETH_PERP, PERP, PerpetualDesk
from trading.tests.random_requests import Chance

PEOPLE = ("alice", "bob", "carol", "dave", "erin")
SPOT = "BTC-USDT"
# Middle price in ticks, tick, most lots of an order, lot.
BANDS = {
    PERP: (500_000, "0.1", 900, "0.001"),
    ETH_PERP: (250_000, "0.01", 1_500, "0.01"),
    SPOT: (5_000_000, "0.01", 4_000, "0.00001"),
}
FUNDS = tuple(f"insurance:{symbol}" for symbol in (PERP, ETH_PERP))
OPERATOR = "olga"  # has the money to make markets


class Requests(Chance):
    """As `Chance`, around a middle that moves; some orders may only reduce."""

    def moves_to(self, ticks):
        self.middle = ticks
        self.band = (ticks, *self.band[1:])

    def request(self):
        request = super().request()
        if self.symbol != SPOT and isinstance(request, services.PlaceRequest) and self.dice.random() < 0.2:
            return replace(request, new=replace(request.new, reduce_only=True))
        return request

    def _turn(self):
        """Rarely away from being open, and soon back."""
        if self._status() != "open":
            return StatusRequest("open", "by chance")
        return super()._turn() if self.dice.random() < 0.3 else self._sweep()


class PerpetualTraffic:
    """`moment`: a list with the time, which this moves forward. done: how often each deed and each answer was seen."""

    def __init__(self, dice, moment):
        self.dice, self.moment = dice, moment
        tiers = dict.fromkeys((*PEOPLE, OPERATOR), "advanced")
        self.desk = PerpetualDesk((*PEOPLE, OPERATOR), {"USDT": "4000", "BTC": "0.2"}, tiers)
        self.desk.deposits(OPERATOR, "10000000")
        accounts = list(self.desk.accounts.values())
        self.desk.accounts |= {name: Account.objects.get(name=name).pk for name in FUNDS}
        self.requests = {symbol: Requests(dice, symbol, accounts, band) for symbol, band in BANDS.items()}
        self.marks = {symbol: BANDS[symbol][0] for symbol in (PERP, ETH_PERP)}
        self.done = Counter()
        set_price(SPOT, Decimal(50_000), "simulation")
        Contract.objects.update(interest_rate="0.00031237")
        for who in PEOPLE:
            self.desk.leverages(who, dice.choice((5, 10, 20)), dice.choice(("cross", "isolated")))

    def step(self):
        deeds = (
            (self.trade, 45), (self.plunge, 8), (self.quote, 12), (self.walk, 16), (self.jump, 2), (self.slide, 6),
            (self.sweep, 6), (self.fund, 2), (self.lever, 5), (self.margin, 4), (self.deposit, 5), (self.leave, 2),
            (self.crash, 2),
        )  # fmt: skip
        makers, weights = zip(*deeds, strict=True)
        [deed] = self.dice.choices(makers, weights)
        self.moment[0] += timedelta(milliseconds=self.dice.choice((0, 1, 50, 5_000, 20_000)))
        try:
            deed()
            self.done[deed.__name__] += 1
        except Refused as refused:
            self.done[refused.code.name] += 1

    # ---- deeds ----

    def trade(self):
        symbol = self.dice.choice((PERP, PERP, ETH_PERP, SPOT))
        chance = self.requests[symbol]
        for outcome in services.submit(symbol, [chance.request() for _ in range(self.dice.randint(1, 4))]):
            if isinstance(outcome, Refused):
                self.done[outcome.code.name] += 1

    def quote(self):
        """The operator stands on both sides of the mark, now close, now far."""
        self._quote(self.dice.choice((PERP, ETH_PERP)), self.dice.choice((3, 30, 2_000)))

    def _quote(self, symbol, away):
        lot, tick = BANDS[symbol][3], Decimal(BANDS[symbol][1])
        self.desk.cancels_all(OPERATOR, symbol)
        size = str(self.dice.randint(50, 900) * Decimal(lot))
        self.desk.buys(OPERATOR, size, at=(self.marks[symbol] - away) * tick, symbol=symbol)
        self.desk.sells(OPERATOR, size, at=(self.marks[symbol] + away) * tick, symbol=symbol)

    def plunge(self):
        """Somebody takes most of what their margin allows from the operator's quotes."""
        symbol, who = self.dice.choice((PERP, PERP, ETH_PERP)), self.dice.choice(PEOPLE)
        row, free = self.desk.row(who, symbol), Decimal(self.desk.balance(who, "USDT")[0])
        mark = self.marks[symbol] * Decimal(BANDS[symbol][1])
        worth = free * (row.leverage if row else 5) * self.dice.randint(30, 90) / 100
        lot = Decimal(BANDS[symbol][3])
        act = self.dice.choice((self.desk.buys, self.desk.sells))
        outcome = act(who, str(worth / mark // lot * lot), symbol=symbol)
        self.done[outcome if isinstance(outcome, str) else "plunged"] += 1

    def walk(self):
        self._move(self.dice.choice((PERP, ETH_PERP)), self.dice.randint(985, 1015))

    def slide(self):
        """One way, in small steps, with quotes that go along for a while."""
        symbol, thousandths = self.dice.choice((PERP, ETH_PERP)), self.dice.choice((994, 1006))
        for _ in range(self.dice.randint(4, 14)):
            if self.dice.random() < 0.5:
                self._quote(symbol, self.dice.choice((3, 30, 400)))
            self._move(symbol, thousandths)

    def jump(self):
        self._move(self.dice.choice((PERP, ETH_PERP)), self.dice.choice((880, 930, 1070, 1140)))

    def _move(self, symbol, thousandths):
        """Sometimes nobody looks before more happens."""
        middle = BANDS[symbol][0]
        mark = self.marks[symbol] * thousandths // 1000
        mark = self.marks[symbol] = min(max(mark, middle // 2), middle * 2)
        self.requests[symbol].moves_to(mark)
        self.desk.marks(str(mark * Decimal(BANDS[symbol][1])), symbol)
        if self.dice.random() < 0.7:
            self.sweep()
        if self.dice.random() < 0.7:
            sweep_market(symbol)

    def sweep(self):
        for found, times in services.sweep_liquidations().found.items():
            self.done[found] += times

    def fund(self):
        self.moment[0] += timedelta(hours=9)
        services.settle_funding()

    def lever(self):
        mode = self.dice.choice((None, None, "cross", "isolated"))
        symbol = self.dice.choice((PERP, ETH_PERP))
        services.set_leverage(self._somebody(), symbol, self.dice.choice((1, 3, 5, 10, 20)), mode)

    def margin(self):
        amount = Decimal(self.dice.randint(-60_000_000_000, 90_000_000_000)).scaleb(-8)
        services.move_margin(self._somebody(), self.dice.choice((PERP, ETH_PERP)), amount)

    def deposit(self):
        """To somebody, or to an insurance fund."""
        who = self.dice.choice((*PEOPLE, *PEOPLE, *FUNDS))
        self.desk.deposits(who, str(self.dice.randint(1, 4_000)))

    def leave(self):
        user = User.objects.get(account=self._somebody())
        Price.objects.update(updated_at=self.moment[0])
        with transaction.atomic():
            transfer(user, "USDT", Decimal(self.dice.randint(1, 3_000)), to_margin=True)

    def crash(self):
        """Another process goes on, with the books as the rows have them."""
        pipeline._books.clear()

    def _somebody(self):
        return self.desk.accounts[self.dice.choice(PEOPLE)]
