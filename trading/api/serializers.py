"""What an order request may say, and what the answers look like."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from common import clock
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
from common.errors import Refused
from trading.matching.terms import SOURCES
from trading.matching_service.kinds import is_perpetual
from trading.models import Order, OrderCondition
from trading.rules import NewOrder

FARTHEST_EXPIRY = timedelta(days=3653)  # ten years
NOTHING_TO_REDUCE = "Must be false: on a spot market there is no position to reduce."
MAIN, MARGIN = "main", "margin"
CLIENT_ORDER_ID = r"^[A-Za-z0-9._:\-]{1,64}\Z"


class ClientOrderId(serializers.RegexField):
    """A client's own id of an order: a JSON string, not a number that looks like one."""

    def __init__(self) -> None:
        super().__init__(
            CLIENT_ORDER_ID,
            required=False,
            trim_whitespace=False,
            help_text="your own id, unique among your orders: sent again, it answers with the first order",
            error_messages={
                "invalid": "Must be 1 to 64 of the characters A-Z a-z 0-9 . _ : -",
                "text": "Must be a string.",
            },
        )

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("text")
        return str(super().to_internal_value(data))


@extend_schema_field(OpenApiTypes.INT64)
class Expiry(serializers.Field):
    """When an order ends: integer milliseconds since the epoch, in and inside."""

    default_error_messages = {
        "invalid": "Must be an integer: milliseconds since 1970-01-01 UTC.",
        "far": "Must be within ten years from now.",
    }

    def to_internal_value(self, data: Any) -> int:
        if type(data) is not int or data < 0:
            self.fail("invalid")
        if data > clock.to_ms(clock.now() + FARTHEST_EXPIRY):
            self.fail("far")
        return data


class TermsSerializer(StrictSerializer):
    """What any order may say about itself; trading/order_fields.py knows what goes with which type."""

    time_in_force = StrictChoice(Order.TimeInForce.choices, default="gtc")
    expires_at = Expiry(required=False, allow_null=True, help_text="with time_in_force gtd, and only then")
    price = MoneyString(positive=True, required=False, allow_null=True)
    post_only = StrictBoolean(default=False)
    display_quantity = MoneyString(
        positive=True, required=False, allow_null=True, help_text="of an iceberg: what is shown at a time"
    )
    reduce_only = StrictBoolean(
        default=False, help_text="of perpetuals: never opens a position or turns one round; false on spot"
    )
    self_trade_prevention = StrictChoice(Order.SelfTradePrevention.choices, default="cancel_newest")
    client_order_id = ClientOrderId()


class TriggerTermsSerializer(TermsSerializer):
    """The same for an order that may wait for a price."""

    trigger_price = MoneyString(positive=True, required=False, allow_null=True)
    trigger_source = StrictChoice(
        [(source, source) for source in SOURCES],
        required=False,
        allow_null=True,
        help_text="the price that is watched; `last` if nothing is said",
    )
    trail_amount = MoneyString(
        positive=True, required=False, allow_null=True, help_text="a trailing stop's distance, in quote"
    )
    trail_percent = MoneyString(
        positive=True, required=False, allow_null=True, help_text="or in per cent of the price it follows"
    )


def account_choice() -> StrictChoice:
    return StrictChoice(
        [(MAIN, MAIN), (MARGIN, MARGIN)], default=MAIN, help_text="which of your accounts places it"
    )


class NewOrderSerializer(TriggerTermsSerializer):
    """An order request. Which fields go with which type: docs/order-types.md."""

    account = account_choice()
    symbol = StrictString(max_length=24, trim_whitespace=False)
    side = StrictChoice(Order.Side.choices)
    type = StrictChoice(Order.Type.choices)
    quantity = MoneyString(positive=True, required=False, allow_null=True)
    quote_quantity = MoneyString(
        positive=True, required=False, allow_null=True, help_text="of market buys: what to spend"
    )

    def validate_reduce_only(self, value: bool) -> bool:
        if value and not has_positions(self.initial_data.get("symbol")):
            raise serializers.ValidationError(NOTHING_TO_REDUCE)
        return value

    def new_order(self) -> tuple[str, NewOrder]:
        """(symbol, order) of valid data."""
        return order_of(self.validated_data)


def order_of(validated_data: Mapping[str, Any]) -> tuple[str, NewOrder]:
    """(symbol, order) of what NewOrderSerializer has found valid; whose account it is, is for the caller."""
    data = dict(validated_data)
    data.pop("account")
    return data.pop("symbol"), NewOrder(**data)


def has_positions(symbol: Any) -> bool:
    """Whether a market has positions that an order could reduce; of an unknown one the refusal says more."""
    if not isinstance(symbol, str):
        return True
    try:
        return is_perpetual(symbol)
    except Refused:
        return True


class AmendSerializer(StrictSerializer):
    """What is to change: the price, the total quantity (the filled part counts), the trigger price."""

    price = MoneyString(positive=True, required=False)
    quantity = MoneyString(positive=True, required=False)
    trigger_price = MoneyString(positive=True, required=False)


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


class LinkSerializer(serializers.Serializer):
    """Which orders hang together, and what this one is among them."""

    id = serializers.CharField(help_text="the id of the first of them")
    role = serializers.ChoiceField(OrderCondition.Role.choices)


class OrderSerializer(serializers.Serializer):
    """An order as it stands."""

    id = serializers.CharField(help_text="64-bit integer, as text")
    client_order_id = serializers.CharField()
    symbol = serializers.CharField()
    side = serializers.ChoiceField(Order.Side.choices)
    type = serializers.ChoiceField(Order.Type.choices)
    time_in_force = serializers.ChoiceField(Order.TimeInForce.choices)
    post_only = serializers.BooleanField()
    reduce_only = serializers.BooleanField(help_text="never true on spot")
    display_quantity = MoneyString(allow_null=True, help_text="of an iceberg")
    trigger_price = MoneyString(allow_null=True, help_text="as it stands now: of a trailing stop it moves")
    trigger_source = serializers.CharField(allow_null=True, help_text="`last`, `mark` or `index`")
    trail_amount = MoneyString(allow_null=True)
    trail_percent = MoneyString(allow_null=True)
    expires_at = Milliseconds(allow_null=True)
    link = LinkSerializer(allow_null=True, help_text="of orders that hang together")
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


class LinkedOrdersSerializer(serializers.Serializer):
    """Orders that were placed together, in the order in which they were asked for."""

    orders = PlacedOrderSerializer(many=True)


class PlacedOrErrorSerializer(serializers.Serializer):
    """What became of one order of a batch: exactly one of the two."""

    order = PlacedOrderSerializer(required=False)
    error = Error(required=False)
