"""Limits and cursors from the query string."""

import pytest
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.test import APIRequestFactory

from common.api.pagination import read_cursor, read_limit


def asked(**query):
    return Request(APIRequestFactory().get("/", query))


def test_a_list_has_a_hundred_results_unless_asked_otherwise():
    assert read_limit(asked()) == 100
    assert read_limit(asked(limit="1")) == 1
    assert read_limit(asked(limit="1000")) == 1000


@pytest.mark.parametrize(
    "limit",
    ["abc", "-1", "0", "1001", "99999999999", "9" * 5000, "1.5", "1e2", "", " 5", "٣", "+5", "NaN", "1_0"],
)
def test_a_bad_limit_is_refused_by_its_name(limit):
    with pytest.raises(ValidationError) as refused:
        read_limit(asked(limit=limit))
    assert set(refused.value.detail) == {"limit"}


def test_a_cursor_is_the_last_id_shown():
    assert read_cursor(asked()) is None
    assert read_cursor(asked(cursor="9223372036854775807")) == 2**63 - 1


@pytest.mark.parametrize("cursor", ["abc", "-1", "9223372036854775808", "9" * 5000, "", "1.0", "٣", "1;DROP"])
def test_a_broken_cursor_is_refused_by_its_name(cursor):
    with pytest.raises(ValidationError) as refused:
        read_cursor(asked(cursor=cursor))
    assert set(refused.value.detail) == {"cursor"}
