"""Searching tables with millions of rows: every word is looked up by an index, none is matched in the middle."""

from collections.abc import Callable
from typing import Any, TypeVar

from django.db.models import Model, Q, QuerySet, Value
from django.db.models.functions import Lower

from accounts.models import Account, Posting, User
from market.models import Asset
from trading.admin.paginator import MOST_ROWS
from trading.models import Order
from trading.selectors.orders import MAX_ID

MOST_WORDS = 6

Row = TypeVar("Row", bound=Model)
# What a word can mean for a table; None if it means nothing there.
Meaning = Callable[[str], Q | None]


def narrow(rows: QuerySet[Row], term: str, *meanings: Meaning) -> QuerySet[Row]:
    """The rows that fit every word of the term, in one of the meanings it can have."""
    for word in term.split()[:MOST_WORDS]:
        found: list[Any] = [condition for meaning in meanings if (condition := meaning(word)) is not None]
        if not found:
            return rows.none()
        rows = rows.filter(Q.create(found, connector=Q.OR))
    return rows


def number(word: str) -> int | None:
    """An id; None if the word is not one."""
    if word.isascii() and word.isdigit() and len(word) < 20 and int(word) <= MAX_ID:
        return int(word)
    return None


def by_number(*fields: str) -> Meaning:
    def meaning(word: str) -> Q | None:
        key = number(word)
        return None if key is None else Q.create([(field, key) for field in fields], connector=Q.OR)

    return meaning


def by_text(field: str) -> Meaning:
    return lambda word: Q((field, word))


def by_choice(field: str, choices: Any) -> Meaning:
    return lambda word: Q((field, word.lower())) if word.lower() in choices else None


def by_asset(field: str = "asset") -> Meaning:
    def meaning(word: str) -> Q | None:
        code = word.upper()
        return Q((field, code)) if Asset.objects.filter(code=code).exists() else None

    return meaning


def by_owner(*fields: str) -> Meaning:
    """A user name, an e-mail address, or an account's name such as `user:7`, `margin:7` or `fees:BTC-USDT`."""

    def meaning(word: str) -> Q | None:
        ids = accounts_named(word)
        return Q.create([(f"{field}__in", ids) for field in fields], connector=Q.OR) if ids else None

    return meaning


def accounts_named(word: str) -> list[int]:
    people = people_named(word).values("pk")
    return list(
        Account.objects.filter(Q(name=word) | Q(user__in=people) | Q(owner__user__in=people)).values_list(
            "pk", flat=True
        )
    )


def people_named(word: str) -> QuerySet[User]:
    """Whose user name or e-mail address this is, in whatever case of letters."""
    people = User.objects.alias(name=Lower("username"), address=Lower("email"))
    lowered = Lower(Value(word))
    # Without `~Q(email="")` PostgreSQL could not use the index, which leaves the empty ones out.
    return people.filter(Q(name=lowered) | (Q(address=lowered) & ~Q(email="")))


def newest_with_postings_of(word: str) -> Q | None:
    """Ledger transactions that touch an account: those of its newest postings, found by their index."""
    ids = accounts_named(word)
    if not ids:
        return None
    newest = Posting.objects.filter(account_id__in=ids).order_by("-id").values("transaction_id")
    return Q(pk__in=newest[:MOST_ROWS])


def by_client_order_id(word: str) -> Q | None:
    """Unique per account only, and indexed behind the account: looked up account by account."""
    ids = Account.objects.filter(kind__in=(Account.Kind.USER, Account.Kind.MARGIN)).values("pk")
    found = Order.objects.filter(account_id__in=ids, client_order_id=word).values_list("pk", flat=True)
    keys = list(found[:MOST_ROWS])
    return Q(pk__in=keys) if keys else None
