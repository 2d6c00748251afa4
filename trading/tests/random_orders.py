"""Orders by chance, in a band narrow enough that much trades."""

from decimal import Decimal

from trading.rules import NewOrder

PREVENTIONS = ("cancel_newest", "cancel_oldest", "cancel_both", "decrement")
# Symbol -> (middle price in ticks, tick, lots of an order, lot)
BANDS = {
    "BTC-USDT": (6_000_000, "0.01", 2000, "0.00001"),
    "ETH-USDT": (200_000, "0.01", 3000, "0.0001"),
    "ETH-BTC": (3_333, "0.00001", 300, "0.001"),
}


def random_order(chance, symbol, band=None):
    """A limit or a market order; the same chance gives the same orders."""
    middle, tick, lots, lot = band or BANDS[symbol]
    side = chance.choice(("buy", "sell"))
    quantity = chance.randint(lots // 4, lots) * Decimal(lot)
    price = (middle + chance.randint(-5, 5)) * Decimal(tick)
    terms = {"self_trade_prevention": chance.choice(PREVENTIONS)}
    if chance.random() < 0.1:  # other processes use the same ids
        terms["client_order_id"] = f"shared-{chance.randrange(40)}"
    if chance.random() < 0.1:
        by_cost = side == "buy" and chance.random() < 0.5
        amount = {"quote_quantity": quantity * price} if by_cost else {"quantity": quantity}
        return NewOrder(side, "market", **amount, **terms)
    life = chance.choice(("gtc", "gtc", "gtc", "ioc", "fok"))
    return NewOrder(side, "limit", quantity, price, time_in_force=life, **terms)
