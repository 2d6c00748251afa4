"""Play a recorded capture of a venue's public streams through the exchange (docs/replay-format.md).

An agent keeps our book's levels equal to the recorded ones, each recorded trade arrives as another account's
taker order, and the price follows. The liquidity agents leave the market meanwhile.
"""

import time
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import Error as DatabaseError
from tqdm import tqdm

from agents import locks
from agents.audit import audit_line, violations
from agents.management.arguments import speed_of, stop_on_signals
from agents.replay import report, stage
from agents.replay.leased_price import LeasedPrice
from agents.replay.pace import Pace
from agents.replay.player import Player
from agents.replay.recording import BadRecording, Recording
from agents.replay.survey import Survey, survey
from common.errors import Refused
from market.models import Market
from market.selectors import market_by_symbol


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, help="the recording, gzip or plain text")
        parser.add_argument("--symbol", default="BTC-USDT", help="the market (default BTC-USDT)")
        parser.add_argument("--speed", default="1", help="times the recorded speed (default 1), or max")
        parser.add_argument("--limit-seconds", type=int, help="replay only the first seconds")
        parser.add_argument("--keep-book", action="store_true", help="leave the replay's orders in the book")
        parser.add_argument("--no-audit", action="store_true", help="no audit at the end")
        parser.add_argument("--force", action="store_true", help="run outside demo mode too")

    def handle(self, *args: Any, **options: Any) -> None:
        if not (settings.DEMO or options["force"]):
            raise CommandError("A replay gives its accounts test money: demo mode only, or --force.")
        speed, limit = speed_of(options["speed"]), options["limit_seconds"]
        if limit is not None and limit < 1:
            raise CommandError(f"--limit-seconds must be at least 1, not {limit}.")
        try:
            market = market_by_symbol(options["symbol"])
            recording = Recording(options["file"], market.symbol, market.tick, market.lot)
            failure = self._replay(market, recording, speed, limit, options)
        except BadRecording as error:
            raise CommandError(f"{options['file']}: {error}") from error
        except OSError as error:
            raise CommandError(f"{options['file']} cannot be read: {error.strerror or error}") from error
        except (DatabaseError, Refused) as error:
            raise CommandError(f"The exchange refused: {error}") from error
        if failure:
            raise CommandError(failure)

    def _replay(
        self, market: Market, recording: Recording, speed: Decimal | None, limit: int | None, options: Any
    ) -> str:
        """What went wrong; empty if nothing did."""
        if market.status != Market.Status.OPEN:
            raise CommandError(f"{market.symbol} is not open.")
        found = self._survey(recording, limit)
        lock = locks.SessionLock(locks.REPLAY, market.pk)
        if not lock.hold():
            raise CommandError(f"Another replay of {market.symbol} is at work.")
        try:
            return self._perform(market, recording, found, speed, limit, options)
        finally:
            lock.release()

    def _survey(self, recording: Recording, limit: int | None) -> Survey:
        with tqdm(
            recording.messages(limit), unit=" lines", desc="checking", disable=None, leave=False
        ) as bar:
            found = survey(bar)
        if found.first_middle is None:
            raise CommandError(
                f"{recording.path} never has both a bid and an ask: there is nothing to replay."
            )
        return found

    def _perform(
        self,
        market: Market,
        recording: Recording,
        found: Survey,
        speed: Decimal | None,
        limit: int | None,
        options: Any,
    ) -> str:
        stopping = stop_on_signals()
        price = LeasedPrice(market)
        assert found.first_middle is not None
        price.follow(found.first_middle)
        maker, taker = stage.cast_of_replay(market, found)
        stage.wait_for_empty_desks(market.symbol, stopping, price.renew, self._say)
        pace = Pace(speed, found.first_ns, stopping)
        player = Player(market, maker, taker, pace, price, stopping)
        started = time.perf_counter_ns()
        failure = ""
        with tqdm(total=found.messages, unit=" messages", disable=None, leave=False) as bar:
            try:
                player.play(recording.messages(limit), bar.update)
            except (DatabaseError, Refused) as error:
                failure = f"The replay ended early: {error}"
        seconds = Decimal(time.perf_counter_ns() - started) / 10**9
        if not options["keep_book"]:
            failure = failure or stage.leave(market.symbol, (maker, taker))
        price.give_back()
        for row in report.lines(player, found, pace, recording.cut, seconds):
            self._show(*row)
        return failure or self._audit(options["no_audit"])

    def _audit(self, without: bool) -> str:
        found = [] if without else violations()
        self._show("audit", "left out" if without else audit_line(found))
        return "The audit found violations." if found else ""

    def _show(self, title: str, figure: str) -> None:
        self.stdout.write(f"{title:<26}{figure}")

    def _say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()
