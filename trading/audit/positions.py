"""The positions rebuilt: every trade, deleveraging, funding and note of every perpetual's log, counted anew.

Shares no line with the settlement that it checks. Sizes in lots, money in units of the quote asset, both signed.
"""

from collections import defaultdict
from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from json import loads
from math import ceil
from typing import Any

from django.db import connection

from common.audit import Check, Cursor, Rule, Violation
from common.money import EXACT, from_units
from trading.audit.perpetuals import UNREADABLE, Contract, ceiling, contracts, fee

POSITION = Rule("L6-POSITION", 6, "a position's row is what the log makes of it")
REALISED = Rule(
    "L6-REALISED", 6, "a trade's postings give each side what its position realised, less its fee"
)
REMAINDER = Rule(
    "L6-REMAINDER", 6, "of funding less than a unit is left over per settlement, and never missing"
)

CHUNK = 5_000
SCALE = 10**8  # of the funding index

_EVENTS = """
    SELECT e.sequence, e.kind, e.account_id, e.maker_account_id, e.side, e.price, e.quantity, e.reason, e.details,
           t.id, t.taker_fee, t.maker_fee, posted.to_taker, posted.to_maker
    FROM trading_orderevent e
    LEFT JOIN trading_trade t ON t.market_id = e.market_id AND t.sequence = e.sequence
    LEFT JOIN LATERAL (
        SELECT coalesce(sum(p.amount) FILTER (WHERE p.account_id = t.taker_account_id), 0) AS to_taker,
               coalesce(sum(p.amount) FILTER (WHERE p.account_id = t.maker_account_id), 0) AS to_maker
        FROM accounts_posting p WHERE p.transaction_id = t.ledger_transaction_id) AS posted ON true
    WHERE e.market_id = %s AND e.kind IN ('T', 'U', 'D', 'I', 'K') ORDER BY e.sequence"""

_ROWS = """
    SELECT account_id, size, cost, realised_profit, fees_paid, funding_paid, funding_index, leverage, mode,
           isolated_margin
    FROM risk_position WHERE market_id = %s"""

_DELEVERAGED = """
    SELECT p.account_id, sum(p.amount) FROM accounts_ledgertransaction l
    JOIN accounts_posting p ON p.transaction_id = l.id
    JOIN accounts_account a ON a.id = p.account_id AND a.kind <> 'clearing'
    WHERE l.kind = 'deleveraging' AND l.reference = %s GROUP BY p.account_id"""

_POOL = """
    SELECT coalesce(sum(p.amount), 0) FROM accounts_ledgertransaction l
    JOIN accounts_posting p ON p.transaction_id = l.id
    JOIN accounts_account a ON a.id = p.account_id AND a.kind = 'funding'
    WHERE l.kind = 'funding' AND l.reference = %s"""


class Counted:
    """A position as counted. leverage None: nobody chose one. margins: what its own margin may be, by the fee rates
    there were: the rate of the moment is not on record."""

    __slots__ = (
        "cost", "fees", "funding", "index", "is_isolated", "leverage", "margins", "realised", "size",
    )  # fmt: skip

    def __init__(self, index: int = 0) -> None:
        self.size = self.cost = self.realised = self.fees = self.funding = 0
        self.index = index
        self.leverage: int | None = None
        self.is_isolated = False
        self.margins = {0}

    def trade(self, lots: int, per_lot: int, rates: frozenset[int]) -> int:
        """What it realises."""
        profit = 0
        if self.size * lots < 0:
            closing = min(abs(lots), abs(self.size))
            profit = self._close(closing, per_lot)
            lots += closing if lots < 0 else -closing
        self.size += lots
        self.cost += lots * per_lot
        if self.is_isolated and lots:
            own = self.own_margins(abs(lots) * per_lot, rates)
            self.margins = {before + more for before in self.margins for more in own}
        return profit

    def _close(self, lots: int, per_lot: int) -> int:
        """A part's share of the cost, rounded up: of a short, whose cost is negative, towards zero."""
        direction = 1 if self.size > 0 else -1
        share = ceil(Fraction(self.cost * lots, abs(self.size)))
        profit = direction * lots * per_lot - share
        self.margins = {own - own * lots // abs(self.size) for own in self.margins}
        self.size -= direction * lots
        self.cost -= share
        self.realised += profit
        return profit

    def own_margins(self, notional: int, rates: frozenset[int]) -> set[int]:
        assert self.leverage is not None, "isolated without a leverage"
        return {ceiling(notional, self.leverage) + fee(notional, rate) for rate in rates}

    def settle(self, index: int) -> bool:
        """Funding up to here is paid, of an isolated position as far as possible by its margin; whether there was
        any."""
        due = Fraction(self.size * (index - self.index), SCALE)
        self.index = index
        self.funding += ceil(due)
        if self.is_isolated:
            self.margins = {own - min(own, ceil(due)) for own in self.margins}
        return due != 0


class Ledger:
    """What became of one contract, event by event."""

    def __init__(self, contract: Contract) -> None:
        self.contract = contract
        self.positions: dict[int, Counted] = {}
        self.deleveraged: dict[int, int] = defaultdict(int)
        self.index = 0
        self.settlements = 0

    def take(self, row: tuple[Any, ...]) -> Iterator[Violation]:
        _, kind, account_id, other_id, side, price, quantity, reason, details, *trade = row
        given = loads(details) if isinstance(details, str) else details or {}
        if kind == "I":
            self.index = given["funding_index"]
        elif kind == "K" and reason == "owed":
            self.positions.setdefault(account_id, Counted(self.index))
        elif kind == "K":
            self._note(self._touched(account_id), reason, given)
        else:
            lots, per_lot = (quantity if side == "buy" else -quantity), price * self.contract.step
            profits = [
                self._touched(each).trade(signed, per_lot, self.contract.rates)
                for each, signed in ((account_id, lots), (other_id, -lots))
            ]
            if kind == "D":
                self.deleveraged[account_id] += profits[0]
                self.deleveraged[other_id] += profits[1]
            else:
                yield from self._fees((account_id, other_id), profits, *trade)

    def _touched(self, account_id: int) -> Counted:
        position = self.positions.setdefault(account_id, Counted(self.index))
        self.settlements += position.settle(self.index)
        return position

    def _note(self, position: Counted, what: str, given: dict[str, Any]) -> None:
        if what == "leverage":
            position.leverage, position.is_isolated = given["leverage"], given["mode"] == "isolated"
            if position.is_isolated:
                position.margins = position.own_margins(abs(position.cost), self.contract.rates)
        elif what == "margin":
            position.margins = {own + given["amount"] for own in position.margins}

    def _fees(
        self, accounts: tuple[int, int], profits: list[int], trade_id: int | None, *amounts: Decimal | None
    ) -> Iterator[Violation]:
        """amounts: the fees of taker and maker, and what was posted to them."""
        if trade_id is None:
            return  # L5-TRADE
        units = [self.contract.units(amount or Decimal(0)) for amount in amounts]
        for account_id, profit, paid, posted in zip(accounts, profits, units[:2], units[2:], strict=True):
            self.positions[account_id].fees += paid
            if posted != profit - paid:
                shown = {
                    "profit": self.shown(profit), "fee": self.shown(paid), "posted": self.shown(posted),
                }  # fmt: skip
                text = f"trade {trade_id}: account {account_id} realised {shown['profit']} and paid a fee of "
                text += f"{shown['fee']}; posted are {shown['posted']}"
                yield self.violation(REALISED, text, trade_id=trade_id, account_id=account_id, **shown)

    # ---- the end ----

    def compare(self, cursor: Cursor) -> Iterator[Violation]:
        """The rows and the ledger with what was counted."""
        cursor.execute(_ROWS, [self.contract.id])
        rows = {row[0]: row[1:] for row in cursor.fetchall()}
        for account_id in sorted(rows.keys() | self.positions.keys()):
            wrong = self._differences(rows.get(account_id), self.positions.get(account_id) or Counted())
            if wrong:
                yield self.violation(POSITION, f"account {account_id}: {wrong}", account_id=account_id)
        yield from self._compare_deleveraging(cursor)
        yield from self._left_over(cursor, rows)

    def _differences(self, row: tuple[Any, ...] | None, counted: Counted) -> str:
        if row is None:
            return "it has traded and has no position"
        size, cost, realised, fees, funding, index, leverage, mode, own = row
        pairs: list[tuple[str, Any, Any]] = [
            ("size", size, EXACT.multiply(self.contract.lot, counted.size)),
            ("cost", cost, self.amount(counted.cost)),
            ("realised_profit", realised, self.amount(counted.realised)),
            ("fees_paid", fees, self.amount(counted.fees)),
            ("funding_paid", funding, self.amount(counted.funding)),
            ("mode", mode, "isolated" if counted.is_isolated else "cross"),
        ]
        if counted.size:
            pairs.append(("funding_index", index, counted.index))
        if counted.leverage is not None:
            pairs.append(("leverage", leverage, counted.leverage))
        if own not in {self.amount(each) for each in counted.margins}:
            pairs.append(("isolated_margin", own, self.amount(min(counted.margins))))
        changed = [f"{name} is {_plain(a)}, by the log {_plain(b)}" for name, a, b in pairs if a != b]
        return ", ".join(changed)

    def _compare_deleveraging(self, cursor: Cursor) -> Iterator[Violation]:
        cursor.execute(_DELEVERAGED, [self.contract.symbol])
        posted = dict(cursor.fetchall())
        for account_id in sorted(self.deleveraged.keys() | posted.keys()):
            told, has = self.amount(self.deleveraged.get(account_id, 0)), posted.get(account_id, Decimal(0))
            if told != has:
                text = (
                    f"account {account_id} realised {_plain(told)} by deleveraging; posted are {_plain(has)}"
                )
                yield self.violation(REALISED, text, account_id=account_id)

    def _left_over(self, cursor: Cursor, rows: dict[int, tuple[Any, ...]]) -> Iterator[Violation]:
        """What the pool has and will still get, less what it will still pay."""
        cursor.execute(_POOL, [self.contract.symbol])
        left = Fraction(self.contract.units(cursor.fetchone()[0]))
        for size, *_, index, _, _, _ in rows.values():
            left += Fraction(self.contract.lots(size) * (self.contract.funding_index - int(index)), SCALE)
        if left < 0 or (left and left >= self.settlements):
            text = f"{_fraction(left)} units of funding are left over after {self.settlements} settlements"
            yield self.violation(REMAINDER, text, settlements=self.settlements)

    def amount(self, units: int) -> Decimal:
        return from_units(units, self.contract.precision)

    def shown(self, units: int) -> str:
        return _plain(self.amount(units))

    def violation(self, rule: Rule, text: str, **details: Any) -> Violation:
        return Violation(
            rule.id, f"{self.contract.symbol}: {text}", {"symbol": self.contract.symbol, **details}
        )


def _fraction(amount: Fraction) -> str:
    return str(amount.numerator) if amount.denominator == 1 else f"{amount.numerator}/{amount.denominator}"


def _plain(value: Any) -> str:
    return f"{value.normalize():f}" if isinstance(value, Decimal) else str(value)


def count(cursor: Cursor) -> Iterator[Violation]:
    """Walk the logs of all perpetuals, and compare where they end with rows and ledger."""
    for contract in list(contracts(cursor)):
        ledger = Ledger(contract)
        try:
            for row in _events(contract):
                yield from ledger.take(row)
            yield from ledger.compare(cursor)
        except UNREADABLE as error:
            yield ledger.violation(POSITION, f"its positions cannot be counted ({error!r})")


def _events(contract: Contract) -> Iterator[tuple[Any, ...]]:
    with connection.chunked_cursor() as cursor:
        cursor.execute(_EVENTS, [contract.id])
        while chunk := cursor.fetchmany(CHUNK):
            yield from chunk


CHECKS = (Check((POSITION, REALISED, REMAINDER), count, slow=True),)
