"""The assets and markets that every new exchange begins with."""

from decimal import Decimal

from django.db import transaction

from accounts.models import Account
from accounts.services import system_account
from market.models import Asset, Market
from risk.services import ContractTerms, make_lending_terms, make_limits, open_contract
from trading.services.open_market import open_market

ASSETS = [("USDT", "Tether", 8), ("BTC", "Bitcoin", 8), ("ETH", "Ether", 8)]  # code, name, precision
MARKETS = [
    # symbol, base, quote, tick, lot, least notional
    ("BTC-USDT", "BTC", "USDT", "0.01", "0.00001", "5"),
    ("ETH-USDT", "ETH", "USDT", "0.01", "0.0001", "5"),
    ("ETH-BTC", "ETH", "BTC", "0.00001", "0.001", "0.0001"),
]
PERPETUALS = [
    # symbol, base, underlying, tick, lot, least notional
    ("BTC-PERP", "BTC", "BTC-USDT", "0.1", "0.001", "5"),
    ("ETH-PERP", "ETH", "ETH-USDT", "0.01", "0.01", "5"),
]
PERPETUAL_FEES = {"maker_fee": Decimal("0.0002"), "taker_fee": Decimal("0.0005")}
# A replay shows a recorded venue's whole book as the orders of one account, some thousand levels. It may also
# take the price to another world within a second, and so these markets have neither a price band nor a circuit
# breaker until an operator sets them (docs/decisions/0010-market-states-and-auction.md).
MOST_OPEN_ORDERS = 20_000


def make_first_markets() -> list[Market]:
    """Make what is missing of them, open to be traded. Safe to repeat; what an operator changed stays."""
    for code, name, precision in ASSETS:
        Asset.objects.get_or_create(code=code, defaults={"name": name, "precision": precision})
    system_account(Account.Kind.ROUNDING, "rounding")
    make_limits()
    make_lending_terms()
    spot = [_make_market(*row) for row in MARKETS]
    return spot + [_make_perpetual(*row) for row in PERPETUALS]


@transaction.atomic
def _make_market(symbol: str, base: str, quote: str, tick: str, lot: str, minimum: str) -> Market:
    rules = {"tick": Decimal(tick), "lot": Decimal(lot), "minimum_notional": Decimal(minimum)}
    market, made = Market.objects.get_or_create(
        symbol=symbol,
        defaults={"base_id": base, "quote_id": quote, "maximum_open_orders": MOST_OPEN_ORDERS, **rules},
    )
    if made:
        market.full_clean()
    open_market(market)
    return market


@transaction.atomic
def _make_perpetual(symbol: str, base: str, underlying: str, tick: str, lot: str, minimum: str) -> Market:
    rules = {"tick": Decimal(tick), "lot": Decimal(lot), "minimum_notional": Decimal(minimum)}
    market, made = Market.objects.get_or_create(
        symbol=symbol,
        defaults={
            "kind": Market.Kind.PERPETUAL, "base_id": base, "quote_id": "USDT",
            "maximum_open_orders": MOST_OPEN_ORDERS, **rules, **PERPETUAL_FEES,
        },
    )  # fmt: skip
    if made:
        market.full_clean()
    open_contract(market, ContractTerms(underlying))
    open_market(market)
    return market
