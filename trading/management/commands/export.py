"""Write a market's order-by-order tape for research: every submission, cancel, amend and fill, as CSV or Parquet.

The format is described in docs/tape-format.md; import-orders plays such a tape through an exchange.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from tqdm import tqdm

from common.errors import Refused
from market.models import Market
from market.selectors import market_by_symbol
from trading.history.files import write_csv, write_parquet
from trading.history.reading import BrokenLog, logged_events, snapshot
from trading.history.tape import Row, TapeWriter
from trading.models import BookState


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("symbol", help="the market, such as BTC-USDT")
        parser.add_argument(
            "--format", choices=("csv", "parquet"), help="default: as the file is called, else csv"
        )
        parser.add_argument("--output", type=Path, metavar="FILE", help="default: standard output, csv only")
        parser.add_argument(
            "--from", dest="first", type=int, default=1, metavar="SEQ", help="from this sequence on"
        )
        parser.add_argument("--until", dest="last", type=int, metavar="SEQ", help="up to this sequence")

    def handle(self, *args: Any, **options: Any) -> None:
        output, format = options["output"], options["format"]
        format = format or ("parquet" if output is not None and output.suffix == ".parquet" else "csv")
        if format == "parquet" and output is None:
            raise CommandError("A Parquet file needs --output FILE.")
        try:
            market = market_by_symbol(options["symbol"])
            with snapshot():
                count = self._write(self._rows(market, options["first"], options["last"]), format, output)
        except Refused as error:
            raise CommandError(f"There is no market {options['symbol']!r}.") from error
        except BrokenLog as error:
            raise CommandError(f"The log of {options['symbol']} cannot be read: {error}.") from error
        except BrokenPipeError:
            # Whoever read has read enough; what is left in the buffer must not fail once more at the exit.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return
        except OSError as error:
            raise CommandError(f"{output} cannot be written: {error.strerror or error}") from error
        if output is not None:
            self.stdout.write(f"{count} rows of {market.symbol} in {output}")

    def _rows(self, market: Market, first: int, last: int | None) -> Iterator[Row]:
        newest = BookState.objects.get(market=market).sequence
        last = newest if last is None else last
        if not (1 <= first <= last + 1 and last <= newest):
            raise CommandError(f"--from and --until must be a stretch of 1 to {newest}.")
        tape = TapeWriter(market.tick, market.lot)
        events = logged_events(market.pk, first, last)
        total = last - first + 1
        for logged in tqdm(events, total=total, unit=" events", desc="exporting", disable=None, leave=False):
            yield tape.row(logged)

    def _write(self, rows: Iterator[Row], format: str, output: Path | None) -> int:
        if output is None:
            count = write_csv(rows, self.stdout)  # type: ignore[arg-type]
            self.stdout.flush()
            return count
        with _whole_or_not_at_all(output) as path:
            if format == "parquet":
                return write_parquet(rows, path)
            with path.open("w", newline="", encoding="utf-8") as file:
                return write_csv(rows, file)


@contextmanager
def _whole_or_not_at_all(output: Path) -> Iterator[Path]:
    """A file that takes its name once it is complete."""
    path = output.with_name(f".{output.name}.part")
    try:
        yield path
        path.replace(output)
    finally:
        path.unlink(missing_ok=True)
