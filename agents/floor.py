"""The trading floor: all desks, round after round, whatever happens around them."""

import logging
import threading
import time
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

from django.db import Error as DatabaseError
from django.db import connection

from agents import cast, locks, selectors
from agents.desk import Desk, Moment, Sent
from agents.selectors import Holdings, Member
from agents.services import ensure_agents
from common import clock
from common.errors import ErrorCode, Refused
from market.models import Market, Price
from market.selectors import prices

logger = logging.getLogger(__name__)

ROUND_SECONDS = 0.25
MOST_BACK_OFF_SECONDS = 10.0
MEMBERS_SECONDS = 2.0
FUNDS_SECONDS = 60.0
STALE_AFTER = timedelta(seconds=30)
WIDENING_WHEN_STALE = 3

Say = Callable[[str], None]


class Floor:
    """Keeps the agents trading in all open markets. `say` gets a line when something worth knowing changes."""

    def __init__(self, seed: int, say: Say) -> None:
        self._seed = seed
        self._say = say
        self._lock = locks.SessionLock(locks.RUN_AGENTS)
        self._desks: dict[str, Desk] = {}
        self._members: dict[str, Member] = {}
        self._members_at = self._funds_at = float("-inf")
        self._states: dict[str, str] = {}

    def run(self, stopping: threading.Event) -> None:
        """Until `stopping` is set; then the quotes are cancelled, for nobody would look after them."""
        failures = 0
        while not stopping.is_set():
            try:
                self.round(time.monotonic())
                failures = 0
                self._tell("The exchange", "")
                stopping.wait(ROUND_SECONDS)
            except Exception as error:
                failures += 1
                self._note_failure(error)
                stopping.wait(min(MOST_BACK_OFF_SECONDS, 0.5 * 2 ** min(failures, 10)))
        self._leave()

    def round(self, now: float) -> dict[str, Sent]:
        """One look at all markets, and what each desk sent. `now` in seconds, on a clock that only grows.

        Raises what the database raises, and Refused UNAVAILABLE.
        """
        if not self._lock.hold():
            self._tell("The floor", "another run_agents is at work, waiting")
            return {}
        self._tell("The floor", "")
        quoted = [price for price in prices() if _is_quoted(price)]
        self._look_after(now, [price.market for price in quoted])
        return {price.market.symbol: self._at_desk(price, now) for price in quoted}

    def _look_after(self, now: float, markets: Iterable[Market]) -> None:
        """Now and then: who is out of money, who is suspended."""
        if now - self._funds_at >= FUNDS_SECONDS:
            ensure_agents(markets)
            self._funds_at = now
        if now - self._members_at >= MEMBERS_SECONDS:
            self._members = selectors.members(cast.LIQUIDITY_AGENTS)
            self._members_at = now

    def _at_desk(self, price: Price, now: float) -> Sent:
        symbol, moment = price.market.symbol, clock.now()
        desk = self._desk(price.market)
        if price.leased_until is not None and price.leased_until > moment:
            self._tell(symbol, "a replay has the market, standing aside")
            return desk.withdraw(list(self._members.values()))
        if price.market.status != Market.Status.OPEN:
            self._tell(symbol, "not open, waiting")
            return []
        return self._trade(desk, price, moment, int(now * 1000))

    def _desk(self, market: Market) -> Desk:
        if market.symbol not in self._desks:
            self._desks[market.symbol] = Desk(market, self._seed)
        return self._desks[market.symbol]

    def _trade(self, desk: Desk, price: Price, moment: datetime, now_ms: int) -> Sent:
        stale = moment - price.updated_at > STALE_AFTER
        self._tell(desk.market.symbol, "no news of the price, quoting wider" if stale else "")
        if desk.next_due_ms() > now_ms:
            return []
        suspended = [member for member in self._members.values() if member.is_suspended]
        if suspended:
            desk.withdraw(suspended)
        holdings: Holdings = selectors.holdings([member.account_id for member in self._members.values()])
        widening = WIDENING_WHEN_STALE if stale else 1
        positions = selectors.positions(desk.market.pk) if price.mark is not None else {}
        index = desk.steps.ticks(price.index)
        return desk.step(Moment(now_ms, index, self._members, holdings, widening, positions))

    def _leave(self) -> None:
        for desk in self._desks.values():
            try:
                desk.withdraw(list(self._members.values()))
            except Exception as error:
                self._say(f"{desk.market.symbol}: quotes left behind, they could not be cancelled ({error})")

    def _note_failure(self, error: Exception) -> None:
        """Said once, until all is well again. What nobody expects goes to the log with its place."""
        if isinstance(error, Refused) and error.code != ErrorCode.UNAVAILABLE:
            self._tell("The exchange", f"{error.message} Trying again")
        elif isinstance(error, DatabaseError | Refused):
            self._tell("The exchange", "not to be reached, trying again")
        else:
            logger.exception("a round of the agents failed")
        try:
            connection.close()
        except DatabaseError:
            pass

    def _tell(self, subject: str, state: str) -> None:
        """Only what has changed."""
        if self._states.get(subject, "") != state:
            self._states[subject] = state
            self._say(f"{subject}: {state or 'all is well again'}")


def _is_quoted(price: Price) -> bool:
    """A perpetual too, around its index, as soon as it has a mark price to be margined by."""
    return price.market.kind == Market.Kind.SPOT or price.mark is not None
