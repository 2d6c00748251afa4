"""A trade in one step: a side, a size, and perhaps a price and a leverage."""

from decimal import Decimal

from common.errors import ErrorCode, Refused
from market.models import Market
from market.selectors import market_by_symbol
from trading.matching.terms import BUY, LIMIT, MARKET, SELL
from trading.matching_service.requests import PlacedOrder
from trading.rules import NewOrder
from trading.selectors.orders import is_placed
from trading.services.place_order import place_order
from trading.services.set_leverage import set_leverage

ORDER_SIDES = {"long": BUY, "short": SELL, BUY: BUY, SELL: SELL}
OF_POSITIONS = ("long", "short")


def place_trade(
    account_id: int, symbol: str, side: str, size: Decimal, price: Decimal | None = None,
    leverage: int | None = None, client_order_id: str = "",
) -> PlacedOrder:  # fmt: skip
    """An order through the book like any other: a limit order at the price, a market order without one.

    side: one of ORDER_SIDES. Raises Refused as place_order and set_leverage do, and NOT_A_PERPETUAL for a leverage,
    a long or a short on spot. The leverage stays set when the order is refused, and is left alone when the
    client order id was used before.
    """
    if market_by_symbol(symbol).kind == Market.Kind.SPOT and (leverage is not None or side in OF_POSITIONS):
        text = "On a spot market one buys and sells; there is no long, no short and no leverage."
        raise Refused(ErrorCode.NOT_A_PERPETUAL, text)
    if leverage is not None and not _was_used(account_id, client_order_id):
        set_leverage(account_id, symbol, leverage)
    kind = MARKET if price is None else LIMIT
    new = NewOrder(ORDER_SIDES[side], kind, size, price, client_order_id=client_order_id)
    return place_order(account_id, symbol, new)


def _was_used(account_id: int, client_order_id: str) -> bool:
    return bool(client_order_id) and is_placed(account_id, client_order_id)
