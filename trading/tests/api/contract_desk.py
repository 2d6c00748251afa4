"""What tests of perpetuals share: mark prices that they move, and positions to begin with."""

from decimal import Decimal

from accounts.models import User
from common import clock
from market.models import Market, Price

PERP = "BTC-PERP"


def marks(price, symbol=PERP):
    """Index and mark price are here now; nothing looks at them yet."""
    values = {"mark": Decimal(price), "index": Decimal(price), "source": "simulation"}
    market = Market.objects.get(symbol=symbol)
    Price.objects.update_or_create(market=market, defaults={**values, "updated_at": clock.now()})


def promote(desk, tier):
    User.objects.filter(pk=desk.user.pk).update(tier=tier)


def opens(buyer, seller, quantity, price, symbol=PERP):
    """The seller's order lies in the book, the buyer takes it."""
    seller.sells(quantity, price, symbol=symbol)
    return buyer.buys(quantity, price, symbol=symbol)


def position(desk, symbol=PERP):
    """None if nothing is open there."""
    found = desk.get("positions", symbol=symbol).json()["results"]
    return found[0] if found else None
