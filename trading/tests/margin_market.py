"""The trading desk with margin accounts: people who owe, and a book that liquidations trade on.

floor = MarginFloor()
floor.owes("alice", collateral="100", borrowed="400", buys="0.01")
floor.index("48000")
"""

from decimal import Decimal

from accounts.models import Account, Balance, User
from accounts.services import open_margin_account
from common import clock
from common.errors import Refused
from common.money import format_decimal
from market.services import set_price
from risk.models import LendingTerms, Liquidation, LiquidationStep, Loan
from risk.selectors.margin_account import margin_account
from risk.services import borrow, fund_lending, make_lending_terms, make_limits, repay, transfer
from trading import services
from trading.rules import NewOrder
from trading.tests.desk import TradingDesk

FUNDS = {"USDT": "1000000", "BTC": "100", "ETH": "1000"}
POOL = {"USDT": 1_000_000, "BTC": 100, "ETH": 1_000}
TIERS = {"alice": "beginner", "bob": "intermediate", "carol": "advanced"}


class MarginFloor(TradingDesk):
    """Alice (5x), Bob (10x), Carol (20x), and Mark who makes the market. Margin accounts go by `alice-margin`."""

    def __init__(self, symbols=("BTC-USDT", "ETH-USDT")):
        super().__init__((*TIERS, "mark"), FUNDS, symbols)
        make_limits()
        make_lending_terms()
        self.admin = User.objects.create(username="treasurer", email="treasurer@example.com", is_staff=True)
        for asset, amount in POOL.items():
            fund_lending(asset, Decimal(amount), "for lending", self.admin)
        for name, tier in TIERS.items():
            User.objects.filter(username=name).update(tier=tier)
            own = Account.objects.get(pk=self.accounts[name])
            self.accounts[f"{name}-margin"] = open_margin_account(own).pk
        self.index("50000")
        self.index("2000", "ETH-USDT")

    def user(self, who):
        return User.objects.get(username=who)

    def account(self, who):
        return Account.objects.select_related("owner").get(pk=self.accounts[f"{who}-margin"])

    def index(self, price, symbol="BTC-USDT"):
        set_price(symbol, Decimal(price), "simulation")

    def moves_in(self, who, amount, asset="USDT"):
        transfer(self.user(who), asset, Decimal(amount), True)

    def borrows(self, who, amount, asset="USDT"):
        borrow(self.user(who), asset, Decimal(amount))

    def moves_out(self, who, amount, asset="USDT"):
        transfer(self.user(who), asset, Decimal(amount), False)

    def repays(self, who, asset="USDT", amount=None):
        repay(self.user(who), asset, None if amount is None else Decimal(amount))

    def orders(self, who, side, quantity, at, symbol="BTC-USDT", **terms):
        """Through the door of margin accounts; a refusal by its name."""
        return self.places(who, NewOrder(side, "limit", Decimal(quantity), Decimal(at), **terms), symbol)

    def places(self, who, new, symbol="BTC-USDT"):
        try:
            with services.admission(self.user(who)) as held:
                [admitted] = held.admit([(symbol, new)])
                return services.place_order(held.account_id, symbol, admitted)
        except Refused as refused:
            return refused.code.name

    def changes(self, who, placed, **terms):
        """An order of the margin account, on other terms; a refusal by its name."""
        change = {name: Decimal(value) for name, value in terms.items()}
        try:
            with services.admission(self.user(who)) as held:
                held.admit_change(str(placed.order.id), **change)
                return services.amend_order(held.account_id, placed.order.id, **change)
        except Refused as refused:
            return refused.code.name

    def is_long(self, who, collateral="1000", borrowed="4000", quantity="0.09"):
        """Bought with borrowed money, of Mark, at 50,000."""
        self.moves_in(who, collateral)
        self.borrows(who, borrowed)
        self.sells("mark", quantity, "50000")
        self.orders(who, "buy", quantity, "50000")

    def is_short(self, who, collateral="1000", borrowed="0.07"):
        """Borrowed and sold to Mark at 50,000."""
        self.moves_in(who, collateral)
        self.borrows(who, borrowed, "BTC")
        self.buys("mark", borrowed, "50000")
        self.orders(who, "sell", borrowed, "50000")

    def sweep(self):
        return services.sweep_margin_accounts()

    # ---- looks ----

    def has(self, who, asset):
        return (self.balance(f"{who}-margin", asset) or ("0", "0"))[0]

    def owes(self, who, asset="USDT"):
        loan = Loan.objects.filter(account=self.account(who), asset=asset, closed_at=None).first()
        return format_decimal(loan.debt) if loan else "0"

    def stands(self, who):
        return margin_account(self.account(who), clock.now()).standing

    def liquidation(self, who):
        return Liquidation.objects.filter(account=self.account(who)).order_by("-id").first()

    def steps(self, who):
        row = self.liquidation(who)
        return [] if row is None else [step.kind for step in self.rows(row)]

    @staticmethod
    def rows(liquidation):
        return LiquidationStep.objects.filter(liquidation=liquidation).order_by("number")

    @staticmethod
    def fund(asset="USDT"):
        row = Balance.objects.filter(account__name="insurance:margin", asset=asset).first()
        return format_decimal(row.available) if row else "0"

    @staticmethod
    def pool(asset="USDT"):
        return format_decimal(Balance.objects.get(account__name=f"lending:{asset}", asset=asset).available)

    @staticmethod
    def terms(asset, **changes):
        LendingTerms.objects.filter(asset=asset).update(**changes)
