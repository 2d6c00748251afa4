"""A perpetual desk after a day of everything, for the audit's tests: cross and isolated positions, orders, fundings,
and liquidations that the book, the insurance fund and those on the other side took part in.
"""

from decimal import Decimal

from django.db.models import Sum

from accounts.ledger import Entry
from accounts.models import Account, Balance, LedgerTransaction, Posting
from accounts.services import outside_account, post_transaction
from common.money import format_decimal
from market.models import Market
from risk.models import Contract, FundingPayment, Liquidation, LiquidationStep, Position
from trading import services
from trading.matching_service.requests import SweepRequest
from trading.models import Order, Trade
from trading.services import submit
from trading.tests.desk import later
from trading.tests.perpetual_desk import ETH_PERP, PERP, PerpetualDesk

PEOPLE = ("alice", "bob", "carol", "dave", "erin", "frank", "gina")
FUND = "900"


class PerpetualDay(PerpetualDesk):
    """Alice was reduced in part; Dave's long was closed by the book, the fund and Bob; Erin is short on a margin of
    her own; Carol has quotes; Frank holds positions in both contracts; the fund covered what Gina lacked."""

    def __init__(self):
        tiers = dict.fromkeys(PEOPLE, "advanced")
        super().__init__(people=PEOPLE, funds={"USDT": "6000", "BTC": "1"}, tiers=tiers)
        for name in ("bob", "carol", "frank"):
            self.deposits(name, "1000000")
        self.endows(FUND)
        self.leverages("alice", 10)
        self.leverages("dave", 10)
        self.leverages("erin", 7, "isolated")
        self._open()
        self.mark = "50000.7"
        self._fund()
        self._reduce_alice()
        self._ruin_gina()
        self._close_dave()
        self.mark = "47000.3"
        self._fund()
        self._leave_quotes()
        self._name()

    def endows(self, amount, symbol=PERP):
        """The operator puts money into the insurance fund."""
        fund, outside = Account.objects.get(name=f"insurance:{symbol}").pk, outside_account().pk
        amount = Decimal(amount)
        post_transaction("deposit", [Entry(fund, "USDT", amount), Entry(outside, "USDT", -amount)])

    def _open(self):
        self.trades("alice", "bob", "1", at="50000")
        self.trades("frank", "carol", "0.333", at="50000.1")
        self.trades("frank", "carol", "0.5", at="49999.9")
        self.trades("carol", "erin", "0.2", at="50000")
        self.trades("carol", "frank", "3", at="2500", symbol=ETH_PERP)
        self.trades("bob", "frank", "0.111", at="50003.3")

    def _fund(self):
        """At a rate and marks that leave parts of units."""
        Contract.objects.update(interest_rate="0.00012347")
        self.marks(self.mark)
        self.hours = getattr(self, "hours", 0) + 9
        with later(self.hours * 3600):
            assert services.settle_funding().contracts == 2

    def _reduce_alice(self):
        bid = self.buys("carol", "5", at="44240", symbol=PERP)
        self.marks("44240")
        assert not services.sweep_liquidations().unfinished
        self.cancels("carol", bid)
        self.deposits("alice", "20000")
        self.marks("50000")
        assert not services.sweep_liquidations().unfinished

    def _ruin_gina(self):
        """Her order to close fills at a price that costs her more than she has, and before anybody has looked."""
        self.leverages("gina", 10)
        self.trades("gina", "carol", "1", at="50000")
        self.marks("43500")
        self.sells("gina", "1", at="43600", symbol=PERP)
        self.buys("carol", "1", at="43600", symbol=PERP)
        self.marks("50000")

    def _close_dave(self):
        self.trades("dave", "bob", "1", at="50000")
        self.buys("carol", "0.1", at="44400", symbol=PERP)
        self.buys("carol", "0.2", at="43900", symbol=PERP)
        self.marks("43000")
        services.sweep_liquidations()
        self.marks("47000")
        services.sweep_liquidations()

    def _leave_quotes(self):
        self.trades("carol", "erin", "0.3", at="47000.7")
        self.buys("carol", "0.5", at="46000", symbol=PERP)
        self.sells("carol", "0.7", at="48000", symbol=PERP)
        self.sells("carol", "0.1", at="61000", symbol="BTC-USDT")
        self.buys("bob", "0.001", at="20000", symbol="BTC-USDT")
        self.buys("erin", "0.01", at="45000", symbol=PERP, reduce_only=True)
        with later(self.hours * 3600):
            submit(PERP, [SweepRequest()])

    def _name(self):
        self.alice, self.bob, self.carol, self.dave, self.erin, self.frank, self.gina = (
            self.accounts[name] for name in PEOPLE
        )
        self.btc = Market.objects.get(symbol=PERP).pk
        self.clearing, self.funding, self.insurance, self.fees = (
            Account.objects.get(name=f"{kind}:{PERP}").pk
            for kind in ("clearing", "funding", "insurance", "fees")
        )
        self.outside = outside_account().pk
        self.closed = Liquidation.objects.get(account_id=self.dave)
        self.trade = Trade.objects.filter(market_id=self.btc).order_by("id").first()
        self.quote = Order.objects.filter(account_id=self.carol, market_id=self.btc, price=46000).get()
        self.moves = {
            kind: LedgerTransaction.objects.filter(kind=kind, reference=PERP).order_by("id").first().pk
            for kind in ("funding", "liquidation", "deleveraging")
        }

    def cost(self):
        """The sum over the positions' costs, as the audit shows it."""
        return format_decimal(Position.objects.filter(market_id=self.btc).aggregate(Sum("cost"))["cost__sum"])

    def balance_less(self, account_id, amount):
        row = Balance.objects.get(account_id=account_id, asset="USDT")
        return format_decimal(row.available - Decimal(amount))

    def payer_of_funding(self):
        return (
            Posting.objects.exclude(account_id=self.funding).get(transaction=self.moves["funding"]).account_id
        )

    def payment(self):
        return FundingPayment.objects.filter(contract_id=self.btc).order_by("due_at").first()

    def swap_posting(self, kind, account_id, other):
        """Statements that bring the balances in line with a posting of the first move of that kind that went over
        from one account to another."""
        lines = Posting.objects.filter(transaction=self.moves[kind], account_id=account_id)
        amount = lines.aggregate(Sum("amount"))["amount__sum"]
        return [
            f"UPDATE accounts_balance SET available = available {sign} ({amount}) WHERE account_id = {account}"
            " AND asset = 'USDT'"
            for account, sign in ((account_id, "-"), (other, "+"))
        ]

    def step(self, kind):
        return LiquidationStep.objects.get(liquidation=self.closed, kind=kind)
