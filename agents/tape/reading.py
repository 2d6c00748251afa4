"""Tapes, row by row."""

import csv
import gzip
import zlib
from collections.abc import Callable, Iterator
from io import TextIOWrapper
from pathlib import Path

from agents.replay.recording import open_packed
from agents.tape.actions import Action, Submit, SubmitLinked
from agents.tape.fields import BadRow, Fields
from agents.tape.linked import why_not_linked
from agents.tape.rows import RowReader
from market.models import Market
from trading.history.tape import COLUMNS

REQUIRED = ("time", "action", "order_id", "side", "type", "price", "quantity")

Complain = Callable[[int, str], None]  # line number, what is wrong with it


class BadTape(Exception):
    """The file cannot be played; the text says why."""


class Tape:
    """A file, gzip or plain text, for a market."""

    def __init__(self, path: Path, market: Market) -> None:
        self.path = path
        self._reader = RowReader(market.tick, market.lot)

    def actions(self, complain: Complain) -> Iterator[Action]:
        """In order, linked orders together. What is wrong is complained of and left out. Raises BadTape, OSError."""
        linked: list[Submit] = []
        for action in self._sound(complain):
            link = _link_of(action)
            if linked and link != linked[0].link:
                yield from _joined(linked, complain)
                linked = []
            if link:
                assert isinstance(action, Submit)
                linked.append(action)
            else:
                yield action
        if linked:
            yield from _joined(linked, complain)

    def _sound(self, complain: Complain) -> Iterator[Action]:
        """Row by row."""
        last_time, last_link = 0, ""
        ended_links: set[str] = set()
        for line, row in self._rows(complain):
            try:
                action = self._reader.read(Fields(row))
                if action.time < last_time:
                    raise BadRow(f"time {action.time} is before {last_time}, the time of an earlier row")
                link = _link_of(action)
                if link in ended_links:
                    raise BadRow(f"link {link} ended rows ago: linked orders stand one after the other")
            except BadRow as bad:
                complain(line, str(bad))
                continue
            if last_link and link != last_link:
                ended_links.add(last_link)
            last_time, last_link = action.time, link
            yield action._replace(line=line) if isinstance(action, Submit) else action

    def _rows(self, complain: Complain) -> Iterator[tuple[int, dict[str, str]]]:
        """Line number and texts by column."""
        line = 0
        try:
            with open_packed(self.path) as packed, TextIOWrapper(packed, "utf-8", newline="") as file:
                rows = csv.reader(file)
                header = _header(next(rows, []))
                for row in rows:
                    line = rows.line_num
                    if len(row) == len(header):
                        yield line, dict(zip(header, row, strict=True))
                    elif row:
                        complain(line, f"has {len(row)} fields where the header has {len(header)}")
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise BadTape(f"after line {line}: the gzip file is damaged ({error})") from error
        except (UnicodeDecodeError, csv.Error) as error:
            raise BadTape(f"after line {line}: this is not CSV in UTF-8 ({error})") from error


def _header(names: list[str]) -> list[str]:
    missing = [name for name in REQUIRED if name not in names]
    if missing:
        raise BadTape(f"line 1: the header must name {', '.join(REQUIRED)}; missing: {', '.join(missing)}")
    unknown = [name for name in names if name not in COLUMNS]
    if unknown or len(set(names)) < len(names):
        wrong = f"unknown: {', '.join(unknown)}" if unknown else "a column is named twice"
        raise BadTape(f"line 1: {wrong}; the columns are {', '.join(COLUMNS)}")
    return names


def _link_of(action: Action) -> str:
    return action.link if isinstance(action, Submit) else ""


def _joined(linked: list[Submit], complain: Complain) -> Iterator[Action]:
    why = why_not_linked(linked)
    if why:
        complain(linked[0].line, f"the linked orders {linked[0].link}: {why}")
    else:
        yield SubmitLinked(linked[0].time, tuple(linked))
