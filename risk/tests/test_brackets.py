"""Which brackets a contract may have."""

from decimal import Decimal

import pytest

from risk.brackets import wrong_rows
from risk.services.open_contract import BRACKETS


def rows(*brackets):
    return [(Decimal(floor), most, Decimal(rate)) for floor, most, rate in brackets]


def test_those_that_every_exchange_begins_with_are_right():
    assert wrong_rows(rows(*BRACKETS)) is None
    assert wrong_rows(reversed(rows(*BRACKETS))) is None


def test_the_leverage_may_stay_while_the_rate_rises():
    assert wrong_rows(rows(("0", 20, "0.005"), ("1000", 20, "0.01"))) is None


@pytest.mark.parametrize(
    ("brackets", "said"),
    [
        ([], "begins at 0"),
        ([("1", 20, "0.005")], "begins at 0"),
        ([("0", 20, "0.005"), ("0", 10, "0.01")], "Two brackets begin at 0"),
        ([("0", 10, "0.005"), ("1000", 20, "0.01")], "20x after 10x"),
        ([("0", 20, "0.01"), ("1000", 10, "0.01")], "0.01 after 0.01"),
        ([("0", 20, "0.01"), ("1000", 10, "0.005")], "0.005 after 0.01"),
        ([("0", 20, "0.05")], "takes all of the initial margin"),
    ],
)
def test_what_is_wrong_is_said(brackets, said):
    assert said in wrong_rows(rows(*brackets))
