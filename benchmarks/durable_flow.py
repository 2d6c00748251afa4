"""Orders of which half trade at once, each with one older order: the flow of the durable figures."""

import random
from collections.abc import Sequence
from decimal import Decimal

from benchmarks.venue import Venue
from trading.matching_service.requests import Outcome
from trading.rules import NewOrder
from trading.services import PlacedOrder, PlaceRequest, submit

BID, ASK = Decimal("59999.99"), Decimal("60000.00")
QUANTITY = Decimal("0.01")
TICK = Decimal("0.01")
LEVELS_BEHIND = 5_000
BATCH_BEHIND = 500
QUEUE = 500  # orders that wait at the best price of each side when measuring begins


class HalfTrading:
    """Batches for one market: of each four orders two rest at the best bid and ask, two take one order each.

    What rests is taken oldest first and `QUEUE` orders wait on each side, so that a taker meets an order of
    an earlier batch, as on a real market: its row is changed and not only made.
    """

    def __init__(
        self, venue: Venue, symbol: str, seed: int = 1, bid: Decimal = BID, ask: Decimal = ASK
    ) -> None:
        self.venue = venue
        self.symbol = symbol
        self.bid, self.ask = bid, ask
        self.chance = random.Random(seed)

    def fill_queues(self) -> None:
        for side, price in (("buy", self.bid), ("sell", self.ask)):
            requests = [self._maker(side, price) for _ in range(QUEUE)]
            check_traded(submit(self.symbol, requests), 0)

    @property
    def orders_in_a_stretch(self) -> int:
        """Of `fill_queues` and `empty_queues` together."""
        return 4 * QUEUE

    def empty_queues(self) -> None:
        """Every order that waits is taken."""
        for side, price in (("buy", self.ask), ("sell", self.bid)):
            check_traded(submit(self.symbol, [self._taker(side, price) for _ in range(QUEUE)]), QUEUE)

    def rest_behind(self, orders: int) -> None:
        """So many orders on worse prices, spread over levels on both sides."""
        for _ in range(orders // BATCH_BEHIND):
            check_traded(submit(self.symbol, [self._behind() for _ in range(BATCH_BEHIND)]), 0)

    def batch(self, size: int) -> list[PlaceRequest]:
        """`size` orders, a multiple of four."""
        requests = []
        for _ in range(size // 4):
            requests += [
                self._maker("buy", self.bid), self._taker("buy", self.ask),
                self._maker("sell", self.ask), self._taker("sell", self.bid),
            ]  # fmt: skip
        return requests

    def _maker(self, side: str, price: Decimal) -> PlaceRequest:
        return PlaceRequest(self.chance.choice(self.venue.makers), NewOrder(side, "limit", QUANTITY, price))

    def _behind(self) -> PlaceRequest:
        """Of anybody: a market does not let one account have more than a thousand open orders."""
        account_id = self.chance.choice(self.venue.people)
        distance = self.chance.randint(1, LEVELS_BEHIND) * TICK
        side, price = self.chance.choice((("buy", self.bid - distance), ("sell", self.ask + distance)))
        return PlaceRequest(account_id, NewOrder(side, "limit", QUANTITY, price))

    def _taker(self, side: str, price: Decimal) -> PlaceRequest:
        return PlaceRequest(self.chance.choice(self.venue.takers), NewOrder(side, "limit", QUANTITY, price))


def check_traded(outcomes: Sequence[Outcome], trades: int) -> list[PlacedOrder]:
    """Every order was taken, and that many traded: what was measured is what was meant."""
    placed = [outcome for outcome in outcomes if isinstance(outcome, PlacedOrder)]
    others = [outcome for outcome in outcomes if not isinstance(outcome, PlacedOrder)]
    assert not others, f"not taken: {others[0]}"
    fills = sum(len(order.fills) for order in placed)
    assert fills == trades, f"{fills} trades, {trades} were meant"
    return placed
