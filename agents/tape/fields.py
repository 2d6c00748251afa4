"""One row of a tape, field by field."""

import re
from collections.abc import Collection, Mapping
from decimal import Decimal

from common.money import NotANumber, is_multiple, parse_decimal

_ID = re.compile(r"[!-~]{1,40}", re.ASCII)
_TIME = re.compile(r"[0-9]{1,14}", re.ASCII)
LONGEST_REASON = 32


class BadRow(Exception):
    """The text says what is wrong with it."""


class Fields:
    """`row`: texts by column, empty or missing if they say nothing."""

    def __init__(self, row: Mapping[str, str]) -> None:
        self._row = row

    def text(self, name: str) -> str:
        return self._row.get(name, "")

    def order_id(self, name: str) -> str:
        text = self.text(name)
        if not _ID.fullmatch(text):
            raise BadRow(f"{name} must be 1 to 40 characters without spaces, not {text!r}")
        return text

    def maybe_id(self, name: str) -> str:
        return self.order_id(name) if self.text(name) else ""

    def choice(self, name: str, choices: Collection[str], otherwise: str | None = None) -> str:
        text = self.text(name)
        if not text and otherwise is not None:
            return otherwise
        if text not in choices:
            raise BadRow(f"{name} must be one of {', '.join(choices)}, not {text!r}")
        return text

    def flag(self, name: str) -> bool:
        return self.choice(name, ("true", "false"), "false") == "true"

    def time(self, name: str) -> int:
        text = self.text(name)
        if not _TIME.fullmatch(text):
            raise BadRow(f"{name} must be milliseconds since the epoch, not {text!r}")
        return int(text)

    def maybe_time(self, name: str) -> int | None:
        return self.time(name) if self.text(name) else None

    def amount(self, name: str, step: Decimal | None = None) -> Decimal:
        """A positive number, a multiple of `step` if there is one."""
        text = self.text(name)
        try:
            amount = parse_decimal(text)
        except NotANumber as error:
            raise BadRow(f"{name} {error}, not {text!r}") from error
        if not amount or (step is not None and not is_multiple(amount, step)):
            of = "" if step is None else f" multiple of {step.normalize():f}"
            raise BadRow(f"{name} must be a positive{of or ' number'}, not {text}")
        return amount

    def maybe_amount(self, name: str, step: Decimal | None = None) -> Decimal | None:
        return self.amount(name, step) if self.text(name) else None

    def reason(self) -> str:
        text = self.text("reason")
        if len(text) > LONGEST_REASON:
            raise BadRow(f"reason must not be longer than {LONGEST_REASON} characters")
        return text
