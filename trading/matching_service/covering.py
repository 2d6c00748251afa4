"""Steps five and six: lock the balances that change, and see whether they really cover everything."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from accounts.services import ledger
from common.errors import ErrorCode, Refused
from common.pipelined import Answer, Pipeline
from trading.matching.commands import Unlink
from trading.matching_service import entering, makers, statements
from trading.matching_service.carried import Denial, FundsChanged
from trading.matching_service.funds import Funds
from trading.matching_service.perpetual import Perpetual

if TYPE_CHECKING:
    from trading.matching_service.batch import Batch

CHANGED = "The account has changed meanwhile; look again."


def lock_balances(batch: "Batch") -> None:
    keys = {key for carried in batch.carried for key in carried.changes}
    keys |= batch.money.further_keys(keys) | batch.liquidations.insurance_keys
    missing = keys - batch.warm.known_balances
    pipeline = Pipeline(batch.connection)
    if missing:
        ledger.make_balance_rows(pipeline, missing)
    balances = ledger.lock_balance_rows(pipeline, keys)
    fills = sum(len(carried.fills) for carried in batch.carried)
    trade_ids = statements.take_trade_ids(pipeline, fills) if fills else Answer()
    moves = sum(len(carried.settled.moves) for carried in batch.carried)
    move_ids = statements.take_transaction_ids(pipeline, moves) if moves else Answer()
    batch.money.lock(pipeline, {key[0] for key in keys})
    pipeline.run()
    batch.locked = Funds(batch.market, balances.rows)
    batch.move_ids = [row[0] for row in move_ids.rows]
    batch.trade_ids = trade_ids.rows
    if len(batch.locked) != len(keys):
        batch.warm.known_balances.clear()
        raise AssertionError(f"{len(keys)} balances to lock, {len(batch.locked)} found")
    batch.money.after_lock(batch.locked)
    batch.made_balances = missing


def judge(batch: "Batch") -> None:
    """Every command, in order, must be covered by what the locked rows really hold."""
    denied: set[Denial] = set()  # all of them at once: each attempt costs a whole batch
    for carried in batch.carried:
        if carried.index is not None and not denied:
            short = batch.money.still_refused(carried.account_id, carried.settled, batch.locked)
            if short is not None:
                raise FundsChanged({carried.index: short}, set())
        elif entering.is_denied(carried, batch):
            denied.add(entering.denial(carried.command))
            continue
        elif carried.expects is not None and not carried.expects.holds(batch):
            raise FundsChanged({carried.expects.request: Refused(ErrorCode.CONFLICT, CHANGED)}, set())
        batch.locked.add(carried.changes, carried.settled.margins)
        batch.money.was_judged(carried.settled)
    denied |= _ruined_makers(batch)
    if denied:
        raise FundsChanged({}, denied)
    batch.covers = batch.money.cover(batch.locked)
    if batch.covers:
        batch.move_ids = [*batch.move_ids, *_take_transaction_ids(batch, len(batch.covers))]
    batch.locked.assert_none_negative(batch.money.own_accounts)


def _ruined_makers(batch: "Batch") -> set[Denial]:
    if not isinstance(batch.money, Perpetual):
        return set()
    fills: Iterator[Any] = (fill for carried in batch.carried for fill in carried.fills)
    return {
        (Unlink, order_id) for order_id in makers.overreaching(batch.money, batch.book, batch.locked, fills)
    }


def _take_transaction_ids(batch: "Batch", count: int) -> list[int]:
    pipeline = Pipeline(batch.connection)
    ids = statements.take_transaction_ids(pipeline, count)
    pipeline.run()
    return [row[0] for row in ids.rows]
