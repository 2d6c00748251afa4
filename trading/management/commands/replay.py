"""Rebuild a market's book, orders and trades from its event log alone, and compare them with the live ones.

The same log gives the same hash on any machine. Exits with 1 if rebuilt and live differ.
"""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from tqdm import tqdm

from common.clock import from_ms
from common.errors import Refused
from common.money import EXACT, format_decimal
from market.models import Market
from market.selectors import market_by_symbol
from trading.history.live import live_state
from trading.history.reading import BrokenLog, logged_events, snapshot
from trading.history.rebuilt import RebuiltMarket
from trading.history.state import StateHash
from trading.matching.terms import BUY, SELL
from trading.models import BookState, Order, Trade


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("symbol", help="the market, such as BTC-USDT")
        parser.add_argument(
            "--until", type=int, metavar="SEQ", help="as of this sequence (default: the newest)"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            market = market_by_symbol(options["symbol"])
            with snapshot():
                found = self._replay(market, options["until"])
        except Refused as error:
            raise CommandError(f"There is no market {options['symbol']!r}.") from error
        except BrokenLog as error:
            raise CommandError(f"The log of {options['symbol']} cannot be replayed: {error}.") from error
        if found:
            raise CommandError(
                f"The log and the rows differ in: {', '.join(found)}. `manage.py audit` names the rows."
            )

    def _replay(self, market: Market, until: int | None) -> list[str]:
        """The parts that differ."""
        newest = BookState.objects.get(market=market).sequence
        last = newest if until is None else until
        if not 0 <= last <= newest:
            raise CommandError(f"--until must be from 0 to {newest}, not {last}.")
        rebuilt = self._rebuild(market, last)
        state = rebuilt.state()
        self._show("market", f"{market.symbol}, {rebuilt.book.status}")
        self._show("best bid and ask", self._best(market, rebuilt))
        self._show("orders", f"{state.order_count}, {rebuilt.live_count} of them live")
        self._show("trades", str(state.trade_count))
        for part in ("book", "orders", "trades"):
            self._show(f"hash of {part}", getattr(state, part))
        self._show("state hash", state.whole)
        return self._compare(market, state) if last == newest else []

    def _rebuild(self, market: Market, last: int) -> RebuiltMarket:
        rebuilt, time = RebuiltMarket(), None
        events = logged_events(market.pk, 1, last)
        for logged in tqdm(events, total=last, unit=" events", desc="rebuilding", disable=None, leave=False):
            rebuilt.apply(logged)
            time = logged.time
        moment = f", {from_ms(time).isoformat(' ', 'milliseconds')}" if time is not None else ""
        self._show("sequence", f"{last}{moment}")
        return rebuilt

    def _compare(self, market: Market, state: StateHash) -> list[str]:
        rows = sum(table.objects.filter(market=market).count() for table in (Order, Trade))
        with tqdm(total=rows, unit=" rows", desc="live", disable=None, leave=False) as bar:
            live = live_state(market.pk, market.symbol, bar.update)
        differing = state.differing_parts(live)
        for part in differing:
            self._show(f"live hash of {part}", getattr(live, part))
        if differing:
            self._show("live", f"{live.order_count} orders, {live.trade_count} trades")
        self._show("live state hash", live.whole)
        self._show("rebuilt and live", "DIFFERENT" if differing else "equal")
        return differing

    def _best(self, market: Market, rebuilt: RebuiltMarket) -> str:
        prices = (rebuilt.book.sides[side].best() for side in (BUY, SELL))
        shown = ["none" if p is None else format_decimal(EXACT.multiply(market.tick, p)) for p in prices]
        return " / ".join(shown)

    def _show(self, title: str, figure: str) -> None:
        self.stdout.write(f"{title:<22}{figure}")
