"""How things look in the admin's tables: amounts in plain notation, times to the millisecond, links."""

from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from accounts.models import Account, User
from common.money import format_decimal

NOTHING = "–"

Cell = str | SafeString


class Column(NamedTuple):
    """`numeric`: aligned to the right."""

    name: str
    numeric: bool = False


class Panel(NamedTuple):
    """A table on a page; `more_url` leads to all of what it shows the newest of."""

    title: str
    columns: list[Column]
    rows: list[list[Cell]]
    empty: str = "None."
    more_url: str = ""
    note: str = ""

    @property
    def aligned_rows(self) -> list[list[tuple[Cell, bool]]]:
        numeric = [column.numeric for column in self.columns]
        return [list(zip(row, numeric, strict=True)) for row in self.rows]


def money(amount: Decimal | None) -> str:
    return NOTHING if amount is None else format_decimal(amount)


def signed(amount: Decimal) -> Cell:
    """A profit or a loss, in its colour."""
    if not amount:
        return money(amount)
    return format_html('<span class="{}">{}</span>', "gain" if amount > 0 else "loss", money(amount))


def moment(time: datetime | None) -> str:
    """In UTC, to the millisecond."""
    return NOTHING if time is None else f"{time:%Y-%m-%d %H:%M:%S}.{time.microsecond // 1000:03}"


def minute(time: datetime | None) -> str:
    return NOTHING if time is None else f"{time:%Y-%m-%d %H:%M}"


def link(name: str, key: object, text: object) -> SafeString:
    """To the page of an object; name: such as `trading_order`."""
    return format_html('<a href="{}">{}</a>', reverse(f"admin:{name}_change", args=[key]), text)


def search_url(name: str, words: str) -> str:
    """The list of all that these words find; name: such as `trading_order`."""
    return reverse(f"admin:{name}_changelist", query={"q": words})


def owner(account: Account | None) -> Cell:
    """Who an account belongs to: a link to the person, or the name of the system's account."""
    if account is None:
        return NOTHING
    if account.owner is not None:
        return format_html("{} (margin)", person(account.owner.user))
    if account.user is None:
        return account.name
    return person(account.user)


def person(user: User | None) -> Cell:
    return NOTHING if user is None else link("accounts_user", user.pk, user.username)


def side(word: str) -> SafeString:
    return format_html('<span class="{}">{}</span>', f"side-{word}", word)


def tag(text: str, kind: str) -> SafeString:
    """A word in a coloured frame; kind: good, warn or bad."""
    return format_html('<span class="tag {}">{}</span>', kind, text)
