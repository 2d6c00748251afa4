"""What a request weighs by what it asks for."""

import pytest
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.test import APIRequestFactory

from common.api.costs import per_hundred
from common.api.query import query_integer

SPELLINGS = [
    "1",
    "100",
    "101",
    "1000",
    "01000",
    "0000000001000",
    "0" * 15 + "1000",
    "0" * 16 + "1000",
    "1001",
]


@pytest.mark.parametrize("text", SPELLINGS)
def test_however_a_number_is_written_it_weighs_what_it_is_answered_with(text):
    request = Request(APIRequestFactory().get("/", {"limit": text}))
    try:
        rows = query_integer(request, "limit", None, 1, 1000) or 0
    except ValidationError:
        rows = 1
    assert per_hundred("limit").of(request.query_params, dict) == -(-rows // 100)


@pytest.mark.parametrize("text", ["", "abc", "0", "-1000", "1e3", "1_000", "١٠٠٠", "1" * 20])
def test_what_is_no_number_of_rows_weighs_one(text):
    assert per_hundred("limit").of({"limit": text}, dict) == 1
