"""One market with its agents, round by round, each round at the moment when the next agent is due."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from agents import cast, selectors
from agents.desk import Desk, Moment
from agents.selectors import Holdings
from agents.services import ensure_agents
from agents.simulation.tally import Tally
from market.feeds.simulation import SimulatedFeed, Walk
from market.models import Asset, Market
from trading.services import open_market

PRICE_TICK_MS = 1_000

Progress = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class MarketRules:
    """A market and its two assets, to be made anew elsewhere."""

    market: Market
    base: Asset
    quote: Asset


@dataclass(slots=True)
class Run:
    """What a simulation gave. Holdings are by account; `names` says whose the accounts are."""

    tally: Tally
    first_price: Decimal
    prices: list[Decimal]
    names: dict[int, str]
    before: Holdings
    after: Holdings
    best_bid: Decimal | None
    best_ask: Decimal | None
    simulated_ms: int


def make_market(rules: MarketRules) -> Market:
    """The market with the same rules in the database now connected, and open."""
    for asset in (rules.base, rules.quote):
        Asset.objects.create(code=asset.code, name=asset.name, precision=asset.precision)
    copied = {
        field: getattr(rules.market, field)
        for field in ("symbol", "kind", "tick", "lot", "minimum_notional", "maker_fee", "taker_fee")
    }
    market = Market.objects.create(base_id=rules.base.code, quote_id=rules.quote.code, **copied)
    open_market(market)
    return market


def simulate(market: Market, first_price: Decimal, seed: int, orders: int, progress: Progress) -> Run:
    """Let the agents send exactly that many orders. `progress` is told how many each round sent."""
    ensure_agents([market])
    members = selectors.members(cast.LIQUIDITY_AGENTS)
    names = {member.account_id: name for name, member in members.items()}
    before = selectors.holdings(names)
    prices = _PricePath(market, first_price, seed)
    desk, tally = Desk(market, seed), Tally()
    now_ms = 0
    while tally.orders < orders:
        now_ms = max(now_ms, desk.next_due_ms())
        prices.walk_to(now_ms)
        moment = Moment(now_ms, desk.steps.ticks(prices.last), members, selectors.holdings(names))
        sent = desk.step(moment, most_orders=orders - tally.orders)
        progress(tally.add(sent))
    desk.book.advance()
    best = desk.book.snapshot(1)
    return Run(
        tally, first_price, prices.seen, names, before, selectors.holdings(names),
        best.bids[0][0] if best.bids else None, best.asks[0][0] if best.asks else None, now_ms,
    )  # fmt: skip


class _PricePath:
    """The seeded price feed, a step each second of simulated time."""

    def __init__(self, market: Market, first: Decimal, seed: int) -> None:
        self._market = market
        self._seed = seed
        self.seen = [first]

    @property
    def last(self) -> Decimal:
        return self.seen[-1]

    def walk_to(self, now_ms: int) -> None:
        while len(self.seen) * PRICE_TICK_MS <= now_ms:
            self.seen.append(self._next())

    def _next(self) -> Decimal:
        market = self._market
        walk = Walk(
            symbol=market.symbol,
            base=market.base_id,
            quote=market.quote_id,
            tick=market.tick,
            last=self.last,
            steps=len(self.seen) - 1,
        )
        return SimulatedFeed(self._seed, [walk], {}).fetch([market.symbol])[market.symbol]
