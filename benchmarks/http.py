"""HTTP through the server programs of `make demo`: orders and market data, beside views that do nothing."""

import os
from collections.abc import Sequence
from typing import NamedTuple

from accounts.models import User
from accounts.services import issue_tokens
from benchmarks import load, servers
from benchmarks.durable_flow import ASK, BID, QUANTITY, HalfTrading
from benchmarks.measure import Comparison, Figure
from benchmarks.venue import open_venue

SYMBOL = "BTC-USDT"
CONNECTIONS = 16
SECONDS = 3.0  # of one contestant in one round
ROUNDS = 7
PEOPLE = 16
LEVELS_OF_ORDERS = 2_000  # resting orders behind the best price, so that a book of 50 levels is full


class Contestant(NamedTuple):
    name: str
    requests: Sequence[bytes]
    status: int
    connections: int


def run() -> list[Comparison]:
    flow = HalfTrading(open_venue(), SYMBOL)
    flow.fill_queues()
    flow.rest_behind(LEVELS_OF_ORDERS)
    with servers.running("benchmarks.idle_site.settings") as port:
        return [*_orders(port), *_market_data(port, "book", f"/api/v1/orderbook/{SYMBOL}"),
                *_market_data(port, "ticker", f"/api/v1/ticker/{SYMBOL}")]  # fmt: skip


def _orders(port: int) -> list[Comparison]:
    place = Contestant("POST /orders", _order_requests("/api/v1/orders"), 201, CONNECTIONS)
    idle = Contestant("the view that does nothing", _order_requests("/idle/orders"), 201, CONNECTIONS)
    ours, beside = _in_turn(port, [place, idle])
    workers = os.environ.get("WEB_WORKERS") or "as many as by default"
    note = f"Through the proxy; web workers: {workers}; {PEOPLE} users, half of the orders trade."
    what = f"single POST /orders, {CONNECTIONS} connections, acknowledged after commit"
    return [
        Comparison(what, "1,500/s", _rates(place, ours), (_rates(idle, beside),), (note,)),
        Comparison(f"{what}: p99", "under 30 ms", _p99(place, ours), (_p99(idle, beside),)),
    ]  # fmt: skip


def _market_data(port: int, name: str, path: str) -> list[Comparison]:
    def pair(connections: int) -> list[Contestant]:
        real = Contestant(f"GET {name}", [load.request_bytes("GET", path)], 200, connections)
        bare = Contestant("a bare view", [load.request_bytes("GET", "/idle")], 200, connections)
        return [real, bare]

    busy, low = pair(CONNECTIONS), pair(1)
    (ours, beside), (ours_alone, beside_alone) = _in_turn(port, busy), _in_turn(port, low)
    what = f"GET {name}, {CONNECTIONS} connections"
    return [
        Comparison(what, "8,000/s", _rates(busy[0], ours), (_rates(busy[1], beside),)),
        Comparison(f"GET {name}, one connection: mean", "under 1 ms",
                   _means(low[0], ours_alone), (_means(low[1], beside_alone),)),
    ]  # fmt: skip


def _in_turn(port: int, contestants: Sequence[Contestant]) -> list[list[load.Load]]:
    """The loads of each contestant, one per round; the first round only warms up."""
    loads: list[list[load.Load]] = [[] for _ in contestants]
    for _ in range(ROUNDS + 1):
        for contestant, own in zip(contestants, loads, strict=True):
            done = load.run("127.0.0.1", port, contestant.requests, contestant.connections, SECONDS)
            assert set(done.statuses) == {contestant.status}, f"{contestant.name}: {done.statuses}"
            own.append(done)
    return [own[1:] for own in loads]


def _rates(contestant: Contestant, loads: Sequence[load.Load]) -> Figure:
    return Figure(contestant.name, "requests/s", tuple(each.per_second for each in loads))


def _means(contestant: Contestant, loads: Sequence[load.Load]) -> Figure:
    return Figure(contestant.name, "ms", tuple(each.mean_ms for each in loads))


def _p99(contestant: Contestant, loads: Sequence[load.Load]) -> Figure:
    return Figure(contestant.name, "ms", tuple(each.percentile_ms(99) for each in loads))


def _order_requests(path: str) -> list[bytes]:
    """Of half the people orders that rest, of the others orders that take one of them, in turn."""
    users = User.objects.filter(account__kind="user").order_by("pk")
    half = len(users) // 2
    makers, takers = users[: PEOPLE // 2], users[half : half + PEOPLE // 2]
    pairs = zip([_bearer(user) for user in makers], [_bearer(user) for user in takers], strict=True)
    return [
        load.request_bytes("POST", path, _order(side, price), bearer)
        for maker, taker in pairs
        for bearer, side, price in (
            (maker, "buy", BID), (taker, "buy", ASK), (maker, "sell", ASK), (taker, "sell", BID)
        )
    ]  # fmt: skip


def _order(side: str, price: object) -> dict[str, str]:
    return {"symbol": SYMBOL, "side": side, "type": "limit", "price": str(price), "quantity": str(QUANTITY)}


def _bearer(user: User) -> dict[str, str]:
    return {"Authorization": f"Bearer {issue_tokens(user).access}"}
