"""Serializer fields that take exactly what they say; Django REST framework's own convert what they can."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from common.clock import from_ms, to_ms
from common.money import NotANumber, format_decimal, parse_decimal

LATEST_MS = 253_402_300_799_999  # the end of the year 9999, the last that a datetime holds


@extend_schema_field({"type": "string", "pattern": r"^(0|[1-9]\d{0,18})(\.\d{1,18})?$", "example": "0.5"})
class MoneyString(serializers.Field):
    """A price or an amount: a plain decimal string in and out, `Decimal` inside.

    positive: zero is refused. minimum: the smallest amount taken.
    """

    default_error_messages = {
        "invalid": 'Must be a plain decimal string such as "0.5".',
        "positive": "Must be greater than zero.",
        "minimum": "Must be at least {minimum}.",
    }

    def __init__(self, *, positive: bool = False, minimum: Decimal | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.positive = positive
        self.minimum = minimum

    def to_internal_value(self, data: Any) -> Decimal:
        try:
            amount = parse_decimal(data)
        except NotANumber:
            self.fail("invalid")
        if self.positive and not amount:
            self.fail("positive")
        if self.minimum is not None and amount < self.minimum:
            self.fail("minimum", minimum=format_decimal(self.minimum))
        return amount

    def to_representation(self, value: Decimal) -> str:
        return format_decimal(value)


@extend_schema_field({"type": "string", "pattern": r"^-?(0|[1-9]\d*)(\.\d+)?$", "example": "-1.5"})
class SignedMoneyString(MoneyString):
    """An amount that can be negative, only shown."""


@extend_schema_field(OpenApiTypes.INT64)
class Milliseconds(serializers.Field):
    """A moment: integer milliseconds since the epoch, UTC, in and out; an aware `datetime` inside."""

    default_error_messages = {"invalid": "Must be an integer: milliseconds since 1970-01-01 UTC."}

    def to_internal_value(self, data: Any) -> datetime:
        if type(data) is not int or not 0 <= data <= LATEST_MS:
            self.fail("invalid")
        return from_ms(data)

    def to_representation(self, value: datetime) -> int:
        return to_ms(value)


class StrictString(serializers.CharField):
    """A JSON string; numbers are not turned into text."""

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return str(super().to_internal_value(data))


class StrictInteger(serializers.IntegerField):
    """A JSON integer; "5", 5.0 and true are refused."""

    def to_internal_value(self, data: Any) -> int:
        if type(data) is not int:
            self.fail("invalid")
        return data


class StrictBoolean(serializers.BooleanField):
    """JSON true or false; "yes", "1" and 1 are refused."""

    def to_internal_value(self, data: Any) -> bool:
        if not isinstance(data, bool):
            self.fail("invalid", input=data)
        return data


class StrictChoice(serializers.ChoiceField):
    """One of the listed strings."""

    def to_internal_value(self, data: Any) -> Any:
        if not isinstance(data, str):
            self.fail("invalid_choice", input=data)
        return super().to_internal_value(data)
