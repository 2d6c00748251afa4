"""A desk for perpetuals: BTC-PERP and ETH-PERP beside the spot markets, with a mark price that tests move.

desk = PerpetualDesk()
desk.marks("50000")
desk.leverages("alice", 10)
desk.sells("bob", "1", at="50000", symbol=PERP)
desk.buys("alice", "1", at="50000", symbol=PERP)
assert desk.position("alice") == "long 1 at 50000"
"""

from decimal import Decimal

from accounts.ledger import Entry
from accounts.models import Balance, User
from accounts.services import outside_account, post_transaction, system_account
from common import clock
from common.errors import Refused
from common.money import format_decimal
from market.models import Market, Price
from risk.models import ExposureLimit, Liquidation, Position
from risk.services import ContractTerms, make_limits, open_contract
from trading import services
from trading.audit import audit
from trading.services import open_market
from trading.tests.desk import FUNDS, MARKETS, TradingDesk

PERP, ETH_PERP = "BTC-PERP", "ETH-PERP"
PERPETUALS = {
    PERP: ("BTC", "BTC-USDT", {"tick": "0.1", "lot": "0.001", "minimum_notional": "5"}),
    ETH_PERP: ("ETH", "ETH-USDT", {"tick": "0.01", "lot": "0.01", "minimum_notional": "5"}),
}
MAKER_FEE, TAKER_FEE = "0.0002", "0.0005"
MARKS = {PERP: "50000", ETH_PERP: "2500"}


class PerpetualDesk(TradingDesk):
    """Contracts as in the demo. `marks` sets index and mark together."""

    def __init__(self, people=("alice", "bob", "carol"), funds=None, tiers=None):
        super().__init__(people, FUNDS if funds is None else funds, tuple(MARKETS))
        make_limits()
        for symbol, (base, underlying, rules) in PERPETUALS.items():
            open_perpetual(symbol, base, underlying, rules)
        for symbol, price in MARKS.items():
            self.marks(price, symbol)
        for name, tier in (tiers or {}).items():
            self.promotes(name, tier)

    # ---- what happens ----

    @staticmethod
    def marks(price, symbol=PERP, index=None):
        """The mark price is here now; nothing looks at it yet."""
        values = {"mark": Decimal(price), "index": Decimal(index or price), "source": Price.Source.SIMULATION}
        market = Market.objects.get(symbol=symbol)
        Price.objects.update_or_create(market=market, defaults={**values, "updated_at": clock.now()})

    def promotes(self, who, tier):

        User.objects.filter(account=self.accounts[who]).update(tier=tier)

    def leverages(self, who, leverage, mode=None, symbol=PERP):
        try:
            return services.set_leverage(self.accounts[who], symbol, leverage, mode)
        except Refused as refused:
            return refused.code.name

    def moves_margin(self, who, amount, symbol=PERP):
        try:
            return services.move_margin(self.accounts[who], symbol, Decimal(amount))
        except Refused as refused:
            return refused.code.name

    @staticmethod
    def limits(scope, maximum, symbol=None):
        market = Market.objects.get(symbol=symbol) if symbol else None
        ExposureLimit.objects.update_or_create(
            scope=scope, market=market, defaults={"maximum": Decimal(maximum)}
        )

    def market_sells(self, who, quantity, symbol=PERP, **terms):
        return self.sells(who, quantity, symbol=symbol, type="market", **terms)

    def trades(self, buyer, seller, quantity, at, symbol=PERP):
        """The seller's order lies in the book, the buyer takes it."""
        self.sells(seller, quantity, at=at, symbol=symbol)
        return self.buys(buyer, quantity, at=at, symbol=symbol)

    def hires_margin_trader(self, who, usdt):
        """Somebody with so much and nothing else."""
        self.accounts[who] = self.hire(who, {"USDT": usdt})

    def insures(self, amount, symbol=PERP):
        """The insurance fund has so much from the beginning."""
        fund, amount = system_account("insurance", f"insurance:{symbol}").pk, Decimal(amount)
        entries = [Entry(fund, "USDT", amount), Entry(outside_account().pk, "USDT", -amount)]
        post_transaction("deposit", entries)

    def deposits(self, who, amount, asset="USDT"):
        outside = outside_account().pk
        amount = Decimal(amount)
        post_transaction(
            "deposit", [Entry(self.accounts[who], asset, amount), Entry(outside, asset, -amount)]
        )

    # ---- looks ----

    @staticmethod
    def audited():
        """What the audit finds wrong."""
        return [(violation.rule, violation.message) for violation in audit().violations]

    def row(self, who, symbol=PERP):
        return Position.objects.filter(account_id=self.accounts[who], market__symbol=symbol).first()

    def position(self, who, symbol=PERP):
        row = self.row(who, symbol)
        if row is None or not row.size:
            return "flat"
        entry = round(row.cost / row.size, 2)
        side = "long" if row.size > 0 else "short"
        return f"{side} {format_decimal(abs(row.size))} at {format_decimal(entry)}"

    def requirement(self, who, symbol=PERP):
        return format_decimal(self.row(who, symbol).requirement)

    def balance_of(self, name):
        """What an account of the exchange itself has of USDT, by its name."""

        row = Balance.objects.filter(account__name=name, asset="USDT").first()
        return format_decimal(row.available) if row else "0"

    def liquidation(self, who):
        return Liquidation.objects.filter(account_id=self.accounts[who]).order_by("-id").first()

    def liquidations(self, who):
        return list(Liquidation.objects.filter(account_id=self.accounts[who]).order_by("id"))


def open_perpetual(symbol, base, underlying, rules):
    market, _ = Market.objects.get_or_create(
        symbol=symbol,
        defaults={
            "kind": Market.Kind.PERPETUAL, "base_id": base, "quote_id": "USDT",
            "maker_fee": Decimal(MAKER_FEE), "taker_fee": Decimal(TAKER_FEE),
            **{name: Decimal(value) for name, value in rules.items()},
        },
    )  # fmt: skip
    open_contract(market, ContractTerms(underlying))
    open_market(market)


__all__ = ["ETH_PERP", "PERP", "PerpetualDesk"]
