"""The agents of one market: what they see, what they decide, what they send. They trade as anyone does."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from agents import cast
from agents.followed_book import FollowedBook
from agents.selectors import Holding, Holdings, Member
from agents.steps import Steps
from agents.strategies.maker import MakerParameters, requote
from agents.strategies.noise import NoiseParameters, next_order, pause_ms
from agents.strategies.view import MarketView, OwnOrder, Purse
from market.models import Market
from trading.matching.terms import BUY, SELL
from trading.matching_service.requests import Outcome, Request
from trading.services import CancelAllRequest, CancelRequest, PlaceRequest, submit

REQUOTE_MS = 1_000
QUOTES_IN_FUNDS = 1_000  # an average quote is this part of an agent's funds
# Of a perpetual an agent holds no more than this part of what it would have of the coin, long or short, and leans
# against the first quarter of it with all it has: nobody wants to carry a position.
POSITIONS_IN_FUNDS = 10
LEANS_AT = 4
MOST_LEVERAGE = 2  # what an agent orders, in its money; the exchange would let it have more


@dataclass(frozen=True, slots=True)
class Moment:
    """What is the same for all agents of a market. `index` in ticks; `widening`: times the usual distances;
    `positions`: of a perpetual, by account."""

    now_ms: int
    index: int
    members: dict[str, Member]
    holdings: Holdings
    widening: int = 1
    positions: Mapping[int, Decimal] = field(default_factory=dict)

    def at_work(self, name: str) -> Member | None:
        member = self.members.get(name)
        return None if member is None or member.is_suspended else member


@dataclass(slots=True)
class Agent:
    """An agent at one desk. `due_ms`: when it acts next; None: it has not begun."""

    name: str
    rng: random.Random
    due_ms: int | None = None

    def is_due(self, now_ms: int) -> bool:
        return self.due_ms is None or self.due_ms <= now_ms


@dataclass(slots=True)
class Plan:
    """What a desk is about to send. Cancels go first, so that nobody meets a quote that is about to go."""

    cancels: list[Request] = field(default_factory=list)
    takes: list[Request] = field(default_factory=list)
    places: list[Request] = field(default_factory=list)

    def requests(self, most_orders: int | None) -> list[Request]:
        return [*self.cancels, *[*self.takes, *self.places][:most_orders]]


Sent = list[tuple[Request, Outcome]]


class Desk:
    """The same seed, moments and fates give the same requests."""

    def __init__(self, market: Market, seed: int) -> None:
        self.market = market
        self.steps = Steps(market)
        self.book = FollowedBook(market.symbol)
        funds = self.steps.lots(cast.funds(market.base_id))
        self.size = max(1, funds // QUOTES_IN_FUNDS)
        self.most_position = max(LEANS_AT, funds // POSITIONS_IN_FUNDS)
        self.noise = NoiseParameters(size=self.size)
        self.makers = [self._agent(name, seed) for name in cast.MAKERS]
        self.noise_traders = [self._agent(name, seed) for name in cast.NOISE_TRADERS]

    def _agent(self, name: str, seed: int) -> Agent:
        return Agent(name, random.Random(f"{seed}:{self.market.symbol}:{name}"))

    def next_due_ms(self) -> int:
        return min(agent.due_ms or 0 for agent in (*self.makers, *self.noise_traders))

    def step(self, moment: Moment, most_orders: int | None = None) -> Sent:
        """Let all act who are due, in one batch with at most `most_orders` new orders.

        Raises what trading.services.submit and the database raise; the next step sees what came of it.
        """
        makers = [agent for agent in self.makers if agent.is_due(moment.now_ms)]
        noisy = [agent for agent in self.noise_traders if agent.is_due(moment.now_ms)]
        if not makers and not noisy:
            return []
        self.book.advance()
        plan = Plan()
        for agent in makers:
            self._quote(agent, moment, plan)
        for agent in noisy:
            self._trade(agent, moment, plan)
        self._set_due(moment.now_ms, makers, noisy)
        return self._send(plan.requests(most_orders))

    def withdraw(self, members: Sequence[Member]) -> Sent:
        """Cancel all that these agents have in the book."""
        self.book.advance()
        present = [member for member in members if self.book.orders_of(member.account_id)]
        return self._send([CancelAllRequest(member.account_id) for member in present])

    def _set_due(self, now_ms: int, makers: Sequence[Agent], noise_traders: Sequence[Agent]) -> None:
        """When each acts again. The makers move together, so that none meets the old quotes of another."""
        for agent in makers:
            agent.due_ms = now_ms + REQUOTE_MS
        for agent in noise_traders:
            agent.due_ms = now_ms + pause_ms(self.noise, agent.rng)

    def _quote(self, agent: Agent, moment: Moment, plan: Plan) -> None:
        member = moment.at_work(agent.name)
        if member is None:
            return
        account_id = member.account_id
        orders = self.book.orders_of(account_id)
        quotes = requote(
            self._view_of_others(moment),
            [OwnOrder(order.order_id, order.side, order.limit, order.open) for order in orders],
            self._purse(account_id, moment),
            MakerParameters(size=self.size, widening=moment.widening),
            agent.rng,
        )
        plan.cancels += [CancelRequest(account_id, order_id) for order_id in quotes.cancel]
        plan.takes += [PlaceRequest(account_id, self.steps.immediate(wish)) for wish in quotes.take]
        plan.places += [PlaceRequest(account_id, self.steps.post_only(wish)) for wish in quotes.place]

    def _trade(self, agent: Agent, moment: Moment, plan: Plan) -> None:
        member = moment.at_work(agent.name)
        if member is None:
            return
        view = self._view(moment.index, self.book.best(BUY), self.book.best(SELL))
        wish = next_order(view, self._purse(member.account_id, moment), self.noise, agent.rng)
        if wish is not None:
            plan.places.append(PlaceRequest(member.account_id, self.steps.immediate(wish)))

    def _view_of_others(self, moment: Moment) -> MarketView:
        """Without the makers: each of them is about to move its quotes."""
        makers = frozenset(m.account_id for name, m in moment.members.items() if name in cast.MAKERS)
        best_bid, best_ask = (self.book.best_of_others(side, makers) for side in (BUY, SELL))
        return self._view(moment.index, best_bid, best_ask)

    def _view(self, index: int, best_bid: int | None, best_ask: int | None) -> MarketView:
        return MarketView(index, best_bid, best_ask, self.steps.minimum_cost)

    def _purse(self, account_id: int, moment: Moment) -> Purse:
        if self.market.kind == Market.Kind.PERPETUAL:
            return self._room(account_id, moment)
        has = moment.holdings.get(account_id, {})
        base, quote = (has.get(asset, Holding()) for asset in (self.market.base_id, self.market.quote_id))
        return Purse(
            base=self.steps.lots(base.available),
            quote=self.steps.costs(quote.available),
            base_total=self.steps.lots(base.available + base.held),
            base_target=self.steps.lots(cast.funds(self.market.base_id)),
        )

    def _room(self, account_id: int, moment: Moment) -> Purse:
        """Of a perpetual there is nothing to be spent, but room for so much more, either way."""
        size = self.steps.lots(moment.positions.get(account_id, Decimal(0)))
        orders = self.book.orders_of(account_id)
        bids = sum(order.limit * order.open for order in orders if order.side == BUY)
        asks = sum(order.open for order in orders if order.side == SELL)
        free = moment.holdings.get(account_id, {}).get(self.market.quote_id, Holding()).available
        most = self.steps.costs(free) * MOST_LEVERAGE
        leans_at = self.most_position // LEANS_AT
        return Purse(
            base=max(0, min(self.most_position + size - asks, most // moment.index)),
            quote=max(0, min((self.most_position - size) * moment.index - bids, most)),
            base_total=leans_at + size,
            base_target=leans_at,
        )

    def _send(self, requests: list[Request]) -> Sent:
        return list(zip(requests, submit(self.market.symbol, requests), strict=True))
