"""Whether orders may be placed from a margin account.

Who owes must not be able to trade away at an absurd price, with a friend on the other side, what the lender counts
on. So what all live orders and the new ones would lose against the index if each traded at its worst price may not
bring the account below its maintenance margin. Orders that wait count as those in the book: whatever price they fire
at, they trade no worse than that. What the sale of something bought on credit leaves does not depend on the index then.
What is itself owed is worth nothing less to the lender as its price moves; so an order that spends it is judged against
its trigger too, and may not wait for the last trade's price, which is anybody's.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from decimal import Decimal
from typing import NamedTuple

from accounts.models import Account, User
from common import clock
from common.errors import ErrorCode, Refused
from common.money import FLOORING
from market.models import Market
from market.selectors import market_by_symbol
from risk.selectors.margin_account import MarginAccount, is_liquidated_now, margin_account
from trading import selectors
from trading.matching.terms import BUY, LAST, LIMIT, MARKET, MILLION, TRIGGER_TYPES
from trading.models import Order, OrderCondition
from trading.rules import NewOrder
from trading.selectors.orders import is_placed
from trading.services.hold_margin_account import hold_margin_account
from trading.worst_price import UNBOUNDED, Asked, within_ticks, worst_price

HUNDRED = Decimal(100)


class Wish(NamedTuple):
    """What an order may do: trade that much, at worst at this price. reference: what that is a loss against, the
    index or its trigger, whichever is worse."""

    market: Market
    side: str
    quantity: Decimal
    price: Decimal
    reference: Decimal


class Admission:
    """A margin account while it is held: orders are admitted one after the other, each with those before it."""

    def __init__(self, account: Account) -> None:
        self.account_id = account.pk
        # Orders before balances: what fills meanwhile counts twice, and not not at all.
        self._live = list(selectors.open_orders(account.pk))
        self._margin = margin_account(account, clock.now())
        self._admitted: list[Wish] = []

    def admit(self, orders: Iterable[tuple[str, NewOrder]]) -> list[NewOrder]:
        """(symbol, order) each, together: as they are to be placed.

        Raises Refused VALIDATION_ERROR for a market that is not spot, LIQUIDATION_IN_PROGRESS, INSUFFICIENT_MARGIN.
        """
        listed = [(market_by_symbol(symbol), new) for symbol, new in orders]
        if any(market.kind != Market.Kind.SPOT for market, _ in listed):
            raise Refused(
                ErrorCode.VALIDATION_ERROR, account=["The margin account trades on spot markets only."]
            )
        _refuse_in_liquidation(self.account_id)
        if not self._margin.loans:
            return [new for _, new in listed]
        fresh = [(market, new) for market, new in listed if not self._is_repeated(new)]
        wishes = [_of_new(market, new, self._margin) for market, new in fresh]
        _refuse_dangerous(self._margin, [*wishes, *self._admitted, *_of(self._live, self._margin)])
        self._admitted += wishes
        return [_bounded(market, new, self._margin) for market, new in listed]

    def admit_change(
        self, reference: str, price: Decimal | None = None, quantity: Decimal | None = None,
        trigger_price: Decimal | None = None,
    ) -> None:  # fmt: skip
        """The same for an order that is changed."""
        _refuse_in_liquidation(self.account_id)
        order = selectors.order_of(self.account_id, reference)
        if self._margin.loans:
            others = [row for row in self._live if row.pk != order.pk]
            asked = _asked_of(order)
            asked = asked._replace(
                price=price or asked.price, trigger_price=trigger_price or asked.trigger_price
            )
            wish = _wish(order.market, asked, quantity or order.quantity, self._margin)
            _refuse_dangerous(self._margin, [wish, *_of(others, self._margin)])

    def _is_repeated(self, new: NewOrder) -> bool:
        """Sent again it is the order that there is, and counts as that."""
        return bool(new.client_order_id) and is_placed(self.account_id, new.client_order_id)


@contextmanager
def admission(user: User) -> Iterator[Admission]:
    """What is admitted is placed before this ends, so that nobody else is judged without it."""
    with hold_margin_account(user) as account:
        yield Admission(account)


def refuse_beyond_live_orders(account: Account) -> None:
    """Inside a transaction that has just changed what the held account owns or owes. Raises INSUFFICIENT_MARGIN."""
    live = list(selectors.open_orders(account.pk))
    margin = margin_account(account, clock.now())
    if live and margin.loans:
        _refuse_dangerous(margin, _of(live, margin))


def _refuse_in_liquidation(account_id: int) -> None:
    if is_liquidated_now(account_id):
        raise Refused(ErrorCode.LIQUIDATION_IN_PROGRESS)


def _wish(market: Market, asked: Asked, quantity: Decimal, margin: MarginAccount) -> Wish:
    index = _index(market, margin)
    price = worst_price(asked, index)
    reference = index
    if asked.trigger_price is not None:
        worse = min if asked.side == BUY else max
        reference = worse(index, asked.trigger_price)
    spent = market.quote_id if asked.side == BUY else market.base_id
    if asked.type in TRIGGER_TYPES and asked.source == LAST and spent in margin.loans:
        price = UNBOUNDED[asked.side]  # the index may go anywhere before a friend's trade lets it fire
    return Wish(market, asked.side, quantity, price, reference)


def _of_new(market: Market, new: NewOrder, margin: MarginAccount) -> Wish:
    wish = _wish(market, _asked(market, new), new.quantity or Decimal(0), margin)
    if new.quote_quantity is None:
        return wish
    return wish._replace(quantity=FLOORING.divide(new.quote_quantity, wish.price))


def _bounded(market: Market, new: NewOrder, margin: MarginAccount) -> NewOrder:
    """A market order is held to what it was judged by: its own bound goes by the last trade's price."""
    if new.type != MARKET:
        return new
    worst = worst_price(_asked(market, new), _index(market, margin))
    return replace(new, bound=within_ticks(new.side, worst, market.tick))


def _asked(market: Market, new: NewOrder) -> Asked:
    rate = None if new.trail_percent is None else new.trail_percent / HUNDRED
    return Asked(
        new.side, new.type, new.price, new.trigger_source or LAST, new.trigger_price, new.trail_amount, rate,
        market.market_protection,
    )  # fmt: skip


def _asked_of(order: Order) -> Asked:
    if order.status in Order.OPEN_STATUSES:  # in the book it is a limit order, whatever it waited for
        return Asked(order.side, LIMIT, order.price, LAST, None, None, None, Decimal(0))
    has = getattr(order, "conditions", None) or OrderCondition()
    rate = None if has.trail_millionths is None else Decimal(has.trail_millionths) / MILLION
    return Asked(
        order.side, order.type, order.price, has.trigger_source or LAST, has.trigger_price, has.trail_amount, rate,
        Decimal(has.protection_millionths) / MILLION,
    )  # fmt: skip


def _of(orders: Sequence[Order], margin: MarginAccount) -> list[Wish]:
    return [
        _wish(
            order.market,
            _asked_of(order),
            order.quantity - order.filled_quantity - order.cancelled_quantity,
            margin,
        )
        for order in orders
    ]


def _refuse_dangerous(margin: MarginAccount, wishes: Sequence[Wish]) -> None:
    loss = sum((_loss(wish, margin) for wish in wishes), Decimal(0))
    if loss and margin.standing.equity - loss < margin.standing.maintenance_margin:
        raise Refused(
            ErrorCode.INSUFFICIENT_MARGIN,
            "At their worst prices this and the open orders could bring the account below its maintenance margin; "
            "name a price nearer to the index, or a smaller quantity. What trails must trail the index.",
        )


def _loss(wish: Wish, margin: MarginAccount) -> Decimal:
    """In the quote of margin accounts."""
    if not wish.quantity:  # an order that is refused for that
        return Decimal(0)
    off = wish.price - wish.reference
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
