"""Liquidations on record: what is going on is read with the batch, what was done is written with it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from json import dumps
from typing import Any

from common.pipelined import Answer, Pipeline
from risk import contract_rows
from risk.health import Health, Holding
from trading.matching_service.requests import LiquidateRequest, Request
from trading.perpetual_settlement import PerpetualFill

Keys = set[tuple[int, int | None]]  # account and market; no market: all that is cross

_IDS = "SELECT nextval('risk_liquidation_id_seq') FROM generate_series(1, %s::int)"

_INSURANCE = """
    SELECT b.account_id, b.asset, b.available::text, b.held::text, b.margin::text, b.shortage::text
    FROM accounts_balance b JOIN accounts_account a ON a.id = b.account_id
    WHERE a.name = 'insurance:' || %s::text"""

_SET = """
    INSERT INTO risk_liquidation (id, account_id, market_id, status, equity, maintenance_margin, steps_taken,
        started_at, ended_at)
    SELECT v.* FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[], %s::text[], %s::numeric[], %s::numeric[],
        %s::int[], %s::timestamptz[], %s::timestamptz[]) AS v
    ON CONFLICT (id) DO UPDATE SET status = excluded.status, steps_taken = excluded.steps_taken,
        ended_at = excluded.ended_at"""

_ADD_STEPS = """
    INSERT INTO risk_liquidationstep (market_id, created_at, liquidation_id, number, kind, sequence, order_id,
        mark_price, bankruptcy_price, quantity, notional, to_insurance, equity, maintenance_margin, details)
    SELECT %s::bigint, %s::timestamptz, v.liquidation_id, v.number, v.kind, v.sequence, v.order_id, v.mark_price,
           v.bankruptcy_price, v.quantity, v.notional, v.to_insurance, v.equity, v.maintenance_margin,
           v.details::jsonb
    FROM unnest(%s::bigint[], %s::int[], %s::text[], %s::bigint[], %s::bigint[], %s::numeric[], %s::numeric[],
        %s::numeric[], %s::numeric[], %s::numeric[], %s::numeric[], %s::numeric[], %s::text[])
        AS v(liquidation_id, number, kind, sequence, order_id, mark_price, bankruptcy_price, quantity, notional,
             to_insurance, equity, maintenance_margin, details)"""


class Step:
    """One thing that was done. Prices in ticks, quantity in lots, money in units; health: before it.
    to_insurance: negative if the fund paid."""

    def __init__(
        self, kind: str, health: Health, mark: int | None, price: int | None = None, lots: int = 0,
        notional: int = 0, to_insurance: int = 0, fills: Sequence[PerpetualFill] = (),
    ) -> None:  # fmt: skip
        self.kind = kind
        self.equity, self.maintenance = health.equity, health.maintenance
        self.mark, self.price, self.lots, self.notional = mark, price, lots, notional
        self.to_insurance = to_insurance
        self.order_id = fills[0].event.taker_order_id if fills else None
        self.number = 0
        self.sequence = 0


@dataclass(slots=True)
class Case:
    """A liquidation that goes on, or may begin. status None: there is none. is_new: it has no row yet."""

    account_id: int
    market_id: int | None
    id: int
    status: str | None = None
    steps_taken: int = 0
    is_new: bool = True
    equity: int = 0
    maintenance: int = 0
    steps: list[Step] = field(default_factory=list)

    @property
    def is_open(self) -> bool:
        return self.status in ("warned", "liquidating")

    def begin(self, health: Health, status: str) -> None:
        """From the warning to the liquidation too."""
        if self.status is None:
            self.equity, self.maintenance = health.equity, health.maintenance
        self.status = status

    def client_order_id(self, order_id: int) -> str:
        return f"liquidation-{self.id}-{order_id}"

    def add(self, step: Step) -> dict[str, Any]:
        """What the log tells of the step."""
        self.steps_taken += 1
        step.number = self.steps_taken
        self.steps.append(step)
        return {
            "liquidation": self.id, "number": step.number, "step": step.kind, "equity": step.equity,
            "maintenance_margin": step.maintenance, "quantity": step.lots, "to_insurance": step.to_insurance,
        }  # fmt: skip


class Liquidations:
    """Asks in the pipeline of step 1, if a request is about liquidation."""

    def __init__(self, pipeline: Pipeline, symbol: str, requests: Iterable[Request]) -> None:
        accounts = sorted({each.account_id for each in requests if isinstance(each, LiquidateRequest)})
        self.count = len(accounts)
        self._open = contract_rows.read_liquidations(pipeline, accounts) if accounts else Answer()
        self._ids = pipeline.add(_IDS, self.count) if accounts else Answer()
        self._insurance = pipeline.add(_INSURANCE, symbol) if accounts else Answer()
        self._cases: dict[tuple[int, int | None], Case] | None = None

    @property
    def insurance_rows(self) -> list[tuple[Any, ...]]:
        return self._insurance.rows

    @property
    def insurance_keys(self) -> set[tuple[int, str]]:
        """A balance to lock: what a look decides rests on what the fund has."""
        return {(row[0], row[1]) for row in self._insurance.rows}

    def case(self, account_id: int, market_id: int | None) -> Case:
        if self._cases is None:
            self._fresh_ids = iter([row[0] for row in self._ids.rows])
            self._cases = {
                (row[0], row[1]): Case(row[0], row[1], row[2], row[3], row[4], is_new=False)
                for row in self._open.rows
            }
        found = self._cases.get((account_id, market_id))
        if found is None or not (found.is_open or found.is_new):
            found = self._cases[account_id, market_id] = Case(account_id, market_id, next(self._fresh_ids))
        return found

    def open_after(self, known: Keys) -> Keys:
        """Of those that were open before this batch, and those that it began, which go on."""
        cases = (self._cases or {}).items()
        ended = {key for key, case in cases if not case.is_open}
        return (known - ended) | {key for key, case in cases if case.is_open}

    def steps_taken(self) -> list[str]:
        """The kind of each."""
        return [step.kind for case in (self._cases or {}).values() for step in case.steps]

    def write(self, pipeline: Pipeline, market_id: int, now: datetime, scales: "Scales") -> None:
        cases = [case for case in (self._cases or {}).values() if case.steps]
        if not cases:
            return
        pipeline.add(_SET, *map(list, zip(*[_row(case, now, scales) for case in cases], strict=True)))
        steps = [_step_row(case, step, scales) for case in cases for step in case.steps]
        pipeline.add(_ADD_STEPS, market_id, now, *map(list, zip(*steps, strict=True)))


@dataclass(frozen=True, slots=True)
class Scales:
    """How ticks, lots and units become text for the database."""

    ticks: Any
    lots: Any
    money: Any


def _row(case: Case, now: datetime, scales: Scales) -> tuple[Any, ...]:
    return (
        case.id, case.account_id, case.market_id, case.status, scales.money(case.equity),
        scales.money(case.maintenance), case.steps_taken, now, None if case.is_open else now,
    )  # fmt: skip


def _step_row(case: Case, step: Step, scales: Scales) -> tuple[Any, ...]:
    money = scales.money
    return (
        case.id, step.number, step.kind, step.sequence, step.order_id, scales.ticks(step.mark),
        scales.ticks(step.price), scales.lots(step.lots), money(step.notional), money(step.to_insurance),
        money(step.equity), money(step.maintenance), dumps({}),
    )  # fmt: skip


def marked(own: Holding | None) -> int | None:
    return None if own is None else own.mark


def lots_of(fills: Sequence[PerpetualFill]) -> int:
    return sum(fill.event.quantity for fill in fills)
