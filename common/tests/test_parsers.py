"""What counts as a JSON body."""

import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rest_framework.exceptions import ParseError

from common.api.parsers import MAX_BODY_BYTES, MAX_DEPTH, StrictJSONParser, parse_json
from common.errors import ErrorCode, Refused

text = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**40), 10**40)
    | text
    | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(text, inner, max_size=4),
    max_leaves=12,
)


@given(values)
def test_plain_json_is_read_as_the_standard_library_reads_it(value):
    body = json.dumps(value).encode()
    assert parse_json(body) == json.loads(body)


@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_refused_and_nothing_else_happens(body):
    try:
        parse_json(body)
    except ParseError:
        pass


@pytest.mark.parametrize(
    "body",
    [
        b"", b" ", b"{", b"}", b'{"a":1,}', b"[1,]", b"{'a':1}", b'{"a":01}', b'{"a":+1}', b'{"a":.5}',
        b"undefined",
        b"NaN", b'{"price": NaN}', b'{"price": Infinity}', b'{"price": -Infinity}', b'{"price": 1e999}',
        b'{"price": -1e999}', b'{"a": 1} {"b": 2}', b'{"a": 1}garbage', b"\xef\xbb\xbf{}",
        b"\xff\xfe{\x00}\x00",
        b'{"a": "\xff"}', b'{"a": "\xc3"}', b'{"a": "\xed\xa0\x80"}', b'{"a": "\x00"}', b'{"a": "\n"}',
        rb'{"a": "\u0000"}', rb'{"\u0000": 1}', rb'["x\u0000y"]', rb'{"a": "\ud800"}', rb'{"\udfff": 1}',
        b'{"a": 1, "a": 1}', b'{"a": {"b": 1, "b": 2}}', b'[{"side": "buy", "side": "sell"}]',
        b'{"a": ' + b"9" * 5000 + b"}", b'{"a": -' + b"9" * 5000 + b"}",
        b"[" * 100_000, b'{"a":' * 50_000, b"[" * 40 + b"]" * 40, b'{"a":' * 40 + b"1" + b"}" * 40,
    ],
)  # fmt: skip
def test_what_is_not_plain_json_is_refused(body):
    with pytest.raises(ParseError):
        parse_json(body)


def test_a_pair_of_surrogates_is_one_character():
    assert parse_json(rb'{"name": "\ud83d\ude00"}') == {"name": "\U0001f600"}


def test_nesting_is_allowed_up_to_the_limit():
    assert parse_json(b"[" * MAX_DEPTH + b"]" * MAX_DEPTH)
    with pytest.raises(ParseError):
        parse_json(b"[" * (MAX_DEPTH + 1) + b"1" + b"]" * (MAX_DEPTH + 1))


def test_a_body_of_one_mebibyte_is_read_and_one_byte_more_is_too_large():
    body = b'"' + b"x" * (MAX_BODY_BYTES - 2) + b'"'
    assert len(StrictJSONParser().parse(io.BytesIO(body))) == MAX_BODY_BYTES - 2
    with pytest.raises(Refused) as refused:
        StrictJSONParser().parse(io.BytesIO(body + b" "))
    assert refused.value.code is ErrorCode.PAYLOAD_TOO_LARGE


def test_a_body_that_says_it_is_too_large_is_not_read():
    class Stream:
        META = {"CONTENT_LENGTH": str(MAX_BODY_BYTES + 1)}

        def read(self, size):
            raise AssertionError("read")

    with pytest.raises(Refused):
        StrictJSONParser().parse(Stream())
