"""What a request for orders that hang together may say."""

from typing import Any

from rest_framework import serializers

from common.api.fields import MoneyString, StrictChoice, StrictString
from common.api.serializers import StrictSerializer
from trading.api.serializers import (
    NOTHING_TO_REDUCE,
    TermsSerializer,
    TriggerTermsSerializer,
    account_choice,
    has_positions,
)
from trading.matching.terms import (
    ENTRY,
    LIMIT,
    MARKET,
    OCO,
    OPPOSITE,
    STOP_LIMIT,
    STOP_LOSS,
    STOP_MARKET,
    TAKE_PROFIT,
    TAKE_PROFIT_LIMIT,
    TAKE_PROFIT_MARKET,
    TRAILING_STOP,
)
from trading.models import Order
from trading.rules import NewOrder
from trading.services import LinkedLeg


def _types(*names: str) -> StrictChoice:
    return StrictChoice([(name, name) for name in names])


class TakeProfitSerializer(TriggerTermsSerializer):
    """The leg that ends with a gain: a limit order in the book, or one that waits for a better price."""

    type = _types(LIMIT, TAKE_PROFIT_LIMIT, TAKE_PROFIT_MARKET)


class StopLossSerializer(TriggerTermsSerializer):
    """The leg that fires when the price moves the other way."""

    type = _types(STOP_LIMIT, STOP_MARKET, TRAILING_STOP)


class EntrySerializer(TermsSerializer):
    """The order that comes first."""

    side = StrictChoice(Order.Side.choices)
    type = _types(LIMIT, MARKET)
    quantity = MoneyString(positive=True)


class LinkedSerializer(StrictSerializer):
    """Base: orders of one market that are taken or refused together."""

    account = account_choice()
    symbol = StrictString(max_length=24, trim_whitespace=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        reducing = [leg.name for leg in self._legs(attrs) if leg.new.reduce_only]
        if reducing and not has_positions(attrs["symbol"]):
            raise serializers.ValidationError(
                {name: {"reduce_only": [NOTHING_TO_REDUCE]} for name in reducing}
            )
        return attrs

    def legs(self) -> tuple[str, list[LinkedLeg]]:
        """(symbol, the orders) of valid data."""
        return self.validated_data["symbol"], self._legs(self.validated_data)

    def _legs(self, data: dict[str, Any]) -> list[LinkedLeg]:
        raise NotImplementedError


class OcoSerializer(LinkedSerializer):
    """One cancels the other: two orders of one side and quantity, of which only one can come to something."""

    side = StrictChoice(Order.Side.choices)
    quantity = MoneyString(positive=True)
    take_profit = TakeProfitSerializer()
    stop_loss = StopLossSerializer()

    def _legs(self, data: dict[str, Any]) -> list[LinkedLeg]:
        return [
            LinkedLeg(name, OCO, NewOrder(side=data["side"], quantity=data["quantity"], **data[name]))
            for name in (TAKE_PROFIT, STOP_LOSS)
        ]


class BracketSerializer(LinkedSerializer):
    """An entry, and the orders that leave again with what it filled: they have the other side."""

    entry = EntrySerializer()
    take_profit = TakeProfitSerializer(required=False, allow_null=True)
    stop_loss = StopLossSerializer(required=False, allow_null=True)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if attrs.get(TAKE_PROFIT) is None and attrs.get(STOP_LOSS) is None:
            raise serializers.ValidationError({TAKE_PROFIT: ["Give a take_profit, a stop_loss or both."]})
        return super().validate(attrs)

    def _legs(self, data: dict[str, Any]) -> list[LinkedLeg]:
        entry = NewOrder(**data[ENTRY])
        exits = [
            LinkedLeg(name, name, NewOrder(side=OPPOSITE[entry.side], quantity=entry.quantity, **data[name]))
            for name in (TAKE_PROFIT, STOP_LOSS)
            if data.get(name) is not None
        ]
        return [LinkedLeg(ENTRY, ENTRY, entry), *exits]
