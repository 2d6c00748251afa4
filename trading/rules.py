"""May this order be asked for at all? A market's rules, as pure functions."""

from dataclasses import dataclass
from decimal import Decimal

from common.errors import ErrorCode
from common.money import EXACT, FLOORING
from trading.matching.book import Book
from trading.matching.commands import Amend, Place
from trading.matching.decide import Refusal
from trading.matching.terms import BUY, FOK, GTC, IOC, LIMIT, MARKET, OPPOSITE

MAX_STEPS = 10**15  # of a price or a quantity: far above any market, far below what a column holds
MAX_NOTIONAL = Decimal(10**12)


@dataclass(frozen=True, slots=True)
class NewOrder:
    """What a client asks for. `client_order_id` empty: the exchange makes one."""

    side: str
    type: str
    quantity: Decimal | None = None
    price: Decimal | None = None
    quote_quantity: Decimal | None = None
    time_in_force: str = GTC
    post_only: bool = False
    self_trade_prevention: str = "cancel_newest"
    client_order_id: str = ""


@dataclass(frozen=True, slots=True)
class MarketRules:
    tick: Decimal
    lot: Decimal
    minimum_notional: Decimal
    is_open: bool

    def price_steps(self, price: Decimal) -> int | None:
        return _steps(price, self.tick)

    def quantity_steps(self, quantity: Decimal) -> int | None:
        return _steps(quantity, self.lot)

    def notional(self, price: int, quantity: int) -> Decimal:
        """In quote, of ticks and lots."""
        return EXACT.multiply(EXACT.multiply(self.tick, self.lot), Decimal(price * quantity))


def _steps(amount: Decimal, step: Decimal) -> int | None:
    """How many steps; None unless whole, positive and within bounds."""
    whole, rest = EXACT.divmod(amount, step)
    return int(whole) if rest == 0 and 0 < whole <= MAX_STEPS else None


def to_place(
    rules: MarketRules, new: NewOrder, order_id: int, account_id: int, book: Book
) -> Place | Refusal:
    """The order in ticks and lots, or why the market does not take it."""
    if not rules.is_open:
        return Refusal(ErrorCode.MARKET_NOT_OPEN)
    wrong = _wrong_fields(new)
    if wrong:
        return Refusal(ErrorCode.VALIDATION_ERROR, "", {field: [text] for field, text in wrong.items()})
    price = quantity = budget = None
    if new.price is not None:
        price = rules.price_steps(new.price)
        if price is None:
            return Refusal(ErrorCode.INVALID_PRICE, "", {"tick": f"{rules.tick.normalize():f}"})
    if new.quantity is not None:
        quantity = rules.quantity_steps(new.quantity)
        if quantity is None:
            return Refusal(ErrorCode.INVALID_QUANTITY, "", {"lot": f"{rules.lot.normalize():f}"})
    if new.quote_quantity is not None:
        budget = int(FLOORING.divide_int(new.quote_quantity, EXACT.multiply(rules.tick, rules.lot)))
    time_in_force = IOC if new.type == MARKET and new.time_in_force == GTC else new.time_in_force
    place = Place(
        order_id, account_id, new.side, new.type, price, quantity, budget, time_in_force, new.post_only,
        new.self_trade_prevention,
    )  # fmt: skip
    return _outside_notional(rules, place, book) or place


def to_amend(
    rules: MarketRules,
    order_id: int,
    account_id: int,
    price: Decimal | None,
    quantity: Decimal | None,
    book: Book,
) -> Amend | Refusal:
    """The change in ticks and lots, or why the market does not take it."""
    if not rules.is_open:
        return Refusal(ErrorCode.MARKET_NOT_OPEN)
    ticks = None if price is None else rules.price_steps(price)
    if price is not None and ticks is None:
        return Refusal(ErrorCode.INVALID_PRICE, "", {"tick": f"{rules.tick.normalize():f}"})
    lots = None if quantity is None else rules.quantity_steps(quantity)
    if quantity is not None and lots is None:
        return Refusal(ErrorCode.INVALID_QUANTITY, "", {"lot": f"{rules.lot.normalize():f}"})
    order = book.orders.get(order_id)
    if order is not None:
        notional = rules.notional(ticks or order.price, lots or order.quantity)
        refusal = _notional_refusal(rules, notional)
        if refusal is not None:
            return refusal
    return Amend(order_id, account_id, ticks, lots)


def _wrong_fields(new: NewOrder) -> dict[str, str]:
    """Fields that do not fit the type of order, each with why."""
    wrong: dict[str, str] = {}
    if new.type == LIMIT:
        if new.price is None:
            wrong["price"] = "a limit order needs a price"
        if new.quantity is None:
            wrong["quantity"] = "a limit order needs a quantity"
        if new.quote_quantity is not None:
            wrong["quote_quantity"] = "only market buys are by cost"
    else:
        if new.price is not None:
            wrong["price"] = "a market order has no price"
        if (new.quantity is None) == (new.quote_quantity is None):
            wrong["quantity"] = "give either quantity or quote_quantity"
        if new.quote_quantity is not None and new.side != BUY:
            wrong["quote_quantity"] = "only market buys are by cost"
    if new.post_only and (new.type == MARKET or new.time_in_force in (IOC, FOK)):
        wrong["post_only"] = "an order that must trade at once cannot be post-only"
    return wrong


def _outside_notional(rules: MarketRules, place: Place, book: Book) -> Refusal | None:
    if place.budget is not None:
        return _notional_refusal(rules, rules.notional(1, place.budget))
    assert place.quantity is not None
    price = place.price or book.sides[OPPOSITE[place.side]].best()
    return None if price is None else _notional_refusal(rules, rules.notional(price, place.quantity))


def _notional_refusal(rules: MarketRules, notional: Decimal) -> Refusal | None:
    if notional < rules.minimum_notional:
        return Refusal(
            ErrorCode.MIN_NOTIONAL, "", {"minimum_notional": f"{rules.minimum_notional.normalize():f}"}
        )
    if notional > MAX_NOTIONAL:
        return Refusal(ErrorCode.MAX_NOTIONAL, "", {"maximum_notional": f"{MAX_NOTIONAL:f}"})
    return None
