"""Run the liquidity agents headless in a scratch database, and print what happened.

The same seed gives the same trades on any machine with the same market rules. The exchange itself is not
touched: the scratch database is made on the same server and dropped at the end.
"""

import signal
import time
from decimal import Decimal
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import Error as DatabaseError
from tqdm import tqdm

from agents.audit import audit_line, violations
from agents.simulation import report
from agents.simulation.scratch_database import scratch_database
from agents.simulation.simulate import MarketRules, Run, make_market, simulate
from common.errors import Refused
from market.feeds.simulation import ANCHORS, to_tick
from market.models import Market
from market.selectors import market_by_symbol

MOST_ORDERS = 1_000_000


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--seed", type=int, default=7, help="of prices and decisions (default 7)")
        parser.add_argument("--orders", type=int, default=5_000, help="how many orders (default 5000)")
        parser.add_argument("--symbol", default="BTC-USDT", help="the market (default BTC-USDT)")

    def handle(self, *args: Any, **options: Any) -> None:
        seed, orders, symbol = options["seed"], options["orders"], options["symbol"]
        if not 1 <= orders <= MOST_ORDERS:
            raise CommandError(f"--orders must be from 1 to {MOST_ORDERS}, not {orders}.")
        rules, first_price = _rules(symbol)
        self.stdout.write(f"{symbol}, seed {seed}, {orders} orders")
        signal.signal(signal.SIGTERM, _end_in_order)
        try:
            with scratch_database():
                self._run(make_market(rules), first_price, seed, orders)
        except KeyboardInterrupt:
            raise CommandError("Interrupted; the scratch database is dropped.", returncode=130) from None
        except DatabaseError as error:
            raise CommandError(f"The database refused: {error}") from error

    def _run(self, market: Market, first_price: Decimal, seed: int, orders: int) -> None:
        started = time.perf_counter_ns()
        with tqdm(total=orders, unit=" orders", disable=None, leave=False) as bar:
            run: Run = simulate(market, first_price, seed, orders, bar.update)
        seconds = Decimal(time.perf_counter_ns() - started) / 10**9
        found = violations()
        for title, figure in [*report.lines(market, run, seconds), ("audit", audit_line(found))]:
            self.stdout.write(f"{title:<26}{figure}")
        if found:
            raise CommandError("The audit of the simulation found violations.")


def _rules(symbol: str) -> tuple[MarketRules, Decimal]:
    """The market as it is now, and where the seeded prices begin."""
    try:
        market = market_by_symbol(symbol)
    except Refused:
        known = ", ".join(Market.objects.filter(kind=Market.Kind.SPOT).values_list("symbol", flat=True))
        raise CommandError(f"There is no market {symbol!r}; there are: {known or 'none'}.") from None
    except DatabaseError as error:
        raise CommandError(f"The markets cannot be read (is the database migrated?): {error}") from error
    return MarketRules(market, market.base, market.quote), _first_price(market)


def _first_price(market: Market) -> Decimal:
    """The simulation's anchor, not today's price: the same on any machine."""
    price = ANCHORS.get(market.symbol)
    base, quote = (ANCHORS.get(f"{asset}-USDT") for asset in (market.base_id, market.quote_id))
    if price is None and base is not None and quote is not None:
        price = base / quote
    if price is None:
        raise CommandError(f"The simulation has no price to begin {market.symbol} with.")
    return to_tick(price, market.tick)


def _end_in_order(*_: Any) -> None:
    """SIGTERM ends as Ctrl-C does, so that the scratch database is dropped."""
    raise KeyboardInterrupt
