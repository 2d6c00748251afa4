"""An exchange after a day of everything, for the audit's tests, and a way to corrupt it by hand."""

import random
from collections import defaultdict
from contextlib import contextmanager
from decimal import Decimal

from django.core.management import call_command
from django.db import connection, transaction

from accounts.models import Account, LedgerTransaction, User
from accounts.services import adjust_balance, claim_faucet, open_account
from common import clock
from market.models import Asset, Market, Price
from market.services import set_price
from trading import audit
from trading.matching_service.requests import StatusRequest, SweepRequest
from trading.models import Order, Trade
from trading.services import (
    AmendRequest,
    CancelAllRequest,
    CancelRequest,
    NewOrder,
    PlaceRequest,
    open_market,
    roll_up_candles,
    submit,
)
from trading.tests.desk import later
from trading.tests.random_requests import Chance

MARKETS = (("BTC-USDT", "0.01", "0.00001"), ("ETH-USDT", "0.01", "0.0001"), ("ETH-BTC", "0.00001", "0.001"))
TABLES = (
    "accounts_posting", "accounts_ledgertransaction", "trading_orderevent", "trading_trade", "market_market",
)  # fmt: skip
PRICES = {"BTC-USDT": 3_000_000, "ETH-USDT": 200_000, "ETH-BTC": 6_600}
CHOICES = ("cancel_newest", "cancel_oldest", "cancel_both", "decrement")


class Desk:
    """Alice, Bob and Carol have traded in three markets; their orders, trades and ids by name."""

    def __init__(self, rounds: int = 3) -> None:
        self.chance = random.Random(7)
        self.markets = {symbol: _market(symbol, tick, lot) for symbol, tick, lot in MARKETS}
        self.people = {name: _person(name) for name in ("alice", "bob", "carol")}
        self.admin = User.objects.create(username="admin", is_staff=True)
        for _ in range(rounds):
            for symbol in self.markets:
                self.trade_at_random(symbol, 60)
            Market.objects.update(maker_fee="0.0002", taker_fee="0.0007")
        adjust_balance(self.people["bob"], "USDT", Decimal("-7.5"), "a wrong deposit", self.admin)
        self._all_kinds_by_chance(15 * rounds)
        roll_up_candles()
        self.trade_at_random("BTC-USDT", 40)
        self._leave_a_known_book()

    def trade_at_random(self, symbol: str, requests: int) -> None:
        """Every kind of request, some refused, several to a batch."""
        for _ in range(requests // 4):
            submit(symbol, [self._request(symbol) for _ in range(4)])

    def _all_kinds_by_chance(self, batches: int) -> None:
        """In ETH-USDT, with every kind of condition and the market in every state; one order expires."""
        chance = Chance(self.chance, "ETH-USDT", [person.pk for person in self.people.values()])
        for number in range(batches):
            set_price("ETH-USDT", Decimal(1999 + number % 3), Price.Source.SIMULATION)
            submit("ETH-USDT", [chance.request() for _ in range(4)])
        submit("ETH-USDT", [StatusRequest("auction", "test")])
        for person, side, price in (("alice", "buy", "2100"), ("bob", "sell", "1900")):
            new = NewOrder(side, "limit", Decimal("0.1"), Decimal(price))
            submit("ETH-USDT", [PlaceRequest(self.people[person].pk, new)])
        submit("ETH-USDT", [StatusRequest("open", "test", 0)])
        soon = clock.to_ms(clock.now()) + 60_000
        new = NewOrder("buy", "limit", Decimal("0.1"), Decimal(100), time_in_force="gtd", expires_at=soon)
        submit("ETH-USDT", [PlaceRequest(self.people["alice"].pk, new)])
        with later(61):
            submit("ETH-USDT", [SweepRequest()])

    def _request(self, symbol: str):
        chance, account = self.chance, self.chance.choice(list(self.people.values())).pk
        own = list(
            Order.objects.filter(account_id=account, market__symbol=symbol, status__in=Order.OPEN_STATUSES)
        )
        kind = chance.random()
        if kind < 0.15 and own:
            return CancelRequest(account, chance.choice(own).pk)
        if kind < 0.35 and own:
            order = chance.choice(own)
            price = order.price + chance.choice((-3, 0, 3)) * self.markets[symbol].tick
            return AmendRequest(
                account, order.pk, price, order.quantity + chance.choice((-9, 0, 9)) * self._lot(symbol)
            )
        if kind < 0.38:
            return CancelAllRequest(account)
        return PlaceRequest(account, self._order(symbol))

    def _order(self, symbol: str) -> NewOrder:
        chance = self.chance
        side, quantity = chance.choice(("buy", "sell")), chance.randint(10, 60) * self._lot(symbol)
        price = (PRICES[symbol] + chance.randint(-9, 9)) * self.markets[symbol].tick
        prevention = chance.choice(CHOICES)
        kind = chance.random()
        if kind < 0.1 and side == "buy":
            cost = price * quantity + Decimal("0.000000000123456789")  # no whole number of steps
            return NewOrder(side, "market", quote_quantity=cost, self_trade_prevention=prevention)
        if kind < 0.2:
            return NewOrder(side, "market", quantity, self_trade_prevention=prevention)
        if kind < 0.4:
            return NewOrder(
                side, "limit", quantity, price, None, chance.choice(("ioc", "fok")), False, prevention
            )
        return NewOrder(side, "limit", quantity, price, None, "gtc", chance.random() < 0.2, prevention)

    def _lot(self, symbol: str) -> Decimal:
        return self.markets[symbol].lot * (100 if symbol == "BTC-USDT" else 1)

    def _leave_a_known_book(self) -> None:
        """In BTC-USDT: two bids of Alice at one price and one lower, an ask of Bob partly taken by Carol.

        Before that, a buy of Bob's swept two asks of Alice, the older one first.
        """
        for person in self.people.values():
            submit("BTC-USDT", [CancelAllRequest(person.pk)])
        self.alice, self.bob, self.carol = (self.people[name].pk for name in ("alice", "bob", "carol"))
        self.cancelled = self.place(self.alice, "buy", "0.01", "27000")
        submit("BTC-USDT", [CancelAllRequest(self.alice)])
        for price in ("30500", "30500"):
            self.place(self.alice, "sell", "0.01", price)
        sweep = self.place(self.bob, "buy", "0.02", "30500")
        self.swept = list(Trade.objects.filter(taker_order_id=sweep.pk).order_by("sequence"))
        self.bid = self.place(self.alice, "buy", "0.01", "29000")
        self.later_bid = self.place(self.alice, "buy", "0.01", "29000")
        self.lower_bid = self.place(self.alice, "buy", "0.02", "28000")
        self.ask = self.place(self.bob, "sell", "0.5", "31000")
        self.taker = self.place(self.carol, "buy", "0.1", "31000")
        self.trade = Trade.objects.get(taker_order_id=self.taker.pk)
        self.btc = self.markets["BTC-USDT"].pk
        self.outside = Account.objects.get(name="outside").pk
        self.fees = Account.objects.get(name="fees:BTC-USDT").pk
        self.adjustment = LedgerTransaction.objects.get(kind="adjustment").pk
        self.deposit = LedgerTransaction.objects.filter(kind="faucet").first().pk

    def place(self, account_id: int, side: str, quantity: str, price: str) -> Order:
        new = NewOrder(side, "limit", Decimal(quantity), Decimal(price))
        [placed] = submit("BTC-USDT", [PlaceRequest(account_id, new)])
        return Order.objects.get(pk=placed.order.id)

    # ---- corruption ----

    def broken_by(self, *statements: str, dropping: dict[str, str] | None = None) -> dict[str, list[dict]]:
        return broken_by(*statements, dropping=dropping)

    def credit(self, account_id: int, asset: str, amount: str, column: str = "available") -> str:
        return (
            f"UPDATE accounts_balance SET {column} = {column} + {amount}"
            f" WHERE account_id = {account_id} AND asset = '{asset}'"
        )

    def post(self, transaction_id: int, *lines: tuple[int, str, str]) -> str:
        """Postings (account, asset, amount) of a transaction, which may exist or not."""
        values = ", ".join(
            f"({transaction_id}, {account}, '{asset}', {amount})" for account, asset, amount in lines
        )
        return f"INSERT INTO accounts_posting (transaction_id, account_id, asset, amount) VALUES {values}"

    def smuggle_in_a_bid(self, price: int, order_id: int = 1_000_000) -> list[str]:
        """A bid of Carol's that lies in the book, well entered everywhere, but was never matched."""
        ticks, cost = price * 100, price // 100
        sequence = f"(SELECT sequence + 1 FROM trading_bookstate WHERE market_id = {self.btc})"
        return [
            f"""INSERT INTO trading_order SELECT (jsonb_populate_record(o, jsonb_build_object(
                    'id', {order_id}, 'account_id', {self.carol}, 'client_order_id', 'smuggled-{order_id}',
                    'price', {price}, 'priority', {sequence}))).* FROM trading_order o WHERE id = {self.bid.pk}""",
            f"""INSERT INTO trading_orderevent SELECT (jsonb_populate_record(e, jsonb_build_object(
                    'order_id', {order_id}, 'account_id', {self.carol}, 'price', {ticks}, 'sequence', {sequence},
                    'details', details || '{{"client_order_id": "smuggled-{order_id}"}}'))).*
                FROM trading_orderevent e WHERE kind = 'A' AND order_id = {self.bid.pk}""",
            f"""UPDATE trading_orderevent SET created_at = (SELECT last_event_at FROM trading_bookstate
                    WHERE market_id = {self.btc}) WHERE order_id = {order_id}""",
            f"""UPDATE trading_order SET created_at = (SELECT last_event_at FROM trading_bookstate
                    WHERE market_id = {self.btc}) WHERE id = {order_id}""",
            f"UPDATE trading_bookstate SET sequence = sequence + 1 WHERE market_id = {self.btc}",
            self.credit(self.carol, "USDT", f"-{cost}"),
            self.credit(self.carol, "USDT", f"{cost}", "held"),
        ]


def broken_by(*statements: str, dropping: dict[str, str] | None = None) -> dict[str, list[dict]]:
    """What the audit finds after these statements, rule -> details; all of it is undone afterwards."""
    with corrupted(*statements, dropping=dropping) as cursor:
        audit.measure_tables()  # as the command does: else its time is a matter of luck
        report = audit.check(cursor)
    found = defaultdict(list)
    for violation in report.violations:
        found[violation.rule].append(violation.details)
    return dict(found)


@contextmanager
def corrupted(*statements: str, dropping: dict[str, str] | None = None):
    """Do to the tables what the database would refuse. dropping: a constraint by table."""
    with transaction.atomic(), connection.cursor() as cursor:
        for table in TABLES:
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        for table, constraint in (dropping or {}).items():
            cursor.execute(f"ALTER TABLE {table} DROP CONSTRAINT {constraint}")
        for statement in statements:
            cursor.execute(statement)
            assert cursor.rowcount != 0, f"corrupted nothing: {statement}"
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for table in TABLES:
            cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")
        yield cursor
        transaction.set_rollback(True)


def empty_the_database() -> None:
    call_command("flush", verbosity=0, interactive=False)


def _market(symbol: str, tick: str, lot: str) -> Market:
    base, quote = symbol.split("-")
    for code in (base, quote):
        Asset.objects.get_or_create(code=code, defaults={"name": code, "precision": 8})
    market = Market.objects.create(
        symbol=symbol, base_id=base, quote_id=quote, tick=tick, lot=lot, minimum_notional="0.0001"
    )
    open_market(market)
    market.refresh_from_db()
    return market


def _person(name: str) -> Account:
    user = User.objects.create(username=name)
    claim_faucet(user, {"USDT": Decimal(100_000), "BTC": Decimal(2), "ETH": Decimal(30)}, 1)
    return open_account(user)
