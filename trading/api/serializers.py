"""What an order request may say, and what the answers look like."""

from collections.abc import Mapping
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from common.api.fields import (
    Milliseconds,
    MoneyString,
    StrictBoolean,
    StrictChoice,
    StrictInteger,
    StrictString,
)
from common.api.schema import Error
from common.api.serializers import StrictSerializer
from trading.models import Order
from trading.rules import NewOrder

TO_COME = "kept for order types to come"
NEUTRAL = ("reduce_only", "display_quantity", "trigger_price", "trigger_source", "expires_at")
CLIENT_ORDER_ID = r"^[A-Za-z0-9._:\-]{1,64}\Z"


@extend_schema_field({"type": "string", "nullable": True})
class OnlyNull(serializers.Field):
    """A field that orders will have one day: it may be sent, as null."""

    def __init__(self, reason: str) -> None:
        super().__init__(required=False, allow_null=True, help_text=f"{TO_COME}: only null")
        self.error_messages["invalid"] = f"Must be null: {reason}."

    def to_internal_value(self, data: Any) -> None:
        self.fail("invalid")


class NewOrderSerializer(StrictSerializer):
    """An order request. A limit order has price and quantity; a market order has either `quantity` or, to
    buy by cost, `quote_quantity`."""

    symbol = StrictString(max_length=24, trim_whitespace=False)
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
        trim_whitespace=False,
        help_text="your own id, unique among your orders: sent again, it answers with the first order",
        error_messages={"invalid": "Must be 1 to 64 of the characters A-Z a-z 0-9 . _ : -"},
    )
    reduce_only = StrictBoolean(default=False, help_text=f"{TO_COME}: false")
    display_quantity = OnlyNull("there are no iceberg orders")
    trigger_price = OnlyNull("there are no stop or trigger orders")
    trigger_source = OnlyNull("there are no stop or trigger orders")
    expires_at = OnlyNull("there are no orders that expire")

    def validate_client_order_id(self, value: Any) -> str:
        if not isinstance(self.initial_data.get("client_order_id"), str):
            raise serializers.ValidationError("Must be a string.")
        return str(value)

    def validate_reduce_only(self, value: bool) -> bool:
        if value:
            raise serializers.ValidationError("Must be false: there are no positions to reduce.")
        return value

    def new_order(self) -> tuple[str, NewOrder]:
        """(symbol, order) of valid data."""
        return order_of(self.validated_data)


def order_of(validated_data: Mapping[str, Any]) -> tuple[str, NewOrder]:
    """(symbol, order) of what NewOrderSerializer has found valid."""
    data = {name: value for name, value in validated_data.items() if name not in NEUTRAL}
    return data.pop("symbol"), NewOrder(**data)


class AmendSerializer(StrictSerializer):
    """A new price, a new total quantity (the filled part counts), or both."""

    price = MoneyString(positive=True, required=False)
    quantity = MoneyString(positive=True, required=False)


class CancelAfterSerializer(StrictSerializer):
    timeout_ms = StrictInteger(min_value=0, max_value=86_400_000, help_text="0 disarms")


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
    reduce_only = serializers.BooleanField(help_text=f"{TO_COME}: false")
    display_quantity = MoneyString(allow_null=True, help_text=f"{TO_COME}: null")
    trigger_price = MoneyString(allow_null=True, help_text=f"{TO_COME}: null")
    trigger_source = serializers.CharField(
        allow_null=True, help_text=f"`last`, `mark` or `index`; {TO_COME}: null"
    )
    expires_at = Milliseconds(allow_null=True, help_text=f"{TO_COME}: null")
    self_trade_prevention = serializers.ChoiceField(Order.SelfTradePrevention.choices)
    price = MoneyString(allow_null=True)
    quantity = MoneyString()
    quote_quantity = MoneyString(
        allow_null=True, help_text="as asked for; spent in whole steps of tick x lot"
    )
    status = serializers.ChoiceField(Order.Status.choices)
    filled_quantity = MoneyString()
    filled_cost = MoneyString()
    average_price = MoneyString(allow_null=True, help_text="rounded to 8 decimals")
    created_at = Milliseconds()
    updated_at = Milliseconds()
    reason = serializers.CharField(help_text="why it ended unfilled, empty if it did not")


class PlacedOrderSerializer(OrderSerializer):
    fills = FillSerializer(many=True)


class PlacedOrErrorSerializer(serializers.Serializer):
    """What became of one order of a batch: exactly one of the two."""

    order = PlacedOrderSerializer(required=False)
    error = Error(required=False)
