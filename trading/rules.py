"""May this order be asked for at all? A market's rules, as pure functions."""

from dataclasses import dataclass
from decimal import Decimal

from common.errors import ErrorCode
from common.money import EXACT, FLOORING
from trading.matching.book import Book
from trading.matching.commands import Amend, Place
from trading.matching.level import BookOrder
from trading.matching.refusal import Refusal, refuse
from trading.matching.terms import (
    BUY,
    GTC,
    IOC,
    LAST,
    MARKET,
    MILLION,
    OPPOSITE,
    RESTING_LIVES,
    TRIGGER_TYPES,
    Conditions,
    Link,
    TriggerTerms,
)
from trading.order_fields import wrong_fields

MAX_STEPS = 10**15  # of a price or a quantity: far above any market, far below what a column holds
MAX_NOTIONAL = Decimal(10**12)
MOST_SLICES = 100  # of an iceberg


@dataclass(frozen=True, slots=True)
class NewOrder:
    """What a client asks for. `client_order_id` empty: the exchange makes one.

    expires_at: milliseconds since the epoch. trail_percent: 0.5 is half a per cent. bound: not the client's; a
    market order trades no worse than that.
    """

    side: str
    type: str
    quantity: Decimal | None = None
    price: Decimal | None = None
    quote_quantity: Decimal | None = None
    time_in_force: str = GTC
    post_only: bool = False
    self_trade_prevention: str = "cancel_newest"
    client_order_id: str = ""
    display_quantity: Decimal | None = None
    expires_at: int | None = None
    reduce_only: bool = False
    trigger_price: Decimal | None = None
    trigger_source: str | None = None
    trail_amount: Decimal | None = None
    trail_percent: Decimal | None = None
    bound: Decimal | None = None


@dataclass(frozen=True, slots=True)
class MarketRules:
    """protection and band: shares of the reference price in millionths. index: the price from outside, in ticks;
    mark: the one that margin goes by, which is the index on spot; has_mark: it is one of its own."""

    tick: Decimal
    lot: Decimal
    minimum_notional: Decimal
    maximum_notional: Decimal = MAX_NOTIONAL
    maximum_open_orders: int = 1000
    protection: int = MILLION // 10
    band: int | None = None
    index: int | None = None
    mark: int | None = None
    has_mark: bool = False

    def price_steps(self, price: Decimal) -> int | None:
        return _steps(price, self.tick)

    def quantity_steps(self, quantity: Decimal) -> int | None:
        return _steps(quantity, self.lot)

    def notional(self, price: int, quantity: int) -> Decimal:
        """In quote, of ticks and lots."""
        return EXACT.multiply(EXACT.multiply(self.tick, self.lot), Decimal(price * quantity))

    def reference(self, book: Book) -> int | None:
        """What prices are measured against: a perpetual's mark, which nobody moves by a trade; elsewhere the last
        trade's price, before the first one the price from outside."""
        if self.has_mark:
            return self.mark
        return book.prices.get(LAST, self.index)


@dataclass(frozen=True, slots=True)
class Steps:
    """An order's amounts in ticks and lots."""

    price: int | None = None
    quantity: int | None = None
    budget: int | None = None
    display: int | None = None
    trigger_price: int | None = None
    trail: int | None = None


def _steps(amount: Decimal, step: Decimal) -> int | None:
    """How many steps; None unless whole, positive and within bounds."""
    whole, rest = EXACT.divmod(amount, step)
    return int(whole) if rest == 0 and 0 < whole <= MAX_STEPS else None


def to_place(
    rules: MarketRules, new: NewOrder, order_id: int, account_id: int, book: Book, now: int = 0,
    link: Link | None = None, beside: int = 0,
) -> Place | Refusal:  # fmt: skip
    """The order in ticks and lots, or why the market does not take it. now: milliseconds since the epoch.

    beside: how many linked orders come in together with it and before it.
    """
    wrong = wrong_fields(new)
    if wrong:
        return Refusal(ErrorCode.VALIDATION_ERROR, "", {field: [text] for field, text in wrong.items()})
    steps = _in_steps(rules, new)
    if isinstance(steps, Refusal):
        return steps
    live = len(book.by_account.get(account_id, ())) + beside
    refusal = _beyond_limits(rules, new, steps, live, book, now)
    if refusal is not None:
        return refusal
    is_market = new.type == MARKET
    return Place(
        order_id, account_id, new.side, new.type, steps.price, steps.quantity, steps.budget,
        IOC if is_market and new.time_in_force == GTC else new.time_in_force, new.post_only,
        new.self_trade_prevention, _protection(rules, new, book) if is_market else None,
        _conditions(rules, new, steps, link),
    )  # fmt: skip


def to_amend(
    rules: MarketRules, order_id: int, account_id: int, price: Decimal | None, quantity: Decimal | None,
    book: Book, trigger_price: Decimal | None = None,
) -> Amend | Refusal:  # fmt: skip
    """The change in ticks and lots, or why the market does not take it."""
    ticks = None if price is None else rules.price_steps(price)
    if price is not None and ticks is None:
        return _invalid_price(rules)
    trigger = None if trigger_price is None else rules.price_steps(trigger_price)
    if trigger_price is not None and trigger is None:
        return _invalid_price(rules)
    lots = None if quantity is None else rules.quantity_steps(quantity)
    if quantity is not None and lots is None:
        return _invalid_quantity(rules)
    order = book.orders.get(order_id)
    if order is not None and order.account_id == account_id:
        refusal = _changed_beyond_limits(rules, order, ticks, lots, trigger, rules.reference(book))
        if refusal is not None:
            return refusal
    return Amend(order_id, account_id, ticks, lots, trigger)


def _changed_beyond_limits(
    rules: MarketRules, order: BookOrder, ticks: int | None, lots: int | None, trigger: int | None,
    reference: int | None,
) -> Refusal | None:  # fmt: skip
    quantity = lots or order.quantity
    trigger = trigger or (order.armed.trigger_price if order.armed is not None else None)
    at = ticks or order.price or trigger
    if at is not None:
        refusal = _notional_refusal(rules, rules.notional(at, quantity))
        if refusal is not None:
            return refusal
    display = order.conditions.display if order.conditions is not None else None
    if display is not None and quantity > display * MOST_SLICES:
        return refuse(ErrorCode.AMEND_INVALID, f"An order shows at least a {MOST_SLICES}th of itself.")
    return None if ticks is None else _outside_band(rules, order.side, ticks, trigger or reference)


def _in_steps(rules: MarketRules, new: NewOrder) -> Steps | Refusal:
    prices = {"price": new.price, "trigger_price": new.trigger_price, "trail": new.trail_amount}
    quantities = {"quantity": new.quantity, "display": new.display_quantity}
    found: dict[str, int | None] = {}
    for name, price in prices.items():
        found[name] = None if price is None else rules.price_steps(price)
        if price is not None and found[name] is None:
            return _invalid_price(rules)
    for name, quantity in quantities.items():
        found[name] = None if quantity is None else rules.quantity_steps(quantity)
        if quantity is not None and found[name] is None:
            return _invalid_quantity(rules)
    if new.quote_quantity is not None:
        found["budget"] = int(FLOORING.divide_int(new.quote_quantity, EXACT.multiply(rules.tick, rules.lot)))
    return Steps(**found)


def _beyond_limits(
    rules: MarketRules, new: NewOrder, steps: Steps, live: int, book: Book, now: int
) -> Refusal | None:
    if new.expires_at is not None and new.expires_at <= now:
        return Refusal(ErrorCode.ORDER_EXPIRED)
    if not _can_be_sliced(steps):
        text = f"Must be less than quantity and at least a {MOST_SLICES}th of it."
        return refuse(ErrorCode.VALIDATION_ERROR, display_quantity=[text])
    if _trails_below_zero(new, steps, book):
        return refuse(ErrorCode.VALIDATION_ERROR, trail_amount=["Must be less than the price it follows."])
    if live >= rules.maximum_open_orders and _may_stay(new):
        return refuse(ErrorCode.TOO_MANY_OPEN_ORDERS, maximum_open_orders=rules.maximum_open_orders)
    reference = rules.reference(book)
    if steps.price is not None:
        against = steps.trigger_price or reference if new.type in TRIGGER_TYPES else reference
        refusal = _outside_band(rules, new.side, steps.price, against)
        if refusal is not None:
            return refusal
    return _outside_notional(rules, new, steps, book, reference)


def _trails_below_zero(new: NewOrder, steps: Steps, book: Book) -> bool:
    price = book.prices.get(new.trigger_source or LAST)
    return steps.trail is not None and new.side != BUY and price is not None and steps.trail >= price


def _may_stay(new: NewOrder) -> bool:
    """An order that ends at once is taken however many others are open: with it one gets out of a position."""
    return new.type in TRIGGER_TYPES or (new.time_in_force in RESTING_LIVES and new.type != MARKET)


def _can_be_sliced(steps: Steps) -> bool:
    if steps.display is None:
        return True
    assert steps.quantity is not None
    return steps.display < steps.quantity <= steps.display * MOST_SLICES


def _conditions(rules: MarketRules, new: NewOrder, steps: Steps, link: Link | None) -> Conditions | None:
    trigger = None
    if new.type in TRIGGER_TYPES:
        rate = None if new.trail_percent is None else int(EXACT.multiply(new.trail_percent, MILLION // 100))
        trigger = TriggerTerms(
            new.trigger_source or LAST, steps.trigger_price, steps.trail, rate, rules.protection
        )
    conditions = Conditions(steps.display, new.expires_at, new.reduce_only, trigger, link)
    return None if conditions == Conditions() else conditions


def _protection(rules: MarketRules, new: NewOrder, book: Book) -> int | None:
    """The worst price at which a market order may trade; none in a market that has never had a price."""
    bound = None if new.bound is None else rules.price_steps(new.bound)
    reference = rules.reference(book) or book.sides[OPPOSITE[new.side]].best()
    if reference is None:
        return bound
    away = reference * rules.protection // MILLION
    if new.side == BUY:
        return min(reference + away, bound or reference + away)
    return max(1, reference - away, bound or 1)


def _outside_band(rules: MarketRules, side: str, price: int, reference: int | None) -> Refusal | None:
    if rules.band is None or reference is None:
        return None
    away = reference * rules.band // MILLION
    if price <= reference + away if side == BUY else price >= reference - away:
        return None
    worst = EXACT.multiply(rules.tick, reference + away if side == BUY else reference - away)
    name = "highest_buy" if side == BUY else "lowest_sell"
    return refuse(ErrorCode.PRICE_OUT_OF_BAND, **{name: f"{worst.normalize():f}"})


def _outside_notional(
    rules: MarketRules, new: NewOrder, steps: Steps, book: Book, reference: int | None
) -> Refusal | None:
    if steps.budget is not None:
        return _notional_refusal(rules, rules.notional(1, steps.budget))
    assert steps.quantity is not None
    price = steps.price or steps.trigger_price
    if price is None:
        price = book.sides[OPPOSITE[new.side]].best() if new.type == MARKET else reference
    return None if price is None else _notional_refusal(rules, rules.notional(price, steps.quantity))


def _notional_refusal(rules: MarketRules, notional: Decimal) -> Refusal | None:
    if notional < rules.minimum_notional:
        return refuse(ErrorCode.MIN_NOTIONAL, minimum_notional=f"{rules.minimum_notional.normalize():f}")
    if notional > rules.maximum_notional:
        return refuse(ErrorCode.MAX_NOTIONAL, maximum_notional=f"{rules.maximum_notional.normalize():f}")
    return None


def _invalid_price(rules: MarketRules) -> Refusal:
    return refuse(ErrorCode.INVALID_PRICE, tick=f"{rules.tick.normalize():f}")


def _invalid_quantity(rules: MarketRules) -> Refusal:
    return refuse(ErrorCode.INVALID_QUANTITY, lot=f"{rules.lot.normalize():f}")
