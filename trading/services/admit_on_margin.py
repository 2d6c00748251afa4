"""Whether orders may be placed from a margin account.

Who owes must not be able to trade away at an absurd price, with a friend on the other side, what the lender counts
on. So what the live orders and the new ones would lose against the index if each traded at its worst price may not
bring the account below its maintenance margin. Orders that wait for a trigger are left out: they are meant for
other prices than those of now.
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import NamedTuple

from accounts.models import Account, User
from accounts.services import open_account, open_margin_account
from common import clock
from common.errors import ErrorCode, Refused
from common.money import FLOORING
from market.models import Market
from market.selectors import market_by_symbol
from risk.selectors.margin_account import MarginAccount, is_liquidated_now, margin_account
from trading import selectors
from trading.matching.terms import BUY, TRIGGER_TYPES
from trading.models import Order
from trading.rules import NewOrder

ONE = Decimal(1)


class Wish(NamedTuple):
    """What an order may do: trade that much, at worst at this price."""

    market: Market
    side: str
    quantity: Decimal
    price: Decimal


def admit_on_margin(user: User, orders: Sequence[tuple[str, NewOrder]]) -> int:
    """The user's margin account, if it may place these orders (symbol, order) together.

    Raises Refused VALIDATION_ERROR for a market that is not spot, LIQUIDATION_IN_PROGRESS, INSUFFICIENT_MARGIN.
    """
    account = open_margin_account(open_account(user))
    listed = [(market_by_symbol(symbol), new) for symbol, new in orders]
    if any(market.kind != Market.Kind.SPOT for market, _ in listed):
        raise Refused(ErrorCode.VALIDATION_ERROR, account=["The margin account trades on spot markets only."])
    _refuse_in_liquidation(account.pk)
    margin = margin_account(account, clock.now())
    if margin.loans:
        wishes = [wish for market, new in listed if (wish := _wish(market, new, margin)) is not None]
        _refuse_dangerous(margin, [*wishes, *_live(account.pk)])
    return account.pk


def admit_amend(
    account_id: int, reference: str, price: Decimal | None = None, quantity: Decimal | None = None,
    trigger_price: Decimal | None = None,
) -> None:  # fmt: skip
    """The same for an order of a margin account that is changed."""
    _refuse_in_liquidation(account_id)
    order = selectors.order_of(account_id, reference)
    margin = margin_account(Account.objects.get(pk=account_id), clock.now())
    if margin.loans and order.price is not None and order.type not in TRIGGER_TYPES:
        wish = Wish(order.market, order.side, quantity or order.quantity, price or order.price)
        _refuse_dangerous(margin, [wish, *_live(account_id, without=order.pk)])


def _refuse_in_liquidation(account_id: int) -> None:
    if is_liquidated_now(account_id):
        raise Refused(ErrorCode.LIQUIDATION_IN_PROGRESS)


def _wish(market: Market, new: NewOrder, margin: MarginAccount) -> Wish | None:
    if new.type in TRIGGER_TYPES:
        return None
    price = new.price
    if price is None:
        protection = market.market_protection if new.side == BUY else -market.market_protection
        price = max(Decimal(0), _index(market, margin) * (ONE + protection))
    quantity = new.quantity
    if quantity is None:
        quantity = FLOORING.divide(new.quote_quantity or Decimal(0), price) if price else Decimal(0)
    return Wish(market, new.side, quantity, price)


def _live(account_id: int, without: int | None = None) -> list[Wish]:
    return [
        Wish(
            order.market,
            order.side,
            order.quantity - order.filled_quantity - order.cancelled_quantity,
            order.price,
        )
        for order in selectors.orders(account_id, statuses=Order.OPEN_STATUSES)
        if order.price is not None and order.pk != without
    ]


def _refuse_dangerous(margin: MarginAccount, wishes: Sequence[Wish]) -> None:
    loss = sum((_loss(wish, margin) for wish in wishes), Decimal(0))
    if loss and margin.standing.equity - loss < margin.standing.maintenance_margin:
        raise Refused(
            ErrorCode.INSUFFICIENT_MARGIN,
            "At its worst price this could bring the account below its maintenance margin; "
            "name a price nearer to the index, or a smaller quantity.",
        )


def _loss(wish: Wish, margin: MarginAccount) -> Decimal:
    """In the quote of margin accounts, against the index."""
    off = wish.price - _index(wish.market, margin)
    lost = off if wish.side == BUY else -off
    return max(Decimal(0), lost) * wish.quantity * _worth(wish.market.quote_id, margin)


def _index(market: Market, margin: MarginAccount) -> Decimal:
    """The index price of a market in its own quote."""
    return FLOORING.divide(_worth(market.base_id, margin), _worth(market.quote_id, margin))


def _worth(asset: str, margin: MarginAccount) -> Decimal:
    terms = margin.terms.get(asset)
    if terms is None or terms.price is None:
        raise Refused(ErrorCode.NO_REFERENCE_PRICE, f"{asset} has no fresh index price.")
    return terms.price
