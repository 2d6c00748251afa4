"""docs/margin.md: every number that was worked out there is what the code comes to."""

import re
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

from risk.brackets import Brackets
from risk.estimate import estimate
from risk.funding import funding_rate, impact_price, premium
from risk.health import Health, Holding, Terms, watch_price
from risk.liquidation_price import liquidation_price
from risk.mark import mark_price
from risk.position import Position
from risk.proposal import Proposal, outlook
from risk.requirement import OpenOrders, requirement
from risk.services.open_contract import BRACKETS

DOC = (Path(__file__).parents[2] / "docs" / "margin.md").read_text()
UNIT = 10**8
LOTS, TICKS = 1000, 10  # of 0.001 BTC in a BTC, of 0.1 USDT in a USDT
STEP = UNIT // LOTS // TICKS
TERMS = Terms(
    1, STEP, Brackets((int(floor) * UNIT, most, int(Decimal(rate) * 10**6)) for floor, most, rate in BRACKETS), 500, 0
)  # fmt: skip
FEE = TERMS.taker_fee
D = Decimal


def worked():
    """Name of each row with a bold number: that number."""
    rows = [line.strip("|").split(" | ") for line in DOC.splitlines() if line.startswith("| ")]
    found = [(row[0].strip(), re.findall(r"\*\*(-?[\d.]+)\*\*", row[-1])) for row in rows]
    return {name: Fraction(numbers[0]) for name, numbers in found if numbers}


def outlook_of(side="long", size="0.1"):
    return outlook(TERMS, Proposal(side == "long", Fraction(size), Fraction(50_000) * UNIT, 10))


def money(units):
    return Fraction(units) / UNIT


def cents(units):
    return round(money(units), 2)


def bought(*fills):
    """A position at 10x after (size, price) each."""
    position = Position(10)
    for size, price in fills:
        realised, _ = position.fill(round(D(size) * LOTS), round(D(price) * UNIT / LOTS), FEE)
    return position, realised


def estimates():
    long, short = (estimate(is_long, Fraction("0.1"), Fraction(50_000), 10) for is_long in (True, False))
    return {
        "estimated margin": long.required_margin,
        "estimated maintenance": long.maintenance_margin,
        "estimated end of a long": long.liquidation_price,
        "estimated end of a short": short.liquidation_price,
        "estimated loss": long.max_loss,
    }


def needs():
    long, large = outlook_of(), outlook_of(size="10")
    position, _ = bought(("0.1", 50_000))
    orders = OpenOrders(100, 4_900 * UNIT, 150, 7_650 * UNIT)
    return {
        "initial margin": money(long.initial_margin),
        "fee to close": money(long.closing_fee),
        "required to open": money(long.required_margin),
        "required with orders": money(requirement(position, orders, FEE).margin),
        "maintenance margin": money(long.maintenance_margin),
        "maintenance of a large one": money(large.maintenance_margin),
    }


def ends():
    holding = Holding(TERMS, LOTS // 10, 5_000 * UNIT, 50_000 * TICKS)
    long, large = outlook_of(), outlook_of(size="10")
    warned = Brackets([(0, 20, 6_250)])  # 1.25 times the first rate
    warning = liquidation_price(500 * UNIT, Fraction("0.1"), 5_000 * UNIT, 1, warned)
    assert watch_price(Health(500 * UNIT, [holding]), holding, False) == -(-warning * TICKS // UNIT)
    return {
        "liquidation price": cents(long.liquidation_price),
        "liquidation price of a short": cents(outlook_of("short").liquidation_price),
        "liquidation price of a large one": cents(large.liquidation_price),
        "isolated liquidation price": cents(long.isolated_liquidation_price),
        "bankruptcy price": cents(long.bankruptcy_price),
        "warning": cents(warning),
    }


def prices():
    asks = [(D(50_000), D("0.1")), (D(50_050), D(5))]
    index, interval, tick = D(50_000), 28_800, D("0.01")
    position, _ = bought(("0.1", 50_000))
    per_lot = 10**8 * UNIT // 10_000 * 50_000 // LOTS  # 0.0001 of the mark price, in 10^-8 units
    paid = position.settle_funding(per_lot)
    return {
        "impact price": round(Fraction(impact_price(asks, D(10_000))), 2),
        "premium": Fraction(premium(D(50_100), None, index)),
        "funding rate": Fraction(funding_rate(D("-0.00184"), D("0.0001"), D("0.0075"))),
        "funding payment": money(paid),
        "price with funding": Fraction(mark_price(index, D("0.001"), interval // 2, interval, D(99), None, tick)),
        "mark price": Fraction(mark_price(index, D("0.001"), interval // 2, interval, D(40), D(50_030), tick)),
    }  # fmt: skip


def profits():
    fills = [("0.1", 50_000), ("0.2", 51_500)]
    whole, _ = bought(*fills)
    rest, realised = bought(*fills, ("-0.12", 52_000))
    return {
        "average entry": money(Fraction(whole.cost * LOTS, whole.size)),
        "realised profit": money(realised),
        "unrealised profit": money(rest.unrealised(50_500 * TICKS, STEP)),
    }


def test_every_worked_number_is_what_the_code_comes_to():
    assert worked() == estimates() | needs() | ends() | prices() | profits()


def test_the_brackets_are_those_that_a_contract_begins_with():
    rows = [
        line.strip("| ").split(" | ") for line in DOC.splitlines() if re.match(r"\| [\d,]+ \| \d+ \|", line)
    ]
    shown = [
        (
            int(floor.replace(",", "")),
            int(most),
            Fraction(rate.strip("%")) / 100,
            int(amount.replace(",", "")),
        )
        for floor, most, rate, amount in rows
    ]
    assert shown == [
        (row.floor // UNIT, row.maximum_leverage, Fraction(row.rate, 10**6), row.amount / (UNIT * 10**6))
        for row in TERMS.brackets.rows
    ]
