"""docs/order-types.md and docs/error-codes.md are whole and true."""

import json
import re
from decimal import Decimal
from pathlib import Path

from common import clock
from common.errors import ErrorCode
from trading.matching import lifecycle, terms
from trading.models import Order
from trading.tests.api.contract_desk import PERP, marks
from trading.tests.api.desk import Desk, outside_price, person, trade

DOCS = Path(__file__).parents[3] / "docs"
ORDER_TYPES = (DOCS / "order-types.md").read_text()
CODES = (DOCS / "error-codes.md").read_text()
EXAMPLE = re.compile(r"`POST /api/v1/(\S+)`\n\n```json\n(.*?)```", re.DOTALL)


def rows(text):
    """The cells of every row of every table."""
    lines = [line for line in text.splitlines() if line.startswith("| `")]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]


def test_every_example_does_what_it_says(alice, bob, carol):
    bob.sells("1", "30000")
    trade(bob, carol, "30000")
    outside_price("30000")
    examples = EXAMPLE.findall(ORDER_TYPES)
    placed = []
    for address, text in examples:
        body = json.loads(text)
        if "expires_at" in body:
            body["expires_at"] = clock.to_ms(clock.now()) + 60_000
        answer = alice.post(address, body)
        assert answer.status_code == 201, (body, answer.content)
        placed += answer.json().get("orders", [answer.json()])
    assert {order["type"] for order in placed} == set(Order.Type.values)
    assert len(examples) == ORDER_TYPES.count("```json")


def test_every_type_life_and_state_is_explained():
    named = {name for row in rows(ORDER_TYPES) for name in re.findall(r"`(\w+)`", row[0])}
    assert named == {*Order.Type.values, *Order.TimeInForce.values, *terms.STATUSES}
    for words in (Order.SelfTradePrevention.values, terms.SOURCES, lifecycle.Status):
        assert {word for word in words if f"`{word}`" not in ORDER_TYPES} - {"partially_filled"} == set()


def test_every_code_is_listed_with_its_status_and_meaning():
    listed = [row for row in rows(CODES) if len(row) == 3]
    assert listed == [[f"`{code.name}`", str(code.status), code.text] for code in ErrorCode]


def test_every_reason_is_listed():
    listed = [row[0] for row in rows(CODES) if len(row) == 2]
    assert listed == [f"`{reason.value}`" for reason in terms.Reason]


def test_the_examples_of_refusals_are_what_is_answered(alice):
    examples = {
        body["code"]: body for body in map(json.loads, re.findall(r"```json\n(.*?)```", CODES, re.DOTALL))
    }
    marks("50000")
    poor = Desk(person("poor", funds={"USDT": Decimal(10_000)}))
    order = {"symbol": PERP, "side": "sell", "type": "limit", "price": "51000", "quantity": "1"}
    answers = [poor.post("orders", order), poor.post("leverage", {"symbol": PERP, "leverage": 6})]
    poor.post("leverage", {"symbol": PERP, "leverage": 1})
    answers.append(poor.post("orders", order | {"side": "buy", "price": "49000", "quantity": "500"}))
    answers.append(poor.post("orders", order | {"reduce_only": True}))
    assert {answer.json()["code"]: answer.json() for answer in answers} == examples
