"""How orders, fills and books look from outside: the same in the REST API and in the streams.

Built by hand and not by serializers, because this is the hot path; trading/api/serializers.py describes it.
"""

from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

from common.clock import to_ms
from common.money import FLOORING, format_decimal
from trading.committed_book import Levels
from trading.matching_service.requests import FillRow, PlacedRow
from trading.models import Order, Trade

AVERAGE_STEP = Decimal("1E-8")


def order_json(order: Order | PlacedRow) -> dict[str, Any]:
    """An order as OrderSerializer describes it, built by hand because this is the hot path."""
    return {
        "id": str(order.id),
        "client_order_id": order.client_order_id,
        "symbol": order.symbol if isinstance(order, PlacedRow) else order.market.symbol,
        "side": order.side,
        "type": order.type,
        "time_in_force": order.time_in_force,
        "post_only": order.post_only,
        "self_trade_prevention": order.self_trade_prevention,
        "price": _text(order.price),
        "quantity": format_decimal(order.quantity),
        "quote_quantity": _text(order.quote_quantity),
        "status": order.status,
        "filled_quantity": format_decimal(order.filled_quantity),
        "filled_cost": format_decimal(order.filled_cost),
        "average_price": _text(average_price(order)),
        "created_at": to_ms(order.created_at),
        "updated_at": to_ms(order.updated_at),
        "reason": order.reason,
    }


def average_price(order: Order | PlacedRow) -> Decimal | None:
    """What a unit cost on average, to 8 decimals, only to be shown; None without a fill."""
    if not order.filled_quantity:
        return None
    return FLOORING.divide(order.filled_cost, order.filled_quantity).quantize(AVERAGE_STEP, ROUND_HALF_EVEN)


def fill_json(trade: Trade | FillRow, account_id: int) -> dict[str, Any]:
    """A trade as the account sees it (FillSerializer)."""
    is_taker = trade.taker_account_id == account_id
    bought = (trade.taker_side == Order.Side.BUY) == is_taker
    symbol = trade.symbol if isinstance(trade, FillRow) else trade.market.symbol
    base, _, quote = symbol.partition("-")
    return {
        "id": trade.id,
        "order_id": str(trade.taker_order_id if is_taker else trade.maker_order_id),
        "symbol": symbol,
        "side": "buy" if bought else "sell",
        "role": "taker" if is_taker else "maker",
        "price": format_decimal(trade.price),
        "quantity": format_decimal(trade.quantity),
        "cost": format_decimal(trade.cost),
        "fee": format_decimal(trade.taker_fee if is_taker else trade.maker_fee),
        "fee_asset": base if bought else quote,
        "time": to_ms(trade.created_at),
    }


def levels_json(levels: Levels) -> list[list[str]]:
    return [[format_decimal(price), format_decimal(quantity)] for price, quantity in levels]


def _text(amount: Decimal | None) -> str | None:
    return None if amount is None else format_decimal(amount)
