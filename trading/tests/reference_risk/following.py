"""Fills the reference with what happened: trades from their rows, fundings, margins and deleveraging from the log,
and from the ledger only what is neither a trade's nor a funding's: deposits and the insurance fund."""

import json
from fractions import Fraction

from accounts.models import Posting
from market.models import Market
from risk.models import Contract as ContractTerms
from trading.models import OrderEvent, Trade
from trading.tests.reference_risk.books import UNIT, Books, Contract

TAKEN_AS_GIVEN = ("deposit", "adjustment", "liquidation")


class Following:
    """`catch_up` brings `books` to where the database is."""

    def __init__(self):
        rows = ContractTerms.objects.select_related("market").order_by("pk")
        self.markets = {row.pk: row.market for row in rows}
        self.spot = {row.pk: row for row in Market.objects.filter(kind="spot")}
        self.books = Books({
            market.symbol: Contract(Fraction(market.maker_fee), Fraction(market.taker_fee))
            for market in self.markets.values()
        })  # fmt: skip
        self.read = dict.fromkeys(self.markets, 0)
        self.trades_read = self.postings_read = 0
        self.spot_fees = Fraction(0)
        self.insured = Fraction(0)

    def catch_up(self):
        for market_id, market in self.markets.items():
            events = OrderEvent.objects.filter(market_id=market_id, sequence__gt=self.read[market_id])
            for event in events.order_by("sequence"):
                self.read[market_id] = event.sequence
                if event.kind in "TUDIK":
                    self._happened(market, event)
        self._spot_trades()
        self._postings()

    def _happened(self, market, event):
        symbol, books = market.symbol, self.books
        lots = None if event.quantity is None else event.quantity * Fraction(market.lot)
        price = None if event.price is None else event.price * Fraction(market.tick)
        details = json.loads(event.details) if isinstance(event.details, str) else event.details
        if event.kind in "TU":
            trade = Trade.objects.get(pk=event.trade_id)
            assert (Fraction(trade.price), Fraction(trade.quantity)) == (price, lots)
            taker, maker = trade.taker_account_id, trade.maker_account_id
            books.traded(symbol, taker, maker, trade.taker_side == "buy", price, lots)
        elif event.kind == "D":
            books.deleveraged(
                symbol, event.account_id, event.maker_account_id, event.side == "buy", price, lots
            )
        elif event.kind == "I":
            books.funded(symbol, Fraction(details["rate"], 10**8), price)
        elif event.reason == "leverage":
            books.leveraged(symbol, event.account_id, details["leverage"], details["mode"] == "isolated")
        elif event.reason == "margin":
            books.margin_moved(symbol, event.account_id, details["amount"] * UNIT)
        elif event.reason != "owed":
            books.settled(symbol, event.account_id)

    def _spot_trades(self):
        """What they do to USDT; fees are paid in what one receives."""
        wallets = self.books.wallets
        for trade in Trade.objects.filter(market_id__in=self.spot, id__gt=self.trades_read).order_by("id"):
            self.trades_read = trade.id
            market = self.spot[trade.market_id]
            assert market.quote_id == "USDT"
            cost = Fraction(trade.price) * Fraction(trade.quantity)
            takes = trade.taker_side == "buy"
            buyer, seller, rate = (
                (trade.taker_account_id, trade.maker_account_id, market.maker_fee)
                if takes
                else (trade.maker_account_id, trade.taker_account_id, market.taker_fee)
            )
            fee = -(-cost * Fraction(rate) // UNIT) * UNIT
            wallets[buyer] -= cost
            wallets[seller] += cost - fee
            self.spot_fees += fee

    def _postings(self):
        rows = Posting.objects.filter(id__gt=self.postings_read, asset="USDT").order_by("id")
        for posting in rows.select_related("transaction", "account"):
            self.postings_read = posting.id
            if posting.transaction.kind not in TAKEN_AS_GIVEN:
                continue
            if posting.account.kind == "user":
                self.books.wallets[posting.account_id] += Fraction(posting.amount)
            elif posting.account.kind == "insurance":
                self.insured += Fraction(posting.amount)
