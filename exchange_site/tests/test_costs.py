"""The table of what requests weigh, and what the description of the API makes of it."""

import re

import pytest
from django.conf import settings

from exchange_site.local.data_folder import CHECKOUT
from exchange_site.tests.openapi import operations

ORDERS = {
    "POST /api/v1/orders", "POST /api/v1/orders/batch", "POST /api/v1/orders/oco", "POST /api/v1/orders/bracket",
    "PATCH /api/v1/orders/{reference}", "POST /api/v1/trades/", "POST /api/v1/positions/{symbol}/close",
}  # fmt: skip
CANCELS = {
    "DELETE /api/v1/orders", "DELETE /api/v1/orders/{reference}", "POST /api/v1/orders/{reference}/cancel",
    "POST /api/v1/orders/cancel-after",
}  # fmt: skip


@pytest.fixture(scope="module")
def told():
    return {f"{method} {address}": operation for method, address, operation in operations()}


def test_the_table_names_nothing_that_is_not_there(told):
    assert set(settings.REQUEST_COSTS) - {"GET /api/schema"} <= set(told)


SIGN_INS = {"POST /api/v1/auth/token", "POST /api/v1/auth/token/refresh", "POST /api/v1/auth/logout"}


def test_what_counts_as_orders_as_cancels_and_as_sign_ins(told):
    by_counter = {"requests": set(), "orders": set(), "cancels": set(), "sign_ins": set()}
    for name, operation in told.items():
        by_counter[operation["x-rate-limit"]["counter"]].add(name)
    assert (by_counter["orders"], by_counter["cancels"]) == (ORDERS, CANCELS)
    assert by_counter["sign_ins"] == SIGN_INS


def test_every_list_weighs_by_its_length(told):
    for name, operation in told.items():
        if "limit" in {parameter["name"] for parameter in operation.get("parameters", ())}:
            assert operation["x-rate-limit"]["weight"] == "1 per 100 of `limit`", name


def test_every_operation_tells_what_it_costs_and_which_headers_come(told):
    for name, operation in told.items():
        assert f"Weighs {operation['x-rate-limit']['weight']}, " in operation["description"], name
        assert set(operation["responses"]["429"]["headers"]) == {
            "X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset", "X-RateLimit-Scope", "Retry-After",
        }, name  # fmt: skip


def test_the_table_in_the_documentation_is_this_one():
    rows = re.findall(
        r"^\| `([A-Z]+ /.*)` \| `(.*)` \| (.*) \|$", (CHECKOUT / "docs/limits.md").read_text(), re.M
    )
    costs = settings.REQUEST_COSTS.items()
    assert rows == [(name, cost.scope.value, cost.weight.text) for name, cost in costs]
