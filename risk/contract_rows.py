"""Contracts, limits and positions as rows: the SQL, as statements of a pipeline, and amounts as integers."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from json import loads
from typing import Any, NamedTuple

from common.money import EXACT, FLOORING, to_steps, to_units, units_of_text
from common.pipelined import Answer, Pipeline
from risk.brackets import Brackets
from risk.health import Holding, Terms
from risk.position import FUNDING_SCALE, Position

RATE_DECIMALS = 6

_CONTRACTS = """
    SELECT m.id, m.symbol, m.tick, m.lot, quote.precision, m.taker_fee, c.liquidation_fee,
           coalesce(price.mark, price.index), c.funding_index, c.exposure, c.next_funding_at, clearing.id, funding.id,
           insurance.id,
           (SELECT json_agg(json_build_array(b.floor::text, b.maximum_leverage, b.maintenance_rate::text))::text
            FROM risk_bracket b WHERE b.contract_id = c.market_id)
    FROM risk_contract c
    JOIN market_market m ON m.id = c.market_id
    JOIN market_asset quote ON quote.code = m.quote_id
    JOIN accounts_account clearing ON clearing.name = 'clearing:' || m.symbol
    JOIN accounts_account funding ON funding.name = 'funding:' || m.symbol
    JOIN accounts_account insurance ON insurance.name = 'insurance:' || m.symbol
    LEFT JOIN market_price price ON price.market_id = m.id"""

_LIMITS = "SELECT scope, market_id, maximum FROM risk_exposurelimit"

_TOTAL = "SELECT amount FROM risk_exposuretotal"

_TIERS = """
    SELECT a.id, t.maximum_leverage FROM accounts_account a
    JOIN accounts_user u ON u.id = a.user_id
    JOIN risk_tierlimit t ON t.tier = u.tier WHERE a.id = ANY(%s::bigint[])"""

POSITION_COLUMNS = """
    p.account_id, p.market_id, p.size, p.cost, p.leverage, p.mode, p.isolated_margin, p.requirement,
    p.exposure, p.funding_index, p.realised_profit, p.fees_paid, p.funding_paid, p.watch_price"""

_POSITIONS = f"SELECT {POSITION_COLUMNS} FROM risk_position p"

_ALL = _POSITIONS + " WHERE p.market_id = %s"
_OF_ACCOUNTS = _POSITIONS + " WHERE p.account_id = ANY(%s::bigint[]) AND (p.size <> 0 OR p.exposure <> 0)"
_REFRESHED = _POSITIONS + " WHERE p.market_id = %s AND p.account_id = ANY(%s::bigint[])"

_LIQUIDATIONS = """
    SELECT l.account_id, l.market_id, l.id, l.status, l.steps_taken FROM risk_liquidation l
    WHERE l.account_id = ANY(%s::bigint[]) AND l.status IN ('warned', 'liquidating')"""


class ContractRow(NamedTuple):
    """A contract's numbers; money in units of its quote asset. mark: in ticks, None before there is a price."""

    market_id: int
    symbol: str
    tick: Decimal
    lot: Decimal
    precision: int
    terms: Terms
    mark: int | None
    funding_index: int
    exposure: int
    next_funding_at: datetime | None
    clearing_account_id: int
    funding_account_id: int
    insurance_account_id: int

    def units(self, amount: str) -> int:
        """Of a NUMERIC as the database writes it."""
        return units_of_text(amount, self.precision)

    def holding(self, position: Position) -> Holding:
        assert self.mark is not None, f"{self.symbol} has a position and no price"
        pending = position.pending_funding(self.funding_index)
        return Holding(self.terms, position.size, position.cost, self.mark, pending)


class Limits(NamedTuple):
    """Most exposure in units: of one user over all contracts and here, of all users here and over all contracts."""

    user: int | None
    user_here: int | None
    contract: int | None
    total: int | None


def read_contracts(pipeline: Pipeline) -> Answer:
    return pipeline.add(_CONTRACTS)


def contracts(rows: Iterable[Sequence[Any]]) -> dict[int, ContractRow]:
    return {row[0]: _contract(row) for row in rows}


def _contract(row: Sequence[Any]) -> ContractRow:
    (
        market_id,
        symbol,
        tick,
        lot,
        precision,
        taker_fee,
        liquidation_fee,
        mark,
        index,
        exposure,
        *rest,
        brackets,
    ) = row
    terms = _terms(market_id, tick, lot, precision, taker_fee, liquidation_fee, brackets)
    ticks = None if mark is None else max(1, int(FLOORING.divide_int(mark, tick)))
    return ContractRow(
        market_id, symbol, tick, lot, precision, terms, ticks, int(index), to_units(exposure, precision), *rest
    )  # fmt: skip


@lru_cache(maxsize=256)
def _terms(
    market_id: int, tick: Decimal, lot: Decimal, precision: int, taker_fee: Decimal, liquidation_fee: Decimal,
    brackets: str,
) -> Terms:  # fmt: skip
    rows = [
        (to_units(Decimal(floor), precision), most, to_units(Decimal(rate), RATE_DECIMALS))
        for floor, most, rate in loads(brackets)
    ]
    step = to_units(EXACT.multiply(tick, lot), precision)
    fees = to_units(taker_fee, RATE_DECIMALS), to_units(liquidation_fee, RATE_DECIMALS)
    return Terms(market_id, step, Brackets(rows), *fees)


def read_limits(pipeline: Pipeline) -> Answer:
    """Rows (scope, market_id, maximum)."""
    return pipeline.add(_LIMITS)


def limits(rows: Iterable[Sequence[Any]], contract: ContractRow) -> Limits:
    found = {(scope, market_id): to_units(maximum, contract.precision) for scope, market_id, maximum in rows}
    here = contract.market_id
    return Limits(
        found.get(("user", None)), found.get(("user", here)), found.get(("contract", here)),
        found.get(("total", None)),
    )  # fmt: skip


def read_total(pipeline: Pipeline, lock: bool = False) -> Answer:
    """One row: the exposure of everybody in all contracts. Its lock is the last that a batch takes."""
    return pipeline.add(_TOTAL + " FOR NO KEY UPDATE" if lock else _TOTAL)


def read_tiers(pipeline: Pipeline, account_ids: Sequence[int]) -> Answer:
    """Rows (account_id, most leverage of its owner's tier)."""
    return pipeline.add(_TIERS, list(account_ids))


def read_positions_of(pipeline: Pipeline, account_ids: Sequence[int]) -> Answer:
    """Rows of all positions of these accounts, in every contract."""
    return pipeline.add(_OF_ACCOUNTS, list(account_ids))


def read_all_positions(pipeline: Pipeline, market_id: int) -> Answer:
    return pipeline.add(_ALL, market_id)


def read_again(pipeline: Pipeline, market_id: int, account_ids: Sequence[int]) -> Answer:
    return pipeline.add(_REFRESHED, market_id, list(account_ids))


def read_liquidations(pipeline: Pipeline, account_ids: Sequence[int]) -> Answer:
    """Rows (account_id, market_id or None, id, status, steps taken) of those that are not over."""
    return pipeline.add(_LIQUIDATIONS, list(account_ids))


def units(amount: Decimal, contract: ContractRow) -> int:
    return to_units(amount, contract.precision)


def position_of(row: Sequence[Any], contract: ContractRow) -> Position:
    precision = contract.precision
    size, cost, leverage, mode, own, requirement, exposure, index, realised, fees, funding, watch = row[2:14]
    return Position(
        leverage, mode == "isolated", to_steps(size, contract.lot), to_units(cost, precision),
        to_units(own, precision), to_units(requirement, precision), to_units(exposure, precision), int(index),
        to_units(realised, precision), to_units(fees, precision), to_units(funding, precision),
        None if watch is None else to_steps(watch, contract.tick),
    )  # fmt: skip


# ---- writing ----

_SET_POSITIONS = """
    INSERT INTO risk_position (market_id, updated_at, account_id, size, cost, mode, leverage, isolated_margin,
        requirement, exposure, funding_index, realised_profit, fees_paid, funding_paid, watch_price)
    SELECT %s::bigint, %s::timestamptz, v.*
    FROM unnest(%s::bigint[], %s::numeric[], %s::numeric[], %s::text[], %s::smallint[], %s::numeric[],
        %s::numeric[], %s::numeric[], %s::numeric[], %s::numeric[], %s::numeric[], %s::numeric[], %s::numeric[])
        AS v(account_id, size, cost, mode, leverage, isolated_margin, requirement, exposure, funding_index,
             realised_profit, fees_paid, funding_paid, watch_price)
    ON CONFLICT (account_id, market_id) DO UPDATE SET
        size = excluded.size, cost = excluded.cost, mode = excluded.mode, leverage = excluded.leverage,
        isolated_margin = excluded.isolated_margin, requirement = excluded.requirement,
        exposure = excluded.exposure, funding_index = excluded.funding_index,
        realised_profit = excluded.realised_profit, fees_paid = excluded.fees_paid,
        funding_paid = excluded.funding_paid, watch_price = excluded.watch_price, updated_at = excluded.updated_at"""

_SET_WATCHES = """
    UPDATE risk_position p SET watch_price = v.watch
    FROM unnest(%s::bigint[], %s::bigint[], %s::numeric[]) AS v(account_id, market_id, watch)
    WHERE p.account_id = v.account_id AND p.market_id = v.market_id"""

_SET_CONTRACT = "UPDATE risk_contract SET funding_index = %s, exposure = %s WHERE market_id = %s"

_ADD_FUNDING = """
    WITH paid AS (
        INSERT INTO risk_fundingpayment (contract_id, due_at, rate, mark_price, premium, samples, funding_index,
            created_at)
        VALUES (%s::bigint, %s::timestamptz, %s::numeric, %s::numeric, %s::numeric, %s::int, %s::numeric,
            %s::timestamptz)
        RETURNING contract_id, rate
    )
    UPDATE risk_contract c SET last_funding_rate = paid.rate, next_funding_at = %s::timestamptz
    FROM paid WHERE c.market_id = paid.contract_id"""

_ADD_TO_TOTAL = "UPDATE risk_exposuretotal SET amount = amount + %s::numeric"


def set_positions(pipeline: Pipeline, market_id: int, now: Any, rows: Sequence[Sequence[Any]]) -> None:
    """Rows in the order of the statement, from account_id on; amounts as text."""
    pipeline.add(_SET_POSITIONS, market_id, now, *(list(column) for column in zip(*rows, strict=True)))


def position_row(account_id: int, position: Position, contract: ContractRow) -> tuple[Any, ...]:
    """The columns of `set_positions`."""
    money = f"e-{contract.precision}"
    watch = None if position.watch is None else EXACT.multiply(contract.tick, position.watch)
    return (
        account_id, EXACT.multiply(contract.lot, position.size), f"{position.cost}{money}",
        "isolated" if position.is_isolated else "cross", position.leverage, f"{position.isolated_margin}{money}",
        f"{position.requirement}{money}", f"{position.exposure}{money}", str(position.funding_index),
        f"{position.realised}{money}", f"{position.fees}{money}", f"{position.funding}{money}", watch,
    )  # fmt: skip


def set_watches(pipeline: Pipeline, rows: Sequence[tuple[int, int, Decimal]]) -> None:
    """(account_id, market_id, watch price) of positions in other contracts, under their accounts' balance locks."""
    pipeline.add(_SET_WATCHES, *(list(column) for column in zip(*rows, strict=True)))


def set_contract(pipeline: Pipeline, contract: ContractRow, funding_index: int, exposure: int) -> None:
    pipeline.add(_SET_CONTRACT, funding_index, f"{exposure}e-{contract.precision}", contract.market_id)


class Funding(NamedTuple):
    """A funding as it is put on record. rate and premium: shares of the notional and of the index."""

    due_at: datetime
    rate: Decimal
    premium: Decimal
    samples: int
    next_due_at: datetime


def add_funding(
    pipeline: Pipeline, contract: ContractRow, funding: Funding, funding_index: int, now: datetime
) -> None:
    """A funding on record, and when the next one is due."""
    assert contract.mark is not None
    mark = EXACT.multiply(contract.tick, contract.mark)
    pipeline.add(
        _ADD_FUNDING, contract.market_id, funding.due_at, funding.rate, mark, funding.premium, funding.samples,
        funding_index, now, funding.next_due_at,
    )  # fmt: skip


def add_to_total(pipeline: Pipeline, amount: int, precision: int) -> None:
    pipeline.add(_ADD_TO_TOTAL, f"{amount}e-{precision}")


assert FUNDING_SCALE == 10**8, "the columns count in 10^-8 units"
