"""Liquidating margin accounts: warn, cancel, repay, trade part by part on the book, and at the end the insurance
fund (docs/spot-margin.md).

`liquidate_margin` takes one step after the other, each a transaction of its own, as long as there is one to take.
What a step does follows from what stands in the database when it begins, so after a crash the next sweep goes on.
An order on the book is a step of two transactions, the order's and the one that notes it. Its client order id is that
of the step and of no other, and one that no client can give: sent again it is the same order, and an order that
nobody noted yet is noted before anything else.
"""

import logging
from datetime import timedelta
from decimal import Decimal

from accounts.models import Account
from common import clock
from common.errors import ErrorCode, Refused
from common.money import parse_decimal
from market.models import Market
from risk.models import Liquidation, LiquidationStep
from risk.selectors.lending import QUOTE
from risk.selectors.margin_account import MarginAccount, margin_account, open_liquidation
from risk.selectors.margin_sweep import accounts_in_liquidation, endangered_accounts
from risk.services import liquidate_margin as steps
from risk.services.margin_shortfall import cover_shortfall, write_off
from risk.spot_liquidation import Part, Situation, Venue, is_restored, next_part
from risk.spot_margin import Health
from trading import selectors
from trading.matching.terms import BUY, IOC, LIMIT, Reason
from trading.matching_service.publish import account_group, publisher
from trading.matching_service.requests import PlaceRequest
from trading.models import Order
from trading.rules import NewOrder
from trading.services.cancel_order import cancel_all
from trading.services.submit import submit

logger = logging.getLogger(__name__)

MOST_STEPS_AT_ONCE = 100
RETRY_AFTER = timedelta(seconds=5)  # an order that found nobody to trade with


def sweep_margin_accounts() -> int:
    """Look at every margin account that is in danger or in liquidation; how many steps were taken. Safe to run
    twice at once."""
    accounts = {*endangered_accounts(clock.now()), *accounts_in_liquidation()}
    taken = 0
    for account in Account.objects.filter(pk__in=accounts).select_related("owner").order_by("pk"):
        try:
            taken += liquidate_margin(account)
        except Exception:  # the next sweep tries again; the others must not wait for it
            logger.exception("margin account %s could not be liquidated", account.pk)
    return taken


def liquidate_margin(account: Account) -> int:
    """Take every step that is due; how many."""
    taken = 0
    while taken < MOST_STEPS_AT_ONCE and _step(account):
        taken += 1
    if taken:
        assert account.owner_id is not None
        publisher.tell(account_group(account.owner_id), {"type": "account.moved"})
    return taken


def _step(account: Account) -> bool:
    """One step; whether one was taken."""
    row, margin = open_liquidation(account.pk), margin_account(account, clock.now())
    if row is None:
        return margin.standing.health is not Health.HEALTHY and steps.warn(account)
    number = row.steps_taken + 1
    pending = Order.objects.filter(account=account, client_order_id=_client_order_id(row)).first()
    if pending is not None:
        return steps.note_sold(account, number, _sold(pending, margin))
    if not margin.loans:
        return steps.end(account, number)
    if margin.standing.unpriced:
        return False
    if row.status == Liquidation.Status.WARNED:
        return steps.begin(account, number) or steps.end(account, number)
    return _liquidation_step(account, row, margin, number)


def _liquidation_step(account: Account, row: Liquidation, margin: MarginAccount, number: int) -> bool:
    if selectors.symbols_with_open_orders(account.pk):
        return steps.note_cancelled(account, number, cancel_all(account.pk, reason=Reason.LIQUIDATION))
    if is_restored(margin.standing):
        return steps.end(account, number)
    if any(margin.owned.get(asset) for asset in margin.loans):
        return steps.repay_from_balance(account, number)
    part = next_part(Situation(margin.standing, margin.owned, _owed(margin), margin.terms, _venues(), QUOTE))
    if part is None:
        return cover_shortfall(account, number) or write_off(account, number)
    if _has_just_failed(row):
        return False
    return _trade(account, row, part)


def _trade(account: Account, row: Liquidation, part: Part) -> bool:
    """Place the order; the next step notes it. False if the market does not take it now."""
    outcome = _place(account, row, part, part.price)
    if isinstance(outcome, Refused) and outcome.code is ErrorCode.PRICE_OUT_OF_BAND:
        within = outcome.details.get("lowest_sell") or outcome.details.get("highest_buy")
        outcome = _place(account, row, part, parse_decimal(within))
    if isinstance(outcome, Refused):
        logger.warning("%s of margin account %s waits: %s", row, account.pk, outcome)
        return False
    return True


def _place(account: Account, row: Liquidation, part: Part, price: Decimal) -> object:
    new = NewOrder(
        part.side, LIMIT, part.quantity, price, time_in_force=IOC, client_order_id=_client_order_id(row)
    )
    [outcome] = submit(part.symbol, [PlaceRequest(account.pk, new, by_exchange=True)])
    return outcome


def _client_order_id(row: Liquidation) -> str:
    """Of the order of the next step. A client's own cannot have a slash."""
    return f"liquidation/{row.pk}/{row.steps_taken + 1}"


def _has_just_failed(row: Liquidation) -> bool:
    last = LiquidationStep.objects.filter(liquidation=row).order_by("-number").first()
    if last is None or last.kind != LiquidationStep.Kind.REDUCED or last.quantity:
        return False
    return last.created_at > clock.now() - RETRY_AFTER


def _sold(order: Order, margin: MarginAccount) -> steps.Sold:
    fills = selectors.fills_of_taker(order)
    quantity = sum((fill.quantity for fill in fills), Decimal(0))
    cost = sum((fill.cost for fill in fills), Decimal(0))
    fees = sum((fill.taker_fee for fill in fills), Decimal(0))
    bought = order.side == BUY
    terms = margin.terms[order.market.base_id]
    return steps.Sold(
        order.pk, order.market_id, terms.price, quantity, cost,
        order.market.base_id if bought else order.market.quote_id, (quantity if bought else cost) - fees,
        terms.liquidation_fee,
    )  # fmt: skip


def _owed(margin: MarginAccount) -> dict[str, Decimal]:
    return {asset: loan.debt for asset, loan in margin.loans.items()}


def _venues() -> dict[str, Venue]:
    """The spot market of each asset against the quote."""
    return {
        row.base_id: Venue(
            row.symbol, row.tick, row.lot, row.minimum_notional, row.maximum_notional, row.taker_fee
        )
        for row in Market.objects.filter(kind=Market.Kind.SPOT, quote_id=QUOTE)
    }
