"""A batch of a perpetual: positions, margin and exposure on their way through the seven steps."""

from collections.abc import Iterable, Sequence
from typing import Any

from common.errors import ErrorCode, Refused
from common.pipelined import Answer, Pipeline
from risk import contract_rows
from risk.cross_margin import Elsewhere, Others, cross_holdings, elsewhere
from risk.health import Health, Holding
from risk.position import Position
from risk.requirement import OpenOrders
from trading import perpetual_settlement
from trading.matching.book import Book
from trading.matching.events import Event, Traded, Uncrossed
from trading.matching_service import exposures, position_writing
from trading.matching_service.funds import Funds
from trading.matching_service.market_row import MarketRow
from trading.matching_service.open_loss import lost_at
from trading.matching_service.positions import Layered, WarmPositions
from trading.perpetual_settlement import (
    Move,
    PerpetualFill,
    PerpetualSettlement,
    PerpetualTerms,
    Standing,
    settle_perpetual,
)  # fmt: skip

FIRST_LEVERAGE = 5


class Perpetual:
    """Asks in the pipeline of step 1; `read` once it has run."""

    enters_unasked = False  # an order that waits for its trigger reserves nothing

    def __init__(self, pipeline: Pipeline, symbol: str, account_ids: Sequence[int]) -> None:
        self.symbol = symbol
        self._contracts = contract_rows.read_contracts(pipeline)
        self._limits = contract_rows.read_limits(pipeline)
        self._total = contract_rows.read_total(pipeline)
        self._tiers = contract_rows.read_tiers(pipeline, account_ids)
        self._positions = contract_rows.read_positions_of(pipeline, account_ids)
        self._locked_positions = Answer()
        self._locked_total: Answer | None = None
        self.funding: contract_rows.Funding | None = None  # that this batch carries out

    def read(self, market: MarketRow, funds: Funds) -> None:
        self.contracts = contract_rows.contracts(self._contracts.rows)
        self.contract = next(each for each in self.contracts.values() if each.symbol == self.symbol)
        self.limits = contract_rows.limits(self._limits.rows, self.contract)
        self.tiers: dict[int, int] = dict(self._tiers.rows)
        self.others = elsewhere(self._positions.rows, self.contracts, self.contract.market_id)
        self.total = contract_rows.units(self._total.rows[0][0], self.contract) if self._total.rows else 0
        self.funding_index, self.exposure = self.contract.funding_index, self.contract.exposure
        terms, contract = market.terms, self.contract
        self.terms = PerpetualTerms(
            terms.quote, terms.quote_per_step, terms.maker_fee, terms.taker_fee, terms.fee_account_id,
            contract.clearing_account_id, contract.funding_account_id, contract.insurance_account_id,
        )  # fmt: skip
        self.own_accounts = frozenset(self.terms[4:])

    def use(self, warm: WarmPositions) -> None:
        self.warm = warm
        self.positions: dict[int, Position] = {}  # touched by this batch
        self.orders: dict[int, OpenOrders] = {}

    # ---- 3 and 4: match and settle ----

    def position(self, account_id: int) -> Position:
        """As it stands after what the batch has done so far; not to be changed."""
        found = self.positions.get(account_id) or self.warm.positions.get(account_id)
        return self._opened(account_id) if found is None else found

    def settle(self, events: Iterable[Event], book: Book) -> PerpetualSettlement:
        standing = Standing(Layered(self.positions, self.warm.positions),
                            Layered(self.orders, self.warm.orders), self._opened, self.funding_index)  # fmt: skip
        return settle_perpetual(self.terms, events, book, standing)

    def keep(self, settled: PerpetualSettlement) -> None:
        """A command was carried out."""
        self.exposure += self._more_exposure(settled)
        self.positions |= settled.positions
        self.orders |= settled.orders
        self.funding_index = settled.funding_index

    def refusal(self, account_id: int, settled: PerpetualSettlement, funds: Funds) -> Refused | None:
        """Why the account may not do this, judged by balances that may have changed since they were read."""
        return self._judge(account_id, settled, funds, self.position(account_id), self.others, self.total)

    def _opened(self, account_id: int) -> Position:
        leverage = min(FIRST_LEVERAGE, self.tiers.get(account_id, FIRST_LEVERAGE))
        return Position(leverage, funding_index=self.funding_index)

    def _more_exposure(self, settled: PerpetualSettlement) -> int:
        return sum(
            after.exposure - self.position(account_id).exposure
            for account_id, after in settled.positions.items()
        )

    # ---- may it happen? ----

    def _judge(
        self, account_id: int, settled: PerpetualSettlement, funds: Funds, before: Position, others: Others,
        total: int,
    ) -> Refused | None:  # fmt: skip
        after = settled.positions.get(account_id)
        if after is None:
            return None
        if after.exposure > before.exposure:
            standing = exposures.Standing(
                before.exposure, after.exposure, self.exposure, self.contract.exposure, total,
                sum(each.position.exposure for each in others.get(account_id, ())),
            )  # fmt: skip
            refused = exposures.beyond_limits(self.contract, self.limits, standing)
            if refused is None:
                refused = self.too_much_leverage(account_id, after.leverage, after.exposure)
            if refused is not None:
                return refused
        if self._strips(before, after):
            text = "The position would not have the margin that it must keep."
            return Refused(ErrorCode.INSUFFICIENT_MARGIN, text)
        if self._leaves_a_ruin(account_id, after, settled, funds, others):
            text = "What is left at this price would have to be liquidated at once."
            return Refused(ErrorCode.INSUFFICIENT_MARGIN, text)
        return self._beyond_margin(account_id, before, after, settled, funds, others)

    def _leaves_a_ruin(
        self, account_id: int, after: Position, settled: PerpetualSettlement, funds: Funds, others: Others
    ) -> bool:
        """Trades worse than the mark price that leave a position, smaller or on the other side, without margin:
        somebody else would have to pay for it."""
        mark = self.contract.mark
        if mark is None or lost_at(mark, account_id, settled.fills) <= 0:
            return False
        cash = funds.cash(self.terms.quote, account_id) + settled.changes[account_id, self.terms.quote][0]
        cash += settled.margins.get(account_id, 0)
        return self.health(after, others.get(account_id, ()), cash)[0].must_liquidate

    def _strips(self, before: Position, after: Position) -> bool:
        """Takes so much margin from an isolated position, or opens it so badly, that it is to be warned of."""
        if not after.is_isolated or not after.size:
            return False
        opens = abs(after.size) > abs(before.size) or (after.size > 0) != (before.size > 0)
        takes = after.size == before.size and after.isolated_margin < before.isolated_margin
        health = Health(after.isolated_margin, [self.own_holding(after)])
        return (opens or takes) and health.is_warning

    def too_much_leverage(self, account_id: int, leverage: int, exposure: int) -> Refused | None:
        return exposures.too_much_leverage(self.contract, self.tiers.get(account_id), leverage, exposure)

    def _beyond_margin(
        self, account_id: int, before: Position, after: Position, settled: PerpetualSettlement, funds: Funds,
        others: Others,
    ) -> Refused | None:  # fmt: skip
        """What requires more margin must leave some after unrealised losses; all else must not cost more than
        there is. Unrealised profits count only against losses."""
        key = account_id, self.terms.quote
        more_free, more_firm = settled.changes[key]
        more_margin = settled.margins.get(account_id, 0)
        free, _, margin = funds.parts(key)
        opens = abs(after.size) > abs(before.size)  # which may free margin, if it hedges an order less
        if opens or more_margin + more_firm > 0:
            left = free + more_free + min(0, self.unrealised(account_id, after, others))
            if left >= 0 or (more_free >= 0 and not opens):
                return None
            required, has = max(0, -more_free), left - more_free
        elif more_free + more_margin >= 0 or free + more_free + margin + more_margin >= 0:
            return None
        else:
            required, has = -more_free - more_margin, free + margin
        return Refused(
            ErrorCode.INSUFFICIENT_MARGIN, asset=self.terms.quote, required=self.shown(required),
            available=self.shown(max(0, has)),
        )  # fmt: skip

    def unrealised(self, account_id: int, own: Position, others: Others) -> int:
        holdings = cross_holdings(others.get(account_id, ()))
        if own.size and not own.is_isolated and self.contract.mark is not None:
            holdings.append(self.own_holding(own))
        return sum(each.unrealised for each in holdings)

    def can_pay_funding(self, account_id: int, funds: Funds) -> bool:
        """From what the account can lose; of an isolated position from its margin."""
        position = self.position(account_id)
        owed = position.pending_funding(self.funding_index)
        if position.is_isolated:
            return owed <= position.isolated_margin
        return owed <= max(0, funds.cash(self.terms.quote, account_id))

    def own_holding(self, position: Position) -> Holding:
        return self.contract._replace(funding_index=self.funding_index).holding(position)

    def health(
        self, position: Position, others: Sequence[Elsewhere], cash: int
    ) -> tuple[Health, Holding | None]:
        """Of the position alone if it is isolated, else of all that is cross; and the position as it is judged."""
        own = self.own_holding(position) if position.size else None
        if position.is_isolated and own is not None:
            return Health(position.isolated_margin, [own]), own
        holdings = cross_holdings(others)
        return Health(cash, holdings if own is None else [*holdings, own]), own

    def shown(self, units: int) -> str:
        return exposures.shown(units, self.contract)

    # ---- 5: lock ----

    def further_keys(self, keys: Iterable[tuple[int, str]]) -> set[tuple[int, str]]:
        """The insurance fund's balance, for somebody may lose more than they have, by a trade or by funding."""
        return {(self.terms.insurance_account_id, self.terms.quote)} if self.positions else set()

    def lock(self, pipeline: Pipeline, account_ids: Iterable[int]) -> None:
        """After the balances: their locks keep the accounts' other positions as they are."""
        users = sorted(set(account_ids) - self.own_accounts)
        self._locked_positions = contract_rows.read_positions_of(pipeline, users)
        self._liquidations = contract_rows.read_liquidations(pipeline, users)
        if self.exposure != self.contract.exposure:
            self._locked_total = contract_rows.read_total(pipeline, lock=True)

    def after_lock(self, locked: Funds) -> None:
        here = self.contract.market_id
        self.locked_others = elsewhere(self._locked_positions.rows, self.contracts, here)
        if self._locked_total is not None:
            self.total = contract_rows.units(self._locked_total.rows[0][0], self.contract)
        self.warned = {(row[0], row[1]) for row in self._liquidations.rows}
        self._judged: dict[int, Position] = {}
        self._judged_exposure = self.contract.exposure

    # ---- 6: judge ----

    def still_refused(self, account_id: int, settled: PerpetualSettlement, locked: Funds) -> Refused | None:
        """The same judgement in the same order, by what the locked rows hold."""
        before = self._judged.get(account_id) or self.warm.positions.get(account_id)
        before, (now, self.exposure) = (
            before or self._opened(account_id),
            (self.exposure, self._judged_exposure),
        )
        try:
            return self._judge(account_id, settled, locked, before, self.locked_others, self.total)
        finally:
            self.exposure = now

    def was_judged(self, settled: PerpetualSettlement) -> None:
        for account_id, after in settled.positions.items():
            before = self._judged.get(account_id) or self.warm.positions.get(account_id)
            self._judged_exposure += after.exposure - (before.exposure if before else 0)
        self._judged |= settled.positions

    def cover(self, locked: Funds) -> list[Move]:
        """What accounts lost beyond what they had is paid by the insurance fund, which may owe for it.

        It happens to makers whose orders fill after the price has run away and before they could be liquidated.
        """
        covers, insurance = [], (self.terms.insurance_account_id, self.terms.quote)
        for account_id in self.positions:
            key = account_id, self.terms.quote
            free, _, margin = locked.parts(key)
            if free + margin < 0:
                shortfall = -free - margin
                locked.add({key: [shortfall, 0], insurance: [-shortfall, 0]})
                covers.append(
                    Move(perpetual_settlement.INSURED, [(*key, shortfall), (*insurance, -shortfall)])
                )
        return covers

    # ---- 7: write ----

    def entries(self, fill: PerpetualFill) -> list[tuple[int, str, int]]:
        return perpetual_settlement.entries(self.terms, fill)

    def fee_assets(self, trade: Traded | Uncrossed) -> tuple[str, str]:
        return self.terms.quote, self.terms.quote

    def write(self, pipeline: Pipeline, now: Any, locked: Funds) -> None:
        position_writing.write(self, pipeline, now, locked)

    # ---- after the commit ----

    def commit(self) -> None:
        self.warm.positions |= self.positions
        self.warm.orders |= self.orders
