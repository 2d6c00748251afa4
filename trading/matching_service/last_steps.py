"""The last steps of a liquidation: when nobody takes a position at a price that its owner can pay."""

from typing import TYPE_CHECKING

from risk.health import Health, Holding, bankruptcy_price, insured_price
from trading.matching import commands
from trading.matching.events import Deleveraged
from trading.matching.terms import BUY, SELL
from trading.matching_service.deleveraging import first_in_line
from trading.matching_service.liquidation_rows import Step, lots_of, marked
from trading.perpetual_settlement import INSURANCE

if TYPE_CHECKING:
    from trading.matching_service.liquidating import Look


def let_the_fund_pay(look: "Look", health: Health, own: Holding) -> None:
    """The book asks more than the account has: the fund pays the difference, as far as it reaches."""
    has = max(0, look.batch.funds.parts((look.money.terms.insurance_account_id, look.key[1]))[0])
    price = bankruptcy_price(health, own)
    worst = insured_price(own, price, has)
    if worst is None:
        return
    before = look.cash()
    fills = look.take_from_book(own, abs(own.size), worst)
    if not fills:
        return
    # Beyond its own margin, or beyond this part's share of what the account has.
    lost = before - look.cash()
    if look.case.market_id is None:
        behind = health.backing(own) - own.unrealised - own.funding
        lost -= own.funding + behind * lots_of(fills) // abs(own.size)
    shortfall = max(0, lost)
    if shortfall:
        look.record(INSURANCE, amount=-shortfall)
    notional = sum(fill.cost for fill in fills)
    look.note(Step("fund_paid", health, marked(own), price, lots_of(fills), notional, -shortfall, fills))


def deleverage(look: "Look") -> None:
    """Nobody takes the rest at a price that can be paid: who profits most from the other side does.

    At the bankruptcy price those who profit even there. If that is not enough, the rest goes to the others at
    the mark price, which costs them nothing, and the fund owes what is missing: a loss with a name.
    """
    health, own = look.health()
    if own is None or not health.is_bankrupt(own):
        return
    price, step = bankruptcy_price(health, own), own.terms.step
    closed = _close_against(look, own, abs(own.size), price, step)
    if closed:
        # The price is a whole tick and leaves room for a fee that nobody takes here.
        room = (health.backing(own) + own.size * step * (price - own.mark)) * closed // abs(own.size)
        taken = look.to_insurance(room)
        look.note(Step("deleveraged", health, marked(own), price, closed, closed * price * step, taken))
    health, own = look.health()
    if own is None or not health.is_bankrupt(own):
        return
    before = look.cash()
    closed = _close_against(look, own, abs(own.size), own.mark, None)
    missing = max(0, before - look.cash() if look.case.market_id else -look.cash())
    if missing:
        look.record(INSURANCE, amount=-missing)
    look.note(Step("deleveraged", health, own.mark, own.mark, closed, closed * own.mark * step, -missing))


def _close_against(look: "Look", own: Holding, lots: int, price: int, step: int | None) -> int:
    """How many lots the others took, first in line first. step: only those who profit at the price."""
    side, left = SELL if own.size > 0 else BUY, lots
    for counterpart, size in first_in_line(look.money, look.batch.book, -own.size):
        if step is not None and look.money.position(counterpart).unrealised(price, step) <= 0:
            continue
        quantity = min(left, abs(size))
        look.batch.run(commands.Record(Deleveraged(look.account_id, side, counterpart, price, quantity)))
        left -= quantity
        if not left:
            break
    return lots - left
