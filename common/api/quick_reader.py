"""Reading a request's fields without a serializer, as long as they are plainly right.

Built from the serializer, so that both agree on what a field is. Where it is not certain that the serializer
would take a value as it stands, the answer is: ask the serializer, which also says what is wrong.
"""

from collections.abc import Callable, Mapping
from typing import Any

from django.core.validators import (
    MaxLengthValidator,
    MaxValueValidator,
    MinLengthValidator,
    MinValueValidator,
    ProhibitNullCharactersValidator,
)
from rest_framework import serializers
from rest_framework.fields import empty
from rest_framework.validators import ProhibitSurrogateCharactersValidator

from common.api.fields import (
    LATEST_MS,
    Milliseconds,
    MoneyString,
    StrictBoolean,
    StrictChoice,
    StrictInteger,
    StrictString,
)
from common.api.serializers import StrictSerializer
from common.clock import from_ms
from common.money import NotANumber, parse_decimal

# Gives the value that the serializer would give, or UNSURE.
FieldReader = Callable[[Any], Any]
UNSURE: Any = object()


class QuickReader:
    """own: readers of fields that the serializer checks in a method of its own (`validate_<field>`)."""

    def __init__(
        self, serializer: type[StrictSerializer], own: Mapping[str, FieldReader] | None = None
    ) -> None:
        fields = {name: field for name, field in serializer().fields.items() if not field.read_only}
        self._knows_all = serializer.validate is serializers.Serializer.validate
        self._readers = {name: _reader(field) for name, field in fields.items()}
        for name in fields:
            if hasattr(serializer, f"validate_{name}"):
                self._readers[name] = _unsure
        self._readers |= own or {}
        self._required = frozenset(name for name, field in fields.items() if field.required)
        self._defaults = {name: field.default for name, field in fields.items() if field.default is not empty}

    def read(self, data: Any) -> dict[str, Any] | None:
        """What `validated_data` of a valid serializer would be; None: ask the serializer."""
        if not self._knows_all or type(data) is not dict or not self._required <= data.keys():
            return None
        found = dict(self._defaults)
        for name, value in data.items():
            reader = self._readers.get(name)
            found[name] = UNSURE if reader is None else reader(value)
            if found[name] is UNSURE:
                return None
        return found


def _reader(field: serializers.Field) -> FieldReader:
    """A reader of a field of a kind that is known here, and not of one that is derived from it."""
    is_known = type(field) in _KINDS and all(type(each) in _KNOWN_VALIDATORS for each in field.validators)
    is_fixed = field.default is empty or not callable(field.default)
    reader = _KINDS[type(field)](field) if is_known and is_fixed else _unsure
    if not field.allow_null:
        return reader
    return lambda value: None if value is None else reader(value)


def _unsure(value: Any) -> Any:
    return UNSURE


def _money(field: Any) -> FieldReader:
    positive, minimum = field.positive, field.minimum

    def read(value: Any) -> Any:
        try:
            amount = parse_decimal(value)
        except NotANumber:
            return UNSURE
        if (positive and not amount) or (minimum is not None and amount < minimum):
            return UNSURE
        return amount

    return read


def _choice(field: Any) -> FieldReader:
    choices = {text: value for text, value in field.choice_strings_to_values.items() if text}
    return lambda value: choices.get(value, UNSURE) if type(value) is str else UNSURE


def _string(field: Any) -> FieldReader:
    """Of printable ASCII without spaces, which no validator of a text could mind but one of its length."""
    low, high = field.min_length or 1, field.max_length or 0

    def read(value: Any) -> Any:
        fits = type(value) is str and low <= len(value) <= high and value.isascii() and value.isprintable()
        return value if fits and " " not in value else UNSURE

    return read


def _integer(field: Any) -> FieldReader:
    low, high = field.min_value, field.max_value

    def read(value: Any) -> Any:
        fits = type(value) is int and (low is None or value >= low) and (high is None or value <= high)
        return value if fits else UNSURE

    return read


# Those that the kinds of fields below bring along and their readers keep.
_KNOWN_VALIDATORS = (
    MinLengthValidator, MaxLengthValidator, MinValueValidator, MaxValueValidator,
    ProhibitNullCharactersValidator, ProhibitSurrogateCharactersValidator,
)  # fmt: skip

_KINDS: dict[type, Callable[[Any], FieldReader]] = {
    MoneyString: _money,
    StrictChoice: _choice,
    StrictString: _string,
    StrictInteger: _integer,
    StrictBoolean: lambda field: lambda value: value if type(value) is bool else UNSURE,
    Milliseconds: lambda field: (
        lambda value: from_ms(value) if type(value) is int and 0 <= value <= LATEST_MS else UNSURE
    ),
}
