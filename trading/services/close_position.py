"""Getting out of a position in one step."""

from common.errors import ErrorCode, Refused
from risk.selectors import position_in
from trading.matching.terms import BUY, MARKET, SELL
from trading.matching_service.requests import PlacedOrder
from trading.rules import NewOrder
from trading.services.place_order import place_order


def close_position(account_id: int, symbol: str, client_order_id: str = "") -> PlacedOrder:
    """Place a reduce-only market order for all of a position: it never turns it round, whatever happens meanwhile.

    Raises Refused NO_POSITION, NOT_A_PERPETUAL, UNKNOWN_SYMBOL, and what place_order does.
    """
    position = position_in(account_id, symbol)
    if position is None or not position.size:
        raise Refused(ErrorCode.NO_POSITION)
    side = SELL if position.side == "long" else BUY
    order = NewOrder(side, MARKET, position.size, reduce_only=True, client_order_id=client_order_id)
    return place_order(account_id, symbol, order)
