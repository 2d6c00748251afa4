"""The money of a spot batch on its way through the seven steps.

`trading/matching_service/perpetual.py` does the same for a perpetual; the batch does not know which of the two it has.
"""

from collections.abc import Collection, Iterable
from functools import partial
from typing import Any

from common.errors import Refused
from common.pipelined import Pipeline
from risk import contract_rows
from risk.cross_margin import CrossMargin, Others
from risk.health import Health
from trading import settlement
from trading.matching.book import Book
from trading.matching.events import Event, Traded, Uncrossed
from trading.matching.terms import BUY
from trading.matching_service.funds import Funds
from trading.matching_service.market_row import MarketRow
from trading.perpetual_settlement import Move
from trading.settlement import Fill, Settlement


class SpotMoney:
    """What orders reserve and trades cost. Of accounts with perpetual positions it knows what those need."""

    own_accounts: Collection[int] = frozenset()  # accounts of the exchange that may owe
    moves: Collection[Any] = ()
    enters_unasked = True  # what a trigger fires was reserved when it was placed

    def __init__(self, connection: Any) -> None:
        self._connection = connection
        self._cross: CrossMargin | None = None
        self.others: Others = {}
        self.locked_others: Others = {}

    # 1
    def read(self, market: MarketRow, funds: Funds) -> None:
        self.terms = market.terms
        self.others = self._look_at(funds)

    def cross_health(self, account_id: int, cash: int) -> Health:
        """How an account's perpetual positions stand."""
        return Health(cash, []) if self._cross is None else self._cross.health(account_id, cash)

    # 3 and 4
    def settle(self, events: Iterable[Event], book: Book) -> Settlement:
        return settlement.settle(self.terms, events)

    def refusal(self, account_id: int, settled: Settlement, funds: Funds) -> Refused | None:
        return funds.refusal(account_id, settled.changes)

    def keep(self, settled: Settlement) -> None:
        """Nothing but balances has changed."""

    # 5
    def further_keys(self, keys: Collection[tuple[int, str]]) -> set[tuple[int, str]]:
        """Balances to lock beside those that change."""
        return set()

    def lock(self, pipeline: Pipeline, account_ids: Iterable[int]) -> None:
        """The balances are all that is locked."""

    def after_lock(self, locked: Funds) -> None:
        self.locked_others = self._look_at(locked)

    def _look_at(self, funds: Funds) -> Others:
        with_margin = funds.with_margin()
        if not with_margin:
            return {}
        self._cross = CrossMargin(self._connection, with_margin)
        quote = self.terms.quote
        funds.losses |= {(account_id, quote): loss for account_id, loss in self._cross.losses().items()}
        return self._cross.others

    # 6
    def still_refused(self, account_id: int, settled: Settlement, locked: Funds) -> Refused | None:
        return locked.refusal(account_id, settled.changes)

    def was_judged(self, settled: Settlement) -> None:
        """Nothing but balances has changed."""

    def cover(self, locked: Funds) -> list[Move]:
        """Nobody can lose more than they have."""
        return []

    # 7
    def write(self, pipeline: Pipeline, now: Any, locked: Funds) -> None:
        if self._cross is not None:
            watches = self._cross.watches(partial(locked.cash, self.terms.quote))
            if watches:
                contract_rows.set_watches(pipeline, watches)

    def entries(self, fill: Fill) -> list[tuple[int, str, int]]:
        return settlement.entries(self.terms, fill)

    def fee_assets(self, trade: Traded | Uncrossed) -> tuple[str, str]:
        """What the taker and the maker pay their fees in: what they receive."""
        base, quote = self.terms.base, self.terms.quote
        return (base, quote) if trade.taker_side == BUY else (quote, base)

    def commit(self) -> None:
        """Nothing is kept in memory beside the book."""
