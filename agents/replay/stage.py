"""Before and after a replay: funds, a price of its own, and a book without the other agents."""

import threading
from collections.abc import Callable, Sequence

from agents import cast
from agents.replay.survey import Survey
from agents.selectors import Member, members
from agents.services import ensure_member, fund
from agents.steps import Steps
from common.errors import Refused
from market.models import Market
from trading.selectors import open_orders
from trading.services import cancel_all

PATIENCE_SECONDS = 6.0
LOOK_SECONDS = 0.25
RESERVE = 2  # times what the recording needs: levels grow before others shrink

Say = Callable[[str], None]


def cast_of_replay(market: Market, survey: Survey) -> tuple[Member, Member]:
    """Maker and taker, without leftovers and with all the test money that the recording takes.

    Raises Refused CONFLICT if somebody has taken their names.
    """
    maker, taker = ensure_member(cast.REPLAY_MAKER), ensure_member(cast.REPLAY_TAKER)
    for member in (maker, taker):
        cancel_all(member.account_id, market.symbol)
    steps = Steps(market)
    traded, cost = steps.quantity(survey.traded), steps.cost(survey.traded_cost)
    asks, bids = steps.quantity(survey.most_asks), steps.cost(survey.most_bids)
    base, quote = market.base_id, market.quote_id
    fund(maker.account_id, {base: 2 * RESERVE * (asks + traded), quote: 2 * RESERVE * (bids + cost)})
    fund(taker.account_id, {base: 2 * RESERVE * traded, quote: 2 * RESERVE * cost})
    return maker, taker


def wait_for_empty_desks(
    symbol: str, stopping: threading.Event, meanwhile: Callable[[], None], say: Say
) -> None:
    """Until the liquidity agents have left the market, as they do when its price is leased.

    Where nobody runs them, what they left behind is cancelled for them.
    """
    present = _present(symbol)
    if present:
        say(f"waiting for the liquidity agents to leave {symbol}")
    for _ in range(int(PATIENCE_SECONDS / LOOK_SECONDS)):
        if not present or stopping.wait(LOOK_SECONDS):
            return
        meanwhile()
        present = _present(symbol)
    for member in present:
        cancel_all(member.account_id, symbol)


def leave(symbol: str, replay: Sequence[Member]) -> str:
    """Cancel what the replay has in the book; what went wrong, in words."""
    try:
        for member in replay:
            cancel_all(member.account_id, symbol)
    except Refused as refused:
        return str(refused)
    return ""


def _present(symbol: str) -> list[Member]:
    agents = members(cast.LIQUIDITY_AGENTS).values()
    return [agent for agent in agents if open_orders(agent.account_id, symbol).exists()]
