"""Look at what has a size and not a number of times: spreads, open interest, suspended users, keys, sessions."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from decimal import Decimal

from django.db import connection
from django.db.models import Count, Q

from accounts.models import APIKey, Session, User
from common import clock
from common.errors import Refused
from market.models import Market
from risk.selectors import exposure
from trading.committed_book import CommittedBook
from trading.selectors.book import book_view

SPREAD = "spread"  # best ask less best bid, in quote
SPREAD_BPS = "spread_bps"  # the same in hundredths of a per cent of the middle
OPEN_INTEREST = "open_interest"  # in base
SUSPENDED_USERS = "suspended_users"
SESSIONS = "sessions"  # log-ins that have not ended
API_KEYS = "api_keys"  # that can be used, by scope; ANY_SCOPE: all of them
ANY_SCOPE = "any"

Sample = tuple[str, str, Decimal]  # name, label, value

_DIGITS = Decimal("0.0001")

_NOTE = """
    INSERT INTO kpi_gaugestat AS known (step_seconds, start, name, label, last, total, samples)
    SELECT step, date_bin(make_interval(secs => step), %s, 'epoch'), name, label, value, value, 1
    FROM unnest(%s::text[], %s::text[], %s::numeric[]) AS sample (name, label, value),
         (VALUES (60), (3600)) AS steps (step)
    ORDER BY step, name, label
    ON CONFLICT (step_seconds, start, name, label) DO UPDATE SET
        last = excluded.last, total = known.total + excluded.total, samples = known.samples + 1
"""


def take_samples() -> int:
    """How many were taken."""
    now = clock.now()
    samples = [*_spreads(), *_open_interest(), *_users(), *_keys(now)]
    columns: Sequence[list] = list(map(list, zip(*samples, strict=True)))
    with connection.cursor() as cursor:
        cursor.execute(_NOTE, [now, *columns])
    return len(samples)


def _spreads() -> Iterator[Sample]:
    """Of the markets that have both sides."""
    for symbol in Market.objects.order_by("symbol").values_list("symbol", flat=True):
        try:
            top = book_view(symbol, "top", CommittedBook.top)
        except Refused:  # a market that has not been opened for trading
            continue
        if top.bid is None or top.ask is None:
            continue
        spread = top.ask - top.bid
        yield SPREAD, symbol, spread
        yield SPREAD_BPS, symbol, _bps(spread, top.bid + top.ask)


def _bps(spread: Decimal, twice_the_middle: Decimal) -> Decimal:
    return (spread * 20_000 / twice_the_middle).quantize(_DIGITS)


def _open_interest() -> Iterator[Sample]:
    for each in exposure().contracts:
        yield OPEN_INTEREST, each.symbol, each.open_interest


def _users() -> Iterator[Sample]:
    yield SUSPENDED_USERS, "", Decimal(User.objects.filter(suspended_at__isnull=False).count())


def _keys(now: datetime) -> Iterator[Sample]:
    sessions = Session.objects.filter(revoked_at__isnull=True, expires_at__gt=now)
    yield SESSIONS, "", Decimal(sessions.count())
    live = APIKey.objects.filter(Q(expires_at__isnull=True) | Q(expires_at__gt=now), revoked_at__isnull=True)
    of_scopes = {scope: Count("id", filter=Q(scopes__contains=[scope])) for scope in APIKey.Scope.values}
    for scope, keys in live.aggregate(**{ANY_SCOPE: Count("id")}, **of_scopes).items():
        yield API_KEYS, scope, Decimal(keys)
