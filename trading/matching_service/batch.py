"""The state of one batch on its way through the pipeline."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from common import clock
from common.errors import ErrorCode, Refused
from common.money import EXACT
from common.pipelined import Answer, Pipeline
from risk.contract_rows import ContractRow
from trading.matching import commands
from trading.matching.decide import Decision, Refusal, decide
from trading.matching.events import Event
from trading.matching.follow_up import follow_up
from trading.matching.terms import HALTED, INDEX, MARK, OPEN, Reason
from trading.matching_service import (
    answering,
    asking,
    covering,
    entering,
    exits,
    kinds,
    liquidating,
    statements,
    writing,
)
from trading.matching_service.barred import Barred
from trading.matching_service.carried import Carried, Denial
from trading.matching_service.changes import Changes
from trading.matching_service.funds import Funds
from trading.matching_service.liquidation_rows import Liquidations
from trading.matching_service.market_row import MarketRow
from trading.matching_service.money import SpotMoney
from trading.matching_service.perpetual import Perpetual
from trading.matching_service.price_window import CircuitBreaker
from trading.matching_service.requests import (
    Done,
    FillRow,
    LinkedRequest,
    LiquidateRequest,
    Outcome,
    PlaceRequest,
    Repeated,
    Request,
    SettleFundingRequest,
)
from trading.matching_service.warm import WarmBook
from trading.meters import LOCK_WAIT_SECONDS
from trading.perpetual_settlement import Move

Key = tuple[int, str]
CIRCUIT_BREAKER = "CIRCUIT_BREAKER"
ORDERS_OF_A_LIQUIDATION = 2


class Batch:
    """refused: requests, by index, that an earlier attempt found not to be covered; denied: entries likewise,
    which may be of this very batch: so it has the `order_ids` that the first attempt took."""

    locked: Funds  # from step 5 on
    move_ids: Sequence[int]  # of ledger transactions beside trades

    def __init__(
        self, symbol: str, requests: Sequence[Request], connection: Any, cursor: Any,
        refused: dict[int, Refused], denied: Iterable[Denial], order_ids: list[int],
    ) -> None:  # fmt: skip
        self.symbol = symbol
        self.is_perpetual = kinds.is_perpetual(symbol)
        self.requests = requests
        self.connection = connection
        self.cursor = cursor
        self.denied = frozenset(denied)
        self._order_ids = order_ids
        self.outcomes: list[Outcome | None] = [refused.get(index) for index in range(len(requests))]
        self.carried: list[Carried] = []
        self.events: list[tuple[Event, str]] = []
        self.changes = Changes()
        self.trade_ids: Sequence[tuple[Any, ...]] = []
        self.made_balances: set[Key] = set()
        self.fills: list[FillRow] = []
        self.covers: list[Move] = []
        self._last = Pipeline(connection)
        self.quote_quantities: dict[int, Decimal] = {}  # of buys by cost, as asked for

    # ---- 1 ----

    def lock_symbol(self) -> None:
        """Begins the transaction. Raises Refused UNKNOWN_SYMBOL."""
        keys = asking.client_order_keys(self.requests)
        accounts = sorted({request.account_id for request in self.requests})
        self.known_accounts = frozenset(accounts)
        spare = ORDERS_OF_A_LIQUIDATION * sum(isinstance(each, LiquidateRequest) for each in self.requests)
        needed = len(keys) + spare
        pipeline = Pipeline(self.connection)
        begun = statements.begin(pipeline)
        state = statements.lock_symbol(pipeline, self.symbol)
        market = statements.read_market(pipeline, self.symbol)
        taken = statements.take_order_ids(pipeline, needed) if not self._order_ids else Answer()
        balances = statements.read_balances(pipeline, self.symbol, accounts)
        asked = asking.given_keys(self.requests)
        repeated = statements.find_repeated(pipeline, asked) if asked else Answer()
        self._barred = Barred(pipeline, self.requests)
        self.liquidations = Liquidations(pipeline, self.symbol, self.requests)
        self.money = self._money_for(pipeline, accounts)
        pipeline.run()
        if not state.rows or not market.rows:
            raise Refused(ErrorCode.UNKNOWN_SYMBOL)
        self.sequence, self.epoch, last_event_at, self.market_id, self.transaction_id = state.rows[0]
        *row, locked_at = market.rows[0]
        LOCK_WAIT_SECONDS.labels(self.symbol).observe(locked_at - begun.rows[0][0])
        self.market = MarketRow.read(row)
        self.now: datetime = max(clock.now(), last_event_at) if last_event_at else clock.now()
        self.now_ms = clock.to_ms(self.now)
        self._order_ids += [row[0] for row in taken.rows]
        self.funds = Funds(self.market, [*balances.rows, *self.liquidations.insurance_rows])
        self.money.read(self.market, self.funds)
        self.repeated = {(row[0], row[1]): row[2] for row in repeated.rows}

    def _money_for(self, pipeline: Pipeline, accounts: Sequence[int]) -> SpotMoney | Perpetual:
        if not self.is_perpetual:
            return SpotMoney(self.connection)
        return Perpetual(pipeline, self.symbol, accounts)

    @property
    def contract(self) -> ContractRow | None:
        return self.money.contract if isinstance(self.money, Perpetual) else None

    # ---- 2 ----

    def use_book(self, warm: WarmBook) -> None:
        self.warm = warm
        self.book = warm.book
        self.book.begin()
        if isinstance(self.money, Perpetual):
            self.money.use(warm.positions)
        self._breaker = CircuitBreaker(self.market.breaker, warm.prices, self.now_ms, self.events)

    # ---- 3 and 4 ----

    def match_and_settle(self) -> None:
        self._advance()
        given = sum(len(asking.new_orders(request)) for request in self.requests)
        order_ids = iter(self._order_ids[:given])
        self._spare_order_ids = iter(self._order_ids[given:])
        for index, request in enumerate(self.requests):
            own_ids = [next(order_ids) for _ in asking.new_orders(request)]
            if self.outcomes[index] is None:
                begun = len(self.carried)
                self.outcomes[index] = self._carry_out(index, request, own_ids)
                self.follow_up()
                if self.outcomes[index] is None and own_ids:
                    self.carried[begun].stand_at(self.changes, len(self.carried) - begun)

    def _advance(self) -> None:
        """Time and outside prices first: what has expired cannot trade any more."""
        mark, index = (
            price if self.book.triggers.watches(source) or asking.wants_price(self.requests, source) else None
            for source, price in ((MARK, self.market.rules.mark), (INDEX, self.market.rules.index))
        )
        self.run(commands.Advance(self.now_ms, mark, index))
        self.follow_up()

    def _carry_out(self, index: int, request: Request, order_ids: list[int]) -> Outcome | None:
        """The outcome if it is known at once (a refusal, a repetition); None: it follows from the commit."""
        refused = self._barred.refusal(request)
        if refused is not None:
            return refused
        if isinstance(request, PlaceRequest | LinkedRequest):
            return self._place(index, request, order_ids)
        if isinstance(request, LiquidateRequest):
            return liquidating.look_at(self, index, request)
        if isinstance(request, SettleFundingRequest):  # nobody is asked whether they want to pay
            return self.run(asking.command_of(request, self)) or Done([])
        return self.run(asking.command_of(request, self), index, request.account_id)

    def take_order_id(self) -> int:
        """For an order of the exchange's own."""
        return next(self._spare_order_ids)

    def _place(
        self, index: int, request: PlaceRequest | LinkedRequest, order_ids: list[int]
    ) -> Outcome | None:
        keys = asking.client_order_keys([request])
        if keys[0] in self.repeated:
            return Repeated(self.repeated[keys[0]])
        if any(key in self.repeated for key in keys) or len(set(keys)) < len(keys):
            return Refused(ErrorCode.CONFLICT, "A client_order_id is used already.")
        command = asking.placing(request, order_ids, self)
        outcome = self.run(command, index, request.account_id, [name for _, name in keys])
        if outcome is None:
            self.repeated |= zip(keys, order_ids, strict=True)
            if isinstance(request, PlaceRequest) and request.new.quote_quantity is not None:
                self.quote_quantities[order_ids[0]] = request.new.quote_quantity
            done = self.carried[-1]
            done.order_ids = order_ids
        return outcome

    def run(
        self, command: commands.Command | Refusal, index: int | None = None, account_id: int = 0,
        client_order_ids: Sequence[str] = (),
    ) -> Outcome | None:  # fmt: skip
        decision: Decision = command if isinstance(command, Refusal) else decide(self.book, command)
        if isinstance(decision, Refusal):
            assert index is not None, f"the exchange's own {command} was refused: {decision}"
            return Refused(decision.code, decision.message, **decision.details)
        assert not isinstance(command, Refusal)
        settled: Any = self.money.settle(decision, self.book)
        short = self.money.refusal(account_id, settled, self.funds) if index is not None else None
        if short is not None:
            return short
        self.funds.add(settled.changes, settled.margins)
        self.money.keep(settled)
        if client_order_ids:
            self.changes.place_all(asking.places_of(command), client_order_ids)
        self._apply(decision)
        if decision or index is not None:
            self.carried.append(Carried(index, account_id, command, decision, settled))
        return None

    def _apply(self, events: list[Event]) -> None:
        for event in events:
            client_order_id = self.changes.record(event, self.book, self.book.sequence + 1)
            self.book.apply(event)
            self.events.append((event, client_order_id))
        self.changes.finish()

    def follow_up(self) -> None:
        """Whatever the last command made necessary, until nothing is."""
        self._break_circuit()
        while (command := self._due()) is not None:
            if isinstance(command, commands.Activate):
                command = exits.sized(command, self)
            self.run(command if self.money.enters_unasked else entering.allowed(command, self))
            self._break_circuit()

    def _due(self) -> commands.System | None:
        for kind, order_id in self.denied:
            if kind is commands.Unlink and order_id in self.book.orders:
                return commands.Unlink(order_id, Reason.MARGIN)
        return follow_up(self.book, self.now_ms)

    def _break_circuit(self) -> None:
        """Halt the market, before anything else happens, if its trades have come too far apart."""
        if self._breaker.has_tripped() and self.book.status == OPEN:
            self.run(commands.SetStatus(HALTED, CIRCUIT_BREAKER))

    # ---- 5 and 6 ----

    def lock_balances(self) -> None:
        covering.lock_balances(self)

    def judge(self) -> None:
        covering.judge(self)

    # ---- 7 ----

    def write(self) -> None:
        """Everything is on its way to the server with the commit behind it; `commit` waits for it."""
        if isinstance(self.money, Perpetual):
            self.money.warned = self.liquidations.open_after(self.money.warned)
        writing.write(self, self._last)

    def commit(self) -> None:
        if not self.events:
            statements.commit(self._last)  # nothing was written: only the lock is given back
        self._last.run()

    def keep(self) -> None:
        """After the commit: the book stays as it is, and the balance rows made on the way exist."""
        self.book.keep()
        self.money.commit()
        self.warm.known_balances |= self.made_balances
        self._breaker.keep()

    def answer(self) -> list[Outcome]:
        """After the commit: the outcome of each request."""
        return answering.outcomes(self)

    def account_ids(self) -> set[int]:
        """After the commit: everybody who is to hear of it."""
        return answering.account_ids(self)

    # ---- amounts ----

    def price(self, ticks: int | None) -> Decimal | None:
        return None if ticks is None else EXACT.multiply(self.market.rules.tick, ticks)

    def lots(self, lots: int) -> Decimal:
        return EXACT.multiply(self.market.rules.lot, lots)

    def maybe_lots(self, lots: int | None) -> Decimal | None:
        return None if lots is None else self.lots(lots)
