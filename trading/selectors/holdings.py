"""What an account owns, and what that is worth."""

from decimal import Decimal
from functools import reduce
from typing import NamedTuple

from accounts.selectors import balances
from common.money import EXACT
from market.models import Market
from market.selectors import prices

EQUITY_ASSET = "USDT"


class Holding(NamedTuple):
    asset: str
    total: Decimal
    available: Decimal
    held: Decimal


class Holdings(NamedTuple):
    """equity: all balances at index prices, in equity_asset; `unpriced` assets are left out of it."""

    balances: list[Holding]
    equity: Decimal
    equity_asset: str
    unpriced: list[str]


def holdings(account_id: int) -> Holdings:
    rows = [
        Holding(row.asset, EXACT.add(row.available, row.held), row.available, row.held)
        for row in balances(account_id)
    ]
    worth = {EQUITY_ASSET: Decimal(1)}
    worth |= {
        price.market.base_id: price.index
        for price in prices()
        if price.market.quote_id == EQUITY_ASSET and price.market.kind == Market.Kind.SPOT
    }
    equity = reduce(
        EXACT.add,
        (EXACT.multiply(row.total, worth[row.asset]) for row in rows if row.asset in worth),
        Decimal(0),
    )
    unpriced = [row.asset for row in rows if row.asset not in worth]
    return Holdings(rows, equity, EQUITY_ASSET, unpriced)
