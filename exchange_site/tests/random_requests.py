"""What a trader may ask for, by chance; the same chance asks for the same things, expiries left aside.

Prices lie so close that much trades, and so much of it fires what waits for a price.
"""

import random
import time
from decimal import Decimal
from typing import Any

Json = dict[str, Any]

SYMBOLS = ("BTC-USDT", "ETH-USDT")
PREVENTIONS = ("cancel_newest", "cancel_oldest", "cancel_both", "decrement")
MIDDLE_PRICE = 3000
SPREAD = 20  # the farthest price from the middle
LIVES_MS = (30, 300, 2_000, 60_000)  # of orders that expire


def random_order(chance: random.Random) -> Json:
    """Of any kind, without a client order id."""
    kinds = (
        (random_limit, 40), (_market, 10), (_immediate, 14), (_post_only, 6), (_iceberg, 8), (_expiring, 10),
        (_waiting, 12),
    )  # fmt: skip
    makers, weights = zip(*kinds, strict=True)
    made: Json = chance.choices(makers, weights)[0](chance)
    return made


def random_limit(chance: random.Random) -> Json:
    return {
        "symbol": chance.choice(SYMBOLS),
        "side": chance.choice(("buy", "sell")),
        "type": "limit",
        "price": random_price(chance),
        "quantity": f"{chance.randint(5, 20) / 1000:.3f}",
        "self_trade_prevention": chance.choice(PREVENTIONS),
    }


def random_price(chance: random.Random) -> str:
    return str(MIDDLE_PRICE + chance.randint(-SPREAD, SPREAD))


def random_linked(chance: random.Random) -> tuple[str, Json]:
    """Where to send it, and a one-cancels-the-other pair or a bracket; each leg's name is a key of the body."""
    side, quantity = chance.choice(("buy", "sell")), f"{chance.randint(5, 20) / 1000:.3f}"
    up = 1 if side == "sell" else -1  # the direction in which the legs gain
    gain = {"type": "limit", "price": str(MIDDLE_PRICE + up * chance.randint(3, SPREAD))}
    stop: Json = {"type": "stop_market", "trigger_price": str(MIDDLE_PRICE - up * chance.randint(3, SPREAD))}
    if chance.random() < 0.4:
        stop = {"type": "trailing_stop", "trail_amount": str(chance.randint(3, SPREAD))}
    legs: Json = {"symbol": chance.choice(SYMBOLS), "take_profit": gain, "stop_loss": stop}
    if chance.random() < 0.5:
        return "orders/oco", legs | {"side": side, "quantity": quantity}
    entry = {"side": "buy" if side == "sell" else "sell", "quantity": quantity}
    entry |= {"type": "limit", "price": str(MIDDLE_PRICE + chance.randint(-2, 2))}
    return "orders/bracket", legs | {"entry": entry}


def _market(chance: random.Random) -> Json:
    order = random_limit(chance) | {"type": "market"}
    del order["price"]
    if order["side"] == "buy" and chance.random() < 0.5:
        order["quote_quantity"] = str(MIDDLE_PRICE * Decimal(order.pop("quantity")))
    return order


def _immediate(chance: random.Random) -> Json:
    return random_limit(chance) | {"time_in_force": chance.choice(("ioc", "fok"))}


def _post_only(chance: random.Random) -> Json:
    return random_limit(chance) | {"post_only": True}


def _iceberg(chance: random.Random) -> Json:
    return random_limit(chance) | {"quantity": "0.03", "display_quantity": f"0.00{chance.randint(3, 9)}"}


def _expiring(chance: random.Random) -> Json:
    expires_at = int(time.time() * 1000) + chance.choice(LIVES_MS)
    return random_limit(chance) | {"time_in_force": "gtd", "expires_at": expires_at}


def _waiting(chance: random.Random) -> Json:
    order = random_limit(chance)
    order["type"] = chance.choice(
        ("stop_limit", "stop_market", "take_profit_limit", "take_profit_market", "trailing_stop")
    )
    if not order["type"].endswith("limit"):
        del order["price"]
    if order["type"] == "trailing_stop":
        return order | {"trail_percent": "0.2", "trigger_source": chance.choice(("last", "index"))}
    up = 1 if (order["side"] == "buy") != order["type"].startswith("take_profit") else -1
    return order | {"trigger_price": str(MIDDLE_PRICE + up * chance.randint(1, SPREAD))}
