"""Trades as rows, for tests of what is read from them."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from market.models import Asset, Market
from trading.models import Trade

NOON = datetime(2026, 3, 14, 12, tzinfo=UTC)


def at(seconds):
    return NOON + timedelta(seconds=seconds)


def market_of(symbol="BTC-USDT"):
    base, quote = symbol.split("-")
    for code in (base, quote):
        Asset.objects.get_or_create(code=code, defaults={"name": code, "precision": 8})
    market, _ = Market.objects.get_or_create(
        symbol=symbol,
        defaults={
            "base_id": base,
            "quote_id": quote,
            "tick": Decimal("0.01"),
            "lot": Decimal("0.00001"),
            "minimum_notional": 5,
        },
    )
    return market


def row(market, sequence, price, quantity, created_at, side="buy"):
    price, quantity = Decimal(price), Decimal(quantity)
    return Trade(
        id=market.id * 1_000_000 + sequence,
        market=market,
        sequence=sequence,
        price=price,
        quantity=quantity,
        cost=price * quantity,
        taker_side=side,
        taker_order_id=1,
        maker_order_id=2,
        taker_account_id=1,
        maker_account_id=2,
        taker_fee=0,
        maker_fee=0,
        ledger_transaction_id=sequence,
        created_at=created_at,
    )


def print_trades(market, *trades, after: datetime):
    """Trades of (seconds after, price, quantity), one event each from where the market stands."""
    newest = (
        Trade.objects.filter(market=market).order_by("-sequence").values_list("sequence", flat=True).first()
    )
    rows = [
        row(market, sequence, price, quantity, after + timedelta(seconds=seconds))
        for sequence, (seconds, price, quantity) in enumerate(trades, (newest or 0) + 1)
    ]
    return Trade.objects.bulk_create(rows)
