"""Fields take exactly what they say."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from rest_framework import serializers

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


class Ticket(StrictSerializer):
    """A made-up order form."""

    price = MoneyString(positive=True)
    quantity = MoneyString(required=False, minimum=Decimal("0.01"))
    side = StrictChoice(["buy", "sell"], required=False)
    post_only = StrictBoolean(required=False)
    depth = StrictInteger(required=False, min_value=1, max_value=100)
    label = StrictString(required=False, max_length=5)
    expires_at = Milliseconds(required=False, allow_null=True)


def wrong_fields(**given):
    ticket = Ticket(data={"price": "1", **given})
    return set() if ticket.is_valid() else set(ticket.errors)


def test_money_is_a_decimal_string_in_and_out():
    ticket = Ticket(data={"price": "30000.10"})
    assert ticket.is_valid() and ticket.validated_data["price"] == Decimal("30000.1")
    assert Ticket({"price": Decimal("30000.100")}).data["price"] == "30000.1"


@pytest.mark.parametrize(
    "price", ["0", "0.000", 1, 1.5, "1e3", "NaN", "-1", " 1", "1_0", "٣", True, None, [], {}, ""]
)
def test_what_is_not_a_positive_decimal_string_is_no_price(price):
    assert wrong_fields(price=price) == {"price"}


@pytest.mark.parametrize(
    ("field", "good", "bad"),
    [
        ("quantity", ["0.01", "5"], ["0.0099", "0", 1]),
        ("side", ["buy", "sell"], ["BUY", "", 1, None, ["buy"], {}, True]),
        ("post_only", [True, False], ["true", "yes", 1, 0, None, "on", [], {}]),
        ("depth", [1, 100], [0, 101, "5", 5.0, True, 10**40, None, [], {}]),
        ("label", ["abc"], ["abcdef", 5, True, 1.5, None, [], {}, "a\0b", "\ud800"]),
        (
            "expires_at",
            [0, 1_700_000_000_000, LATEST_MS, None],
            [-1, LATEST_MS + 1, 10**40, "1", 1.5, True, [], {}],
        ),
    ],
)
def test_each_field_takes_its_own_kind_only(field, good, bad):
    assert [value for value in good if wrong_fields(**{field: value})] == []
    assert [value for value in bad if wrong_fields(**{field: value}) != {field}] == []


def test_a_time_is_integer_milliseconds():
    moment = datetime(2023, 11, 14, 22, 13, 20, 123000, tzinfo=UTC)
    ticket = Ticket(data={"price": "1", "expires_at": 1_700_000_000_123})
    assert ticket.is_valid() and ticket.validated_data["expires_at"] == moment
    assert Milliseconds().to_representation(moment) == 1_700_000_000_123


def test_a_misspelt_field_is_refused_by_its_name():
    assert wrong_fields(post_onyl=True) == {"post_onyl"}
    assert len(wrong_fields(**{f"x{n}": n for n in range(1000)})) == 20


@pytest.mark.parametrize("body", [None, [], [1], "text", 5, True])
def test_a_body_that_is_no_object_is_refused(body):
    ticket = Ticket(data=body)
    assert not ticket.is_valid()
    assert set(ticket.errors) == {"non_field_errors"}


def test_a_list_of_objects_is_left_to_the_serializer():
    assert isinstance(Ticket(data=[{"price": "1"}], many=True), serializers.ListSerializer)
    assert Ticket(data=[{"price": "1"}], many=True).is_valid()
