"""Play a recorded order-by-order tape (docs/tape-format.md) through the matching engine, and report the executions.

Each participant of the tape becomes an account with test money, each of its orders a real order in the tape's order.
The liquidity agents leave the market meanwhile.
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
from agents.replay import stage
from agents.replay.leased_price import LeasedPrice
from agents.replay.pace import Pace
from agents.tape import report
from agents.tape.desks import Desks, TooManyAccounts, accounts_each
from agents.tape.player import NS_IN_MS, TapePlayer
from agents.tape.reading import BadTape, Tape
from agents.tape.survey import Survey
from common.errors import Refused
from market.models import Market
from market.selectors import market_by_symbol, price_of


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, help="the tape, CSV, gzip or plain text")
        parser.add_argument("--symbol", required=True, help="the market, such as BTC-USDT")
        parser.add_argument("--speed", default="max", help="times the recorded speed, or max (default)")
        parser.add_argument("--keep-book", action="store_true", help="leave the tape's orders in the book")
        parser.add_argument("--no-audit", action="store_true", help="no audit at the end")
        parser.add_argument("--force", action="store_true", help="run outside demo mode too")

    def handle(self, *args: Any, **options: Any) -> None:
        if not (settings.DEMO or options["force"]):
            raise CommandError("The tape's accounts are given test money: demo mode only, or --force.")
        speed = speed_of(options["speed"])
        try:
            market = market_by_symbol(options["symbol"])
            failure = self._import(market, Tape(options["file"], market), speed, options)
        except (BadTape, TooManyAccounts) as error:
            raise CommandError(f"{options['file']}: {error}") from error
        except OSError as error:
            raise CommandError(f"{options['file']} cannot be read: {error.strerror or error}") from error
        except (DatabaseError, Refused) as error:
            raise CommandError(f"The exchange refused: {error}") from error
        if failure:
            raise CommandError(failure)

    def _import(self, market: Market, tape: Tape, speed: Decimal | None, options: Any) -> str:
        """What went wrong; empty if nothing did."""
        if market.status != Market.Status.OPEN:
            raise CommandError(f"{market.symbol} is not open.")
        survey = self._survey(tape)
        accounts_each(market, survey)
        lock = locks.SessionLock(locks.REPLAY, market.pk)
        if not lock.hold():
            raise CommandError(f"Another replay of {market.symbol} is at work.")
        try:
            return self._perform(market, tape, survey, speed, options)
        finally:
            lock.release()

    def _survey(self, tape: Tape) -> Survey:
        """Raises CommandError with every line that is wrong, before anything is touched."""
        survey = Survey()
        actions = tape.actions(survey.complain)
        survey.look_at(tqdm(actions, unit=" rows", desc="checking", disable=None, leave=False))
        if survey.complaint_count:
            more = survey.complaint_count - len(survey.complaints)
            lines = [*survey.complaints, *([f"and {more} more"] if more else [])]
            raise CommandError("\n".join([f"{tape.path} is not played:", *lines]))
        if survey.first_price is None:
            raise CommandError(f"{tape.path} has no order with a price: there is nothing to play.")
        return survey

    def _perform(
        self, market: Market, tape: Tape, survey: Survey, speed: Decimal | None, options: Any
    ) -> str:
        stopping = stop_on_signals()
        price = LeasedPrice(market)
        assert survey.first_price is not None
        if price_of(market.symbol) is not None:  # where there is none, no agents are either
            price.set(survey.first_price)
        with tqdm(unit=" accounts", desc="accounts", disable=None, leave=False) as bar:
            desks = Desks(market, survey, bar.update)
        stage.wait_for_empty_desks(market.symbol, stopping, price.renew, self._say)
        pace = Pace(speed, survey.first_time * NS_IN_MS, stopping)
        player = TapePlayer(market, desks, pace, price, stopping, survey.sets_prices, speed)
        started = time.perf_counter_ns()
        failure = ""
        with tqdm(total=survey.rows, unit=" rows", desc="playing", disable=None, leave=False) as bar:
            try:
                player.play(tape.actions(_changed), bar.update)
            except (DatabaseError, Refused) as error:
                failure = f"The tape ended early: {error}"
        seconds = Decimal(time.perf_counter_ns() - started) / 10**9
        if not options["keep_book"]:
            failure = failure or stage.leave(market.symbol, desks.members)
        price.give_back()
        for row in report.lines(player, survey, pace, len(desks.members), seconds):
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


def _changed(line: int, what: str) -> None:
    raise BadTape(f"changed while it was played: line {line}: {what}")
