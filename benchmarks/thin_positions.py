"""Many accounts with positions, made in bulk as the matching service would have left them."""

from decimal import Decimal
from typing import NamedTuple

from django.db import connection, transaction

from common import clock
from common.money import EXACT, to_steps, to_units
from common.pipelined import Pipeline
from market.models import Market
from risk.contract_rows import ContractRow, contracts, position_row, read_contracts
from risk.health import Health, watch_price
from risk.position import Position
from risk.requirement import NO_ORDERS, requirement
from trading.matching_service import pipeline

SYMBOL = "BTC-PERP"
STANDS_AT, FELL_TO = Decimal(60_000), Decimal(57_000)
SIZE = Decimal("0.1")
LEVERAGE = 20

_ACCOUNTS = """
    WITH people AS (
        INSERT INTO accounts_user (username, email, password, first_name, last_name, is_superuser, is_staff,
            is_active, date_joined, tier, verification_level, suspended_reason)
        SELECT %(name)s || '-' || n, %(name)s || '-' || n || '@bench.invalid', '', '', '', false, false, true,
            %(now)s, 'advanced', 0, ''
        FROM generate_series(1, %(count)s) n RETURNING id, username
    ), held AS (
        INSERT INTO accounts_account (kind, name, user_id)
        SELECT 'user', username, id FROM people RETURNING id
    ), balances AS (
        INSERT INTO accounts_balance (account_id, asset, available, held, margin, shortage, overdraft)
        SELECT id, 'USDT', %(wealth)s - %(margin)s, %(margin)s, %(margin)s, 0, false FROM held
    )
    INSERT INTO risk_position (market_id, account_id, size, cost, mode, leverage, isolated_margin, requirement,
        exposure, funding_index, realised_profit, fees_paid, funding_paid, watch_price, updated_at)
    SELECT %(market)s, id, %(size)s, %(cost)s, 'cross', %(leverage)s, 0, %(margin)s, %(exposure)s, %(index)s,
        0, 0, 0, %(watch)s, %(now)s
    FROM held"""


class Kind(NamedTuple):
    """A kind of account: its wealth in USDT, and which side of the market it is on."""

    name: str
    wealth: Decimal
    sign: int


@transaction.atomic
def hold_positions(name: str, healthy: int, at_risk: int) -> None:
    """So many healthy accounts, half of them long, and longs that the fall brings under maintenance, each with
    a healthy short on the other side. Positions net to zero; fees and deposits are left out."""
    contract = _contract()
    for kind, count in (
        (Kind(f"{name}-long", Decimal(10_000), 1), healthy // 2),
        (Kind(f"{name}-short", Decimal(10_000), -1), healthy // 2 + at_risk),
        (Kind(f"{name}-thin", Decimal(306), 1), at_risk),
    ):
        if count:
            _hold(kind, count, contract)
    pipeline._books.pop(SYMBOL, None)  # it was made behind the matching service's back


def _contract() -> ContractRow:
    asked = Pipeline(connection.connection)
    answer = read_contracts(asked)
    asked.run()
    market = Market.objects.get(symbol=SYMBOL)
    return contracts(answer.rows)[market.pk]


def _hold(kind: Kind, count: int, contract: ContractRow) -> None:
    position = _position(kind, contract)
    row = position_row(0, position, contract)
    values = {
        "name": kind.name, "now": clock.now(), "count": count, "market": contract.market_id, "leverage": LEVERAGE,
        "wealth": kind.wealth, "size": row[1], "cost": Decimal(row[2]), "margin": Decimal(row[6]),
        "exposure": Decimal(row[7]), "index": position.funding_index, "watch": row[12],
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(_ACCOUNTS, values)
        exposure = EXACT.multiply(values["exposure"], count)
        cursor.execute("UPDATE risk_contract SET exposure = exposure + %s WHERE market_id = %s",
                       [exposure, contract.market_id])  # fmt: skip
        cursor.execute("UPDATE risk_exposuretotal SET amount = amount + %s", [exposure])
        cursor.execute("UPDATE risk_exposurelimit SET maximum = 1000000000000 WHERE scope = 'total'")


def _position(kind: Kind, contract: ContractRow) -> Position:
    lots = kind.sign * to_steps(SIZE, contract.lot)
    cost = lots * to_steps(STANDS_AT, contract.tick) * contract.terms.step
    position = Position(LEVERAGE, size=lots, cost=cost, funding_index=contract.funding_index)
    position.requirement, position.exposure = requirement(position, NO_ORDERS, contract.terms.taker_fee)
    holding = contract.holding(position)
    wealth = to_units(kind.wealth, contract.precision)
    position.watch = watch_price(Health(wealth, [holding]), holding, is_warned=False)
    return position
