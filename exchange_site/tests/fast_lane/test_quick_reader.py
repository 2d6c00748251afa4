"""What is read quickly is what the serializer would have read."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rest_framework import serializers

from common.api.fields import StrictInteger, StrictString
from common.api.quick_reader import QuickReader
from common.api.serializers import StrictSerializer
from trading.api.fast_orders import _reader
from trading.api.serializers import NewOrderSerializer

GOOD = {"symbol": "BTC-USDT", "side": "buy", "type": "limit", "price": "30000", "quantity": "0.1"}
MONEY = [
    "0.5",
    "1",
    "0",
    "-1",
    "01",
    "1.",
    "1e3",
    "NaN",
    " 1",
    "1_000",
    "9" * 20,
    "٣",
    "",
    1,
    1.5,
    None,
    True,
    [],
    {},
]
WORDS = [
    "buy",
    "limit",
    "market",
    "gtc",
    "cancel_newest",
    "",
    "BUY",
    "a b",
    "a\n",
    "x" * 65,
    "ä",
    None,
    True,
    7,
    [],
    {},
]
FIELDS = [*NewOrderSerializer().fields, "post_onyl", "", "code"]
VALUES = st.sampled_from([*MONEY, *WORDS, False, "BTC-USDT", "mine-1", 1_800_000_000_000]) | st.text(
    max_size=4
)


@settings(max_examples=1500, deadline=None)
@given(
    st.dictionaries(st.sampled_from(FIELDS), VALUES, max_size=4), st.sets(st.sampled_from(FIELDS), max_size=2)
)
def test_it_agrees_with_the_serializer_or_is_not_sure(changes, without):
    data = {name: value for name, value in (GOOD | changes).items() if name not in without}
    found = _reader.read(data)
    # Of an order that only reduces the lane itself asks whether its market has positions.
    if found is not None and not found["reduce_only"]:
        serializer = NewOrderSerializer(data=data)
        assert serializer.is_valid(), (data, serializer.errors)
        assert found == dict(serializer.validated_data)


@pytest.mark.parametrize(
    "more",
    [
        {}, {"client_order_id": "a.B_c:-1"}, {"time_in_force": "fok"}, {"post_only": True}, {"reduce_only": False},
        {"type": "market", "price": None}, {"self_trade_prevention": "decrement"}, {"expires_at": None},
    ],
)  # fmt: skip
def test_it_is_sure_of_plain_orders(more):
    assert _reader.read(GOOD | more) is not None


@pytest.mark.parametrize("data", [None, [], "x", 5, {}, {"symbol": "BTC-USDT"}])
def test_it_is_not_sure_of_anything_else(data):
    assert _reader.read(data) is None


class Even(StrictSerializer):
    number = StrictInteger(min_value=0)

    def validate_number(self, value):
        if value % 2:
            raise serializers.ValidationError("odd")
        return value


class Whole(StrictSerializer):
    number = StrictInteger(min_value=0)

    def validate(self, attrs):
        raise serializers.ValidationError("no")


class Derived(StrictInteger):
    pass


def no_tricks(value):
    raise serializers.ValidationError("no")


class OfItsOwnKind(StrictSerializer):
    number = Derived()


class WithAValidator(StrictSerializer):
    number = StrictString(max_length=5, trim_whitespace=False, validators=[no_tricks])


@pytest.mark.parametrize("serializer", [Even, Whole, OfItsOwnKind, WithAValidator])
@pytest.mark.parametrize("value", [2, "x"])
def test_what_a_serializer_checks_by_itself_is_never_skipped(serializer, value):
    assert QuickReader(serializer).read({"number": value}) is None


class Bounds(StrictSerializer):
    number = StrictInteger(min_value=0, max_value=5)
    text = StrictString(max_length=3, trim_whitespace=False, required=False)


@pytest.mark.parametrize(
    ("data", "sure"),
    [
        ({"number": 5}, True), ({"number": 6}, False), ({"number": -1}, False), ({"number": True}, False),
        ({"number": 1, "text": "abc"}, True), ({"number": 1, "text": "abcd"}, False),
        ({"number": 1, "text": ""}, False), ({"number": 1, "text": "a b"}, False), ({"number": 1, "text": "ä"}, False),
    ],
)  # fmt: skip
def test_bounds_hold(data, sure):
    assert (QuickReader(Bounds).read(data) is not None) == sure == (QuickReader(Bounds).read(data) == data)
