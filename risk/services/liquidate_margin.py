"""The steps of a margin account's liquidation that move its money or its state, each one transaction.

Each is judged again under the account's lock and writes its row in the same transaction, numbered without a gap: so
a step that somebody else took meanwhile, or that was taken before a crash, is not taken again. What trades on the
book is in trading.services.liquidate_margin.
"""

from collections.abc import Callable, Iterable
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple

from django.db import transaction

from accounts.ledger import Entry
from accounts.models import Account, LedgerTransaction
from accounts.services import post_transaction
from accounts.services.ledger import Key
from common import clock
from common.money import format_decimal
from risk.meters import LIQUIDATION_EVENTS
from risk.models import Liquidation, LiquidationStep
from risk.selectors.lending import lending_terms
from risk.selectors.margin_account import open_liquidation
from risk.services.fund_lending import insurance_account
from risk.services.margin_lock import Locked, Pool, lock_margin, pool_of
from risk.services.repay import charged_loan, settle
from risk.spot_liquidation import is_restored
from risk.spot_margin import ZERO, Health, Standing, round_down, round_up


class Outcome(NamedTuple):
    """What a step did: its kind, and what its row says beyond that."""

    kind: str
    values: dict[str, Any] = {}


Kind = LiquidationStep.Kind
Status = Liquidation.Status


class Sold(NamedTuple):
    """What an order of a liquidation came to. price: the index; received: how much of `asset`, its fee taken off."""

    order_id: int
    market_id: int
    price: Decimal | None
    quantity: Decimal
    notional: Decimal
    asset: str
    received: Decimal
    fee_rate: Decimal


class Held(NamedTuple):
    """A liquidation under its locks."""

    locked: Locked
    row: Liquidation
    pools: dict[str, Pool]
    insurance_id: int
    now: datetime

    @property
    def account_id(self) -> int:
        return self.locked.account.pk

    @property
    def standing(self) -> Standing:
        return self.locked.margin.standing


def warn(account: Account) -> bool:
    """Open a liquidation, if the account is below the warning and none is open."""
    now = clock.now()
    with transaction.atomic():
        locked = lock_margin(account, (), now)
        stands = locked.margin.standing
        if stands.unpriced or stands.health is Health.HEALTHY or open_liquidation(account.pk):
            return False
        row = Liquidation.objects.create(
            account=account,
            equity=stands.equity,
            maintenance_margin=stands.maintenance_margin,
            started_at=now,
        )
        note(row, Outcome(Kind.WARNED), stands, now)
        return True


def begin(account: Account, number: int) -> bool:
    """From a warning to the liquidation itself: from now on the account places no orders and nothing leaves it."""

    def act(held: Held) -> bool:
        stands = held.standing
        if held.row.status != Status.WARNED or stands.health is not Health.LIQUIDATION or stands.unpriced:
            return False
        held.row.status = Status.LIQUIDATING
        held.row.save(update_fields=["status"])
        return True

    return under_lock(account, number, act)


def note_cancelled(account: Account, number: int, order_ids: Iterable[int]) -> bool:
    ids = [str(order_id) for order_id in order_ids]
    return step(account, number, lambda held: Outcome(Kind.ORDERS_CANCELLED, {"details": {"orders": ids}}))


def end(account: Account, number: int) -> bool:
    """Closed if nothing is owed any more, recovered if the account is well above its maintenance margin again; or,
    as long as it was only warned, above the warning."""

    def act(held: Held) -> Outcome | None:
        if not held.locked.margin.loans:
            return Outcome(Kind.CLOSED)
        warned = held.row.status == Status.WARNED
        healthy = held.standing.health is Health.HEALTHY if warned else is_restored(held.standing)
        return Outcome(Kind.RECOVERED) if healthy and not held.standing.unpriced else None

    return step(account, number, act)


def repay_from_balance(account: Account, number: int) -> bool:
    """Pay back what is owed with what is available of the same assets."""

    def act(held: Held) -> Outcome | None:
        paid = {}
        for asset in sorted(held.locked.margin.loans):
            loan = charged_loan(held.locked, held.pools[asset], asset, held.now)
            assert loan is not None
            amount = min(loan.debt, held.locked.available(held.account_id, asset))
            if amount:
                settle(held.locked, held.pools[asset], loan, amount, held.now)
                paid[asset] = format_decimal(amount)
            else:
                loan.save()
        return Outcome(Kind.REPAID, {"details": {"paid": paid}}) if paid else None

    return step(account, number, act)


def note_sold(account: Account, number: int, sold: Sold) -> bool:
    """What an order came to; a part of it goes to the insurance fund as long as the account is worth anything."""

    def act(held: Held) -> Outcome:
        fee = _fee(held, sold)
        if fee:
            entries = [
                Entry(held.account_id, sold.asset, -fee),
                Entry(held.insurance_id, sold.asset, fee),
            ]
            post_transaction(LedgerTransaction.Kind.LIQUIDATION, entries, reference=str(held.row))
        values = {
            "order_id": sold.order_id, "market_id": sold.market_id, "mark_price": sold.price,
            "quantity": sold.quantity, "notional": sold.notional, "to_insurance": fee,
            "details": {"fee_asset": sold.asset},
        }  # fmt: skip
        return Outcome(Kind.REDUCED, values)

    return step(account, number, act)


def _fee(held: Held, sold: Sold) -> Decimal:
    stands, terms = held.standing, held.locked.margin.terms[sold.asset]
    surplus = stands.assets - stands.debt
    if surplus <= 0 or not terms.price or stands.unpriced:
        return ZERO
    fee = round_up(sold.received * sold.fee_rate, terms.precision)
    most = round_down(surplus / terms.price, terms.precision)
    return max(ZERO, min(fee, most, held.locked.available(held.account_id, sold.asset)))


# ---- the frame of every step ----


def under_lock(account: Account, number: int, act: Callable[[Held], bool]) -> bool:
    """Act on the open liquidation if its next step still has this number; whether something was done."""
    now = clock.now()
    insurance_id = insurance_account().pk
    pools = {asset: pool_of(asset) for asset in lending_terms(now)}
    keys: list[Key] = [key for asset, pool in pools.items() for key in pool.keys(asset)]
    with transaction.atomic():
        locked = lock_margin(account, [*keys, *((insurance_id, asset) for asset in pools)], now)
        rows = Liquidation.objects.select_for_update(no_key=True)
        row = rows.filter(account=account, market=None, status__in=Liquidation.OPEN).first()
        if row is None or row.steps_taken + 1 != number:
            return False
        return act(Held(locked, row, pools, insurance_id, now))


def step(account: Account, number: int, act: Callable[[Held], Outcome | None]) -> bool:
    """The same, and a row for what was done; None: nothing was."""

    def acted(held: Held) -> bool:
        stands = held.standing
        outcome = act(held)
        if outcome is not None:
            note(held.row, outcome, stands, held.now)
        return outcome is not None

    return under_lock(account, number, acted)


def note(row: Liquidation, outcome: Outcome, stands: Standing, now: datetime) -> None:
    row.steps_taken += 1
    LiquidationStep.objects.create(
        liquidation=row, number=row.steps_taken, kind=outcome.kind, equity=stands.equity,
        maintenance_margin=stands.maintenance_margin, created_at=now, **outcome.values,
    )  # fmt: skip
    if outcome.kind in (Kind.CLOSED, Kind.RECOVERED):
        row.status, row.ended_at = Status(outcome.kind), now
    row.save(update_fields=["steps_taken", "status", "ended_at"])
    transaction.on_commit(LIQUIDATION_EVENTS.labels(outcome.kind).inc)
