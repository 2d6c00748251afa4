"""How orders, fills, books, tickers and candles look from outside: the same in the REST API and in the streams.

Built by hand and not by serializers, because this is the hot path; trading/api/serializers.py describes it.
"""

from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

from common.clock import to_ms
from common.money import FLOORING, format_decimal
from market.candles import Bar
from trading.committed_book import BookSnapshot, Levels
from trading.matching_service.requests import FillRow, PlacedOrder, PlacedRow
from trading.models import Order, Trade
from trading.selectors.market_data import Ticker

AVERAGE_STEP = Decimal("1E-8")
MILLIONTHS_IN_PERCENT = 10_000
WITHOUT_CONDITIONS: dict[str, Any] = {
    "reduce_only": False,
    "display_quantity": None,
    "trigger_price": None,
    "trigger_source": None,
    "trail_amount": None,
    "trail_percent": None,
    "expires_at": None,
    "link": None,
}


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
        **conditions_json(order),
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


def conditions_json(order: Order | PlacedRow) -> dict[str, Any]:
    """`link`: the id of the first of the orders that hang together, and the part that this one plays."""
    found = order.conditions if isinstance(order, PlacedRow) else getattr(order, "conditions", None)
    if found is None:
        return WITHOUT_CONDITIONS
    percent = found.trail_millionths
    return {
        "reduce_only": found.reduce_only,
        "display_quantity": _text(found.display_quantity),
        "trigger_price": _text(found.trigger_price),
        "trigger_source": found.trigger_source or None,
        "trail_amount": _text(found.trail_amount),
        "trail_percent": None
        if percent is None
        else format_decimal(Decimal(percent) / MILLIONTHS_IN_PERCENT),
        "expires_at": None if found.expires_at is None else to_ms(found.expires_at),
        "link": None if found.link_group is None else {"id": str(found.link_group), "role": found.link_role},
    }


def placed_json(placed: PlacedOrder) -> dict[str, Any]:
    """An order and the fills that it made, as PlacedOrderSerializer describes them."""
    account_id = placed.order.account_id
    return {**order_json(placed.order), "fills": [fill_json(fill, account_id) for fill in placed.fills]}


def average_price(order: Order | PlacedRow) -> Decimal | None:
    """What a unit cost on average, to 8 decimals, only to be shown; None without a fill."""
    if not order.filled_quantity:
        return None
    return average(order.filled_cost, order.filled_quantity)


def average(cost: Decimal, quantity: Decimal) -> Decimal:
    """Price of a unit, to 8 decimals."""
    return FLOORING.divide(cost, quantity).quantize(AVERAGE_STEP, ROUND_HALF_EVEN)


def fill_json(trade: Trade | FillRow, account_id: int) -> dict[str, Any]:
    """A trade as the account sees it (FillSerializer)."""
    is_taker = trade.taker_account_id == account_id
    bought = (trade.taker_side == Order.Side.BUY) == is_taker
    symbol = trade.symbol if isinstance(trade, FillRow) else trade.market.symbol
    taker_pays_in, maker_pays_in = trade.fee_assets
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
        "fee_asset": taker_pays_in if is_taker else maker_pays_in,
        "time": to_ms(trade.created_at),
    }


def public_trade_json(trade: Trade, symbol: str) -> dict[str, Any]:
    """A trade as anybody may see it (PublicTradeSerializer)."""
    return {
        "id": trade.id,
        "symbol": symbol,
        "price": format_decimal(trade.price),
        "quantity": format_decimal(trade.quantity),
        "side": trade.taker_side,
        "time": to_ms(trade.created_at),
    }


def book_json(book: BookSnapshot) -> dict[str, Any]:
    """As OrderBookSerializer describes it."""
    return {
        "symbol": book.symbol,
        "sequence": book.sequence,
        "bids": levels_json(book.bids),
        "asks": levels_json(book.asks),
    }


def levels_json(levels: Levels) -> list[list[str]]:
    return [[format_decimal(price), format_decimal(quantity)] for price, quantity in levels]


def ticker_json(ticker: Ticker) -> dict[str, Any]:
    """The last 24 hours as TickerSerializer describes them."""
    own = ticker.statistics
    return {
        "symbol": ticker.symbol,
        "last": _text(own.last if own else None),
        "open": _text(own.open if own else None),
        "high": _text(own.high if own else None),
        "low": _text(own.low if own else None),
        "volume": format_decimal(ticker.volume),
        "quote_volume": format_decimal(ticker.quote_volume),
        "change": _text(own.change if own else None),
        "change_percent": _text(own.change_percent if own else None),
        "trades": ticker.trades,
        "best_bid": _text(ticker.best_bid),
        "best_ask": _text(ticker.best_ask),
    }


def kline_json(bar: Bar) -> list[Any]:
    """[open_time, open, high, low, close, volume, quote_volume, trades]"""
    prices = (bar.open, bar.high, bar.low, bar.close, bar.volume, bar.quote_volume)
    return [to_ms(bar.open_time), *map(format_decimal, prices), bar.trades]


def _text(amount: Decimal | None) -> str | None:
    return None if amount is None else format_decimal(amount)
