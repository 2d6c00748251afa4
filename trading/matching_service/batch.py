"""The state of one batch on its way through the pipeline."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import psycopg

from accounts.services import find_suspended, ledger
from common import clock
from common.errors import ErrorCode, Refused
from trading import rules, settlement
from trading.matching import commands
from trading.matching.decide import Decision, Refusal, decide
from trading.matching.events import Amended, Cancelled, Event, Reduced
from trading.matching_service import statements, writing
from trading.matching_service.changes import Changes, OrderChange
from trading.matching_service.funds import Funds
from trading.matching_service.market_row import MarketRow
from trading.matching_service.requests import (
    AmendRequest,
    CancelAllRequest,
    CancelRequest,
    Done,
    FillRow,
    Outcome,
    PlaceRequest,
    Repeated,
    Request,
)
from trading.matching_service.warm import WarmBook

Key = tuple[int, str]


class FundsChanged(Exception):
    """Under the lock the balance did not cover request `index` any more: the batch runs again without it."""

    def __init__(self, index: int, refused: Refused) -> None:
        self.index = index
        self.refused = refused
        super().__init__(str(refused))


class Carried:
    """A request that was carried out."""

    __slots__ = ("account_id", "changes", "events", "fills", "index", "order_id", "snapshot")

    def __init__(
        self, index: int, account_id: int, events: list[Event], settled: settlement.Settlement
    ) -> None:
        self.index = index
        self.account_id = account_id
        self.events = events
        self.changes = settled.changes
        self.fills = settled.fills
        self.order_id: int | None = None
        self.snapshot: OrderChange | None = None


class Batch:
    def __init__(
        self,
        symbol: str,
        requests: Sequence[Request],
        connection: Any,
        cursor: Any,
        refused: dict[int, Refused],
    ) -> None:
        self.symbol = symbol
        self.requests = requests
        self.connection = connection
        self.cursor = cursor
        self.outcomes: list[Outcome | None] = [refused.get(index) for index in range(len(requests))]
        self.carried: list[Carried] = []
        self.events: list[tuple[Event, str]] = []
        self.changes = Changes()
        self.trade_ids: list[tuple[int, int]] = []
        self.made_balances: set[Key] = set()
        self.fills: list[FillRow] = []

    # ---- 1 ----

    def lock_symbol(self) -> None:
        places = [request for request in self.requests if isinstance(request, PlaceRequest)]
        keys = [(place.account_id, place.new.client_order_id) for place in places]
        accounts = sorted({request.account_id for request in self.requests})
        cursors = [psycopg.Cursor(self.connection) for _ in range(6)]
        with self.connection.pipeline():
            statements.lock_symbol(cursors[0], self.symbol)
            statements.read_market(cursors[1], self.symbol)
            statements.take_order_ids(cursors[2], len(places))
            statements.read_balances(cursors[3], self.symbol, accounts)
            statements.find_repeated(cursors[4], keys)
            find_suspended(cursors[5], accounts)
        state, market = cursors[0].fetchone(), cursors[1].fetchone()
        if state is None or market is None:
            raise Refused(ErrorCode.UNKNOWN_SYMBOL)
        self.sequence, self.epoch, last_event_at, self.market_id = state
        self.market = MarketRow.read(market)
        self.now: datetime = max(clock.now(), last_event_at) if last_event_at else clock.now()
        self._order_ids = iter([row[0] for row in cursors[2].fetchall()])
        self.funds = Funds(self.market, cursors[3].fetchall())
        self._repeated = {(row[0], row[1]): row[2] for row in cursors[4].fetchall()}
        self._suspended = {row[0] for row in cursors[5].fetchall()}

    # ---- 2 ----

    def use_book(self, warm: WarmBook) -> None:
        self.warm = warm
        self.book = warm.book
        self.book.begin()

    # ---- 3 and 4 ----

    def match_and_settle(self) -> None:
        for index, request in enumerate(self.requests):
            if self.outcomes[index] is None:
                self.outcomes[index] = self._carry_out(index, request)

    def _carry_out(self, index: int, request: Request) -> Outcome | None:
        """The outcome if it is known at once (a refusal, a repetition); None: it follows from the commit."""
        # Under the lock: an order on its way while its owner is suspended must not slip in behind the cancels.
        if request.account_id in self._suspended and isinstance(request, PlaceRequest | AmendRequest):
            return Refused(ErrorCode.ACCOUNT_SUSPENDED)
        if isinstance(request, PlaceRequest):
            return self._place(index, request)
        command = self._command(request)
        return self._run(index, request.account_id, command)

    def _place(self, index: int, request: PlaceRequest) -> Outcome | None:
        key = (request.account_id, request.new.client_order_id)
        order_id = next(self._order_ids)
        if key in self._repeated:
            return Repeated(self._repeated[key])
        command = rules.to_place(self.market.rules, request.new, order_id, request.account_id, self.book)
        outcome = self._run(index, request.account_id, command, request.new.client_order_id)
        if outcome is None:
            self._repeated[key] = order_id
            self.carried[-1].order_id = order_id
            self.carried[-1].snapshot = self.changes.orders[order_id].copy()
        return outcome

    def _command(self, request: Request) -> commands.Command | Refusal:
        if isinstance(request, CancelRequest):
            return commands.Cancel(request.order_id, request.account_id, request.reason)
        if isinstance(request, CancelAllRequest):
            return commands.CancelAll(request.account_id, request.reason)
        assert isinstance(request, AmendRequest)
        return rules.to_amend(
            self.market.rules,
            request.order_id,
            request.account_id,
            request.price,
            request.quantity,
            self.book,
        )

    def _run(
        self, index: int, account_id: int, command: commands.Command | Refusal, client_order_id: str = ""
    ) -> Outcome | None:
        decision: Decision = command if isinstance(command, Refusal) else decide(self.book, command)
        if isinstance(decision, Refusal):
            return Refused(decision.code, decision.message, **decision.details)
        settled = settlement.settle(self.market.terms, decision)
        short = self.funds.refusal(account_id, settled.changes)
        if short is not None:
            return short
        self.funds.add(settled.changes)
        if isinstance(command, commands.Place):
            self.changes.place(command, client_order_id)
        for event in decision:
            self.changes.record(event, self.book, self.book.sequence + 1)
            self.book.apply(event)
            self.events.append((event, client_order_id))
        self.carried.append(Carried(index, account_id, decision, settled))
        return None

    # ---- 5 ----

    def lock_balances(self) -> None:
        keys = {key for carried in self.carried for key in carried.changes}
        missing = keys - self.warm.known_balances
        balances, ids = psycopg.Cursor(self.connection), psycopg.Cursor(self.connection)
        with self.connection.pipeline():
            if missing:
                ledger.make_balance_rows(self.cursor, missing)
            ledger.lock_balance_rows(balances, keys)
            statements.take_trade_ids(ids, sum(len(carried.fills) for carried in self.carried))
        self.locked = Funds(self.market, balances.fetchall())
        self.trade_ids = ids.fetchall()
        if len(self.locked) != len(keys):
            self.warm.known_balances.clear()
            raise AssertionError(f"{len(keys)} balances to lock, {len(self.locked)} found")
        self.made_balances = missing

    # ---- 6 ----

    def judge(self) -> None:
        """Every request, in order, must be covered by what the locked rows really hold."""
        for carried in self.carried:
            short = self.locked.refusal(carried.account_id, carried.changes)
            if short is not None:
                raise FundsChanged(carried.index, short)
            self.locked.add(carried.changes)
        self.locked.assert_none_negative()

    # ---- 7 ----

    def write(self) -> None:
        writing.write(self)

    def keep(self) -> None:
        """After the commit: the book stays as it is, and the balance rows made on the way exist."""
        self.book.keep()
        self.warm.known_balances |= self.made_balances

    def answer(self) -> list[Outcome]:
        """After the commit: the outcome of each request."""
        fills = iter(self.fills)
        for carried in self.carried:
            own = [next(fills) for _ in carried.fills]
            if carried.order_id is None:
                self.outcomes[carried.index] = Done(_named_orders(carried.events))
            else:
                self.outcomes[carried.index] = writing.placed_order(self, carried, own)
        return [outcome for outcome in self.outcomes if outcome is not None]

    def account_ids(self) -> set[int]:
        """Everybody whose orders or balances changed, the fee account left out."""
        return {key[0] for carried in self.carried for key in carried.changes} - {
            self.market.terms.fee_account_id
        }


def _named_orders(events: list[Event]) -> list[int]:
    """The orders that a cancel or an amend named, and not those it traded with."""
    return [event.order_id for event in events if isinstance(event, Cancelled | Reduced | Amended)]
