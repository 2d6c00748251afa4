"""Recordings for tests: the excerpt, and lines made by hand."""

import gzip
import json
from decimal import Decimal
from pathlib import Path

EXCERPT = Path(__file__).parent / "data" / "btcusdt_20240809_20s.gz"
START_NS = 1_700_000_000_000_000_000


def line(second, stream, **data):
    """`second` after the start, as text or int; the symbol is BTCUSDT unless told otherwise."""
    stamp = START_NS + int(Decimal(str(second)) * 10**9)
    body = {"stream": f"btcusdt@{stream}", "data": {"s": "BTCUSDT"} | data}
    return f"{stamp} {json.dumps(body)}"


def depth(second, first, last, bids=(), asks=(), **more):
    bids, asks = ([list(level) for level in side] for side in (bids, asks))
    return line(
        second, "depth@100ms", **{"e": "depthUpdate", "U": first, "u": last, "b": bids, "a": asks, **more}
    )


def trade(second, price, quantity, buyer_is_maker=False, at_ms=1, **more):
    data = {"e": "trade", "p": price, "q": quantity, "T": at_ms, "m": buyer_is_maker}
    return line(second, "trade", **data, **more)


def ticker(second, update, bid, ask, **more):
    return line(second, "bookTicker", u=update, b=bid, B="1.0", a=ask, A="1.0", **more)


def write(path, *lines, packed=True):
    text = ("\n".join(lines) + "\n").encode()
    path.write_bytes(gzip.compress(text) if packed else text)
    return path


def naive_levels(path, seconds=None):
    """The book at the end of a recording, reconstructed without a line of the product: side -> {price: quantity}."""
    book = {"buy": {}, "sell": {}}
    start = None
    with gzip.open(path, "rt") as lines:
        for text in lines:
            stamp, body = text.split(" ", 1)
            start = start or int(stamp)
            if seconds is not None and int(stamp) > start + seconds * 10**9:
                break
            message = json.loads(body)
            if "@depth" in message["stream"]:
                for side, name in (("buy", "b"), ("sell", "a")):
                    for price, quantity in message["data"][name]:
                        book[side][Decimal(price)] = Decimal(quantity)
    return {side: {price: q for price, q in levels.items() if q} for side, levels in book.items()}


def recorded_trades(path, seconds=None):
    """[(price, quantity, taker side), ...]"""
    found, start = [], None
    with gzip.open(path, "rt") as lines:
        for text in lines:
            stamp, body = text.split(" ", 1)
            start = start or int(stamp)
            if seconds is not None and int(stamp) > start + seconds * 10**9:
                break
            data = json.loads(body)["data"]
            if data.get("e") == "trade":
                found.append((Decimal(data["p"]), Decimal(data["q"]), "sell" if data["m"] else "buy"))
    return found
