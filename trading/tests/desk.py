"""A trading desk for tests: Alice, Bob and Carol with funds, three markets, and books drawn as ladders.

desk = TradingDesk()
ask = desk.sells("bob", "0.5", at="60000")
desk.buys("alice", "0.2", at="60000")
assert desk.book() == ladder("sell 60000 | bob 0.3")
assert desk.balance("alice", "BTC") == ("1.1998", "0")
"""

import uuid
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from django.db import transaction

from accounts.ledger import Entry
from accounts.models import Balance, User
from accounts.services import open_account, outside_account, post_transaction
from common import clock
from common.errors import Refused
from common.money import format_decimal
from market.models import Asset, Market, Price
from market.services import set_price
from trading import services
from trading.matching_service import pipeline
from trading.matching_service.requests import LinkedRequest, StatusRequest, SweepRequest
from trading.models import BookState, Order, OrderEvent, Trade
from trading.rules import NewOrder

FUNDS = {"USDT": "100000", "BTC": "1", "ETH": "20"}
MARKETS = {
    "BTC-USDT": {"tick": "0.01", "lot": "0.00001", "minimum_notional": "5"},
    "ETH-USDT": {"tick": "0.01", "lot": "0.0001", "minimum_notional": "5"},
    "ETH-BTC": {"tick": "0.00001", "lot": "0.001", "minimum_notional": "0.0001"},
}
AMOUNTS = {"quote_quantity", "trail_amount", "trail_percent"}
NOBODY = 0
MAKER_FEE, TAKER_FEE = "0.001", "0.002"


class TradingDesk:
    """`new` and `market` take decimals as text; so do all calls."""

    @transaction.atomic
    def __init__(self, people=("alice", "bob", "carol"), funds=None, symbols=tuple(MARKETS)):
        for code in FUNDS:
            Asset.objects.get_or_create(code=code, defaults={"name": code, "precision": 8})
        for symbol in symbols:
            open_market(symbol)
        self.accounts = {name: self.hire(name, FUNDS if funds is None else funds) for name in people}

    def hire(self, name, funds):
        """A person with funds, by asset."""
        account = open_account(User.objects.create(username=name))
        entries, outside = [], outside_account().pk
        for asset, amount in funds.items():
            entries += [Entry(account.pk, asset, Decimal(amount)), Entry(outside, asset, -Decimal(amount))]
        if entries:
            post_transaction("deposit", entries)
        return account.pk

    # ---- calls; a refusal is given back by its name ----

    def buys(self, who, quantity=None, at=None, symbol="BTC-USDT", **terms):
        return self.calls(who, symbol, new_order("buy", quantity, at, **terms))

    def sells(self, who, quantity=None, at=None, symbol="BTC-USDT", **terms):
        return self.calls(who, symbol, new_order("sell", quantity, at, **terms))

    def pairs(self, who, first, second, symbol="BTC-USDT"):
        """An OCO pair of orders from `new_order`."""
        return self._links(who, symbol, (first, second), ("oco", "oco"))

    def brackets(self, who, entry, *exits, symbol="BTC-USDT"):
        """An entry and its exits, from `new_order`; what a stop is, and what takes profits, says the type."""
        roles = ["stop_loss" if "stop" in new.type else "take_profit" for new in exits]
        return self._links(who, symbol, (entry, *exits), ("entry", *roles))

    def _links(self, who, symbol, orders, roles):
        named = [
            new if new.client_order_id else replace(new, client_order_id=str(uuid.uuid4())) for new in orders
        ]
        [outcome] = services.submit(symbol, [LinkedRequest(self.accounts[who], tuple(named), roles)])
        return outcome.code.name if isinstance(outcome, Refused) else outcome

    def calls(self, who, symbol, new):
        try:
            return services.place_order(self.accounts[who], symbol, new)
        except Refused as refused:
            return refused.code.name

    def cancels(self, who, placed):
        return self._named(services.cancel_order, self.accounts[who], placed.order.id)

    def cancels_all(self, who, symbol=None):
        return services.cancel_all(self.accounts[who], symbol)

    def amends(self, who, placed, price=None, quantity=None):
        return self._named(
            services.amend_order, self.accounts[who], placed.order.id, as_decimal(price), as_decimal(quantity)
        )

    def rearms(self, who, placed, price=None, quantity=None, trigger=None, symbol="BTC-USDT"):
        """Other terms for an order that waits for its trigger."""
        change = map(as_decimal, (price, quantity, trigger))
        request = services.AmendRequest(self.accounts[who], placed.order.id, *change)
        [outcome] = services.submit(symbol, [request])
        return outcome.code.name if isinstance(outcome, Refused) else self.order(placed)

    def turns(self, status, seconds=None, symbol="BTC-USDT"):
        """The market into another state; `seconds`: of a call auction."""
        services.submit(symbol, [StatusRequest(status, "test", seconds)])

    def sweeps(self, symbol="BTC-USDT"):
        """What is due by now happens."""
        services.submit(symbol, [SweepRequest()])

    def index_moves(self, price, symbol="BTC-USDT"):
        """The price from outside, and what it sets off."""
        set_price(symbol, Decimal(price), Price.Source.SIMULATION)
        self.sweeps(symbol)

    @staticmethod
    def _named(service, *arguments):
        try:
            return service(*arguments)
        except Refused as refused:
            return refused.code.name

    # ---- looks ----

    @staticmethod
    def order(placed):
        """The order's row now."""
        return Order.objects.get(pk=placed.order.id)

    def fate(self, placed):
        """Its status and why it ended, in one word each: "cancelled LINKED_ORDER"."""
        order = self.order(placed)
        return f"{order.status} {order.reason}".strip()

    def book(self, symbol="BTC-USDT"):
        """The open orders as rows, drawn as a ladder: best in the middle, first in the queue first."""
        orders = Order.objects.filter(market__symbol=symbol, status__in=Order.OPEN_STATUSES).order_by(
            "priority"
        )
        names = {account: name for name, account in self.accounts.items()}
        levels = {}
        for order in orders:
            still_open = order.quantity - order.filled_quantity - order.cancelled_quantity
            levels.setdefault((order.side, order.price), []).append(
                f"{names[order.account_id]} {format_decimal(still_open)}"
            )
        rows = sorted(levels.items(), key=lambda row: (row[0][0] == "buy", -row[0][1]))
        return [f"{side} {format_decimal(price)} | {', '.join(queue)}" for (side, price), queue in rows]

    def balance(self, who, asset):
        """(available, held) as text."""
        row = Balance.objects.filter(account_id=self.accounts[who], asset=asset).first()
        return (format_decimal(row.available), format_decimal(row.held)) if row else None

    def fees(self, asset, symbol="BTC-USDT"):
        row = Balance.objects.filter(account__name=f"fees:{symbol}", asset=asset).first()
        return format_decimal(row.available) if row else "0"

    def everything(self):
        """All that a refused order could have left a trace in."""
        for symbol in MARKETS:
            services.submit(symbol, [services.CancelAllRequest(NOBODY)])  # brings the warm book up to date
        return (
            list(Order.objects.order_by("id").values()),
            OrderEvent.objects.count(),
            Trade.objects.count(),
            list(BookState.objects.order_by("market_id").values()),
            list(Balance.objects.order_by("id").values()),
            {symbol: warm_hash(symbol) for symbol in MARKETS},
        )


@contextmanager
def later(seconds):
    """So much later on the exchange's clock. In the markets that something happens in, time does not run back."""
    real = clock.now
    clock.now = lambda: real() + timedelta(seconds=seconds)
    try:
        yield
    finally:
        clock.now = real


def new_order(side, quantity=None, at=None, type=None, trigger=None, display=None, **terms):
    """`at` a price, and without one at the market's; other types by name."""
    amounts = {"trigger_price": trigger, "display_quantity": display}
    amounts |= {name: terms.pop(name) for name in AMOUNTS & terms.keys()}
    terms |= {name: as_decimal(value) for name, value in amounts.items()}
    kind = type or ("market" if at is None else "limit")
    return NewOrder(side, kind, as_decimal(quantity), as_decimal(at), **terms)


def as_decimal(text):
    return None if text is None else Decimal(text)


def open_market(symbol, **rules):
    base, quote = symbol.split("-")
    values = MARKETS.get(symbol, {}) | rules
    market, _ = Market.objects.get_or_create(
        symbol=symbol,
        defaults={
            "base_id": base,
            "quote_id": quote,
            "maker_fee": MAKER_FEE,
            "taker_fee": TAKER_FEE,
            **values,
        },
    )
    services.open_market(market)
    return market


def warm_hash(symbol):
    """Of the book in this process's memory; None if there is none."""
    warm = pipeline._books.get(symbol)
    return warm.book.state_hash() if warm else None
