"""End trading in good order: cancels only, a time of grace, then every live order expires and all is halted.

Positions and loans stay, and are told about. Give the command again to go on after a crash or Ctrl-C.
"""

import argparse
import time
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.models import User
from common import clock
from common.errors import Refused
from common.money import format_decimal
from market.selectors import markets
from risk.models import Loan
from risk.selectors import exposure
from trading.management.operators import add_operator_arguments, operator
from trading.selectors.live_orders import live_orders
from trading.services import begin_wind_down, end_wind_down

GRACE_SECONDS = 60
LONGEST_GRACE_SECONDS = 7 * 86_400
TELL_SECONDS = 10


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        grace = f"how long clients may still cancel by themselves, from 0; without, {GRACE_SECONDS}"
        parser.add_argument("--grace", type=_seconds, default=GRACE_SECONDS, metavar="SECONDS", help=grace)
        parser.add_argument(
            "--dry-run", action="store_true", help="say what would be done, and change nothing"
        )
        add_operator_arguments(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        self._tell_orders()
        if options["dry_run"]:
            self._tell_what_stays("would stay")
            self.stdout.write("Nothing was changed.")
            return
        try:
            self._wind_down(*operator(options), options["grace"])
        except Refused as refused:
            raise CommandError(f"{refused.message} Give the command again to go on.") from refused
        except KeyboardInterrupt:
            raise CommandError(
                "Stopped. Markets take cancels only: give the command again to go on, or open them."
            ) from None

    def _wind_down(self, by: User, reason: str, grace_seconds: int) -> None:
        since = begin_wind_down(by, reason)
        if since is not None:
            self.stdout.write("Every market takes cancels only.")
            self._wait_until_ms(clock.to_ms(since + timedelta(seconds=grace_seconds)))
        self.stdout.write(f"{end_wind_down(by, reason)} orders expired, every market is halted.")
        self._tell_what_stays("stay")
        self.stdout.write("Trading has ended. `manage.py audit` checks the books; then stop the programs.")

    def _wait_until_ms(self, end_ms: int) -> None:
        while (left_ms := end_ms - clock.to_ms(clock.now())) > 0:
            self.stdout.write(f"{-(-left_ms // 1000)} s of grace left")
            self.stdout.flush()
            time.sleep(min(left_ms / 1000, TELL_SECONDS))

    def _tell_orders(self) -> None:
        live = live_orders()
        for market in markets():
            accounts = live.get(market.symbol, {})
            count = f"{sum(accounts.values())} live orders of {len(accounts)} accounts"
            self.stdout.write(f"{market.symbol} is {market.get_status_display().lower()}: {count}")

    def _tell_what_stays(self, verb: str) -> None:
        for contract in exposure().contracts:
            if contract.longs or contract.shorts:
                size = format_decimal(contract.open_interest)
                sides = f"{contract.longs} long and {contract.shorts} short"
                self.stdout.write(f"{contract.symbol}: {sides} positions of {size} on each side {verb}")
        if loans := Loan.objects.filter(closed_at__isnull=True).count():
            self.stdout.write(f"{loans} loans to margin accounts {verb}")


def _seconds(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 8 and int(text) <= LONGEST_GRACE_SECONDS):
        raise argparse.ArgumentTypeError(f"whole seconds from 0 to {LONGEST_GRACE_SECONDS}")
    return int(text)
