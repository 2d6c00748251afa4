"""How orders, fills and books look from outside, and what an order request may say."""

from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

from rest_framework import serializers

from common.api.fields import Milliseconds, MoneyString, StrictBoolean, StrictChoice, StrictString
from common.api.serializers import StrictSerializer
from common.clock import to_ms
from common.money import FLOORING, format_decimal
from trading.matching_service.requests import FillRow, PlacedRow
from trading.models import Order, Trade
from trading.rules import NewOrder

CLIENT_ORDER_ID = r"^[A-Za-z0-9._:\-]{1,64}\Z"
AVERAGE_STEP = Decimal("1E-8")


class NewOrderSerializer(StrictSerializer):
    """An order request. A limit order has price and quantity; a market order has either `quantity` or, to
    buy by cost, `quote_quantity`."""

    symbol = StrictString(max_length=24)
    side = StrictChoice(Order.Side.choices)
    type = StrictChoice(Order.Type.choices)
    time_in_force = StrictChoice(Order.TimeInForce.choices, default="gtc")
    price = MoneyString(positive=True, required=False, allow_null=True)
    quantity = MoneyString(positive=True, required=False, allow_null=True)
    quote_quantity = MoneyString(positive=True, required=False, allow_null=True)
    post_only = StrictBoolean(default=False)
    self_trade_prevention = StrictChoice(Order.SelfTradePrevention.choices, default="cancel_newest")
    client_order_id = serializers.RegexField(
        CLIENT_ORDER_ID,
        required=False,
        help_text="your own id, unique among your orders: sent again, it answers with the first order",
        error_messages={"invalid": "Must be 1 to 64 of the characters A-Z a-z 0-9 . _ : -"},
    )

    def validate_client_order_id(self, value: Any) -> str:
        if not isinstance(self.initial_data.get("client_order_id"), str):
            raise serializers.ValidationError("Must be a string.")
        return str(value)

    def new_order(self) -> tuple[str, NewOrder]:
        """(symbol, order) of valid data."""
        data = dict(self.validated_data)
        return data.pop("symbol"), NewOrder(**data)


class AmendSerializer(StrictSerializer):
    """A new price, a new total quantity (the filled part counts), or both."""

    price = MoneyString(positive=True, required=False)
    quantity = MoneyString(positive=True, required=False)


class CancelAfterSerializer(StrictSerializer):
    timeout_ms = serializers.IntegerField(min_value=0, max_value=86_400_000, help_text="0 disarms")

    def validate_timeout_ms(self, value: int) -> int:
        if type(self.initial_data.get("timeout_ms")) is not int:
            raise serializers.ValidationError("Must be an integer.")
        return value


class FillSerializer(serializers.Serializer):
    """One's own side of a trade."""

    id = serializers.IntegerField()
    order_id = serializers.CharField()
    symbol = serializers.CharField()
    side = serializers.ChoiceField(Order.Side.choices)
    role = serializers.ChoiceField(["maker", "taker"])
    price = MoneyString()
    quantity = MoneyString()
    cost = MoneyString()
    fee = MoneyString()
    fee_asset = serializers.CharField()
    time = Milliseconds()


class OrderSerializer(serializers.Serializer):
    """An order as it stands."""

    id = serializers.CharField(help_text="64-bit integer, as text")
    client_order_id = serializers.CharField()
    symbol = serializers.CharField()
    side = serializers.ChoiceField(Order.Side.choices)
    type = serializers.ChoiceField(Order.Type.choices)
    time_in_force = serializers.ChoiceField(Order.TimeInForce.choices)
    post_only = serializers.BooleanField()
    self_trade_prevention = serializers.ChoiceField(Order.SelfTradePrevention.choices)
    price = MoneyString(allow_null=True)
    quantity = MoneyString()
    quote_quantity = MoneyString(allow_null=True)
    status = serializers.ChoiceField(Order.Status.choices)
    filled_quantity = MoneyString()
    filled_cost = MoneyString()
    average_price = MoneyString(allow_null=True, help_text="rounded to 8 decimals")
    created_at = Milliseconds()
    updated_at = Milliseconds()
    reason = serializers.CharField(help_text="why it ended unfilled, empty if it did not")


class PlacedOrderSerializer(OrderSerializer):
    fills = FillSerializer(many=True)


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


def _text(amount: Decimal | None) -> str | None:
    return None if amount is None else format_decimal(amount)
