"""Where a position stands in line, should somebody's bankrupt position have to be closed against it.

The score of risk/deleveraging.py, counted by the database over all positions on the same side. Scoring a long line
takes the database half a second for 50,000, so of a line of more than EXACT_UP_TO only every thousandth part is kept,
for some seconds and for everybody, and the place is about right.
"""

from bisect import bisect_left
from typing import Any, NamedTuple

from django.core.cache import cache
from django.db import connection

FIFTHS = 5
EXACT_UP_TO = 1000
PARTS = 1000
KEPT_SECONDS = 10

_SCORED = """
    WITH contract AS (
        SELECT m.id, quote.precision,
               greatest(1, floor(coalesce(price.mark, price.index) / m.tick)) * m.tick AS mark
        FROM market_market m
        JOIN market_asset quote ON quote.code = m.quote_id
        JOIN market_price price ON price.market_id = m.id
        WHERE m.kind = 'perpetual'
    ), rival AS (
        SELECT p.account_id, p.size * c.mark - p.cost AS profit, abs(p.size) * c.mark AS value,
               abs(p.cost) AS entered, power(10::numeric, -c.precision) AS unit,
               CASE WHEN p.isolated_margin > 0 THEN p.isolated_margin
                    ELSE ceil(abs(p.cost) * power(10::numeric, c.precision) / p.leverage)
                         / power(10::numeric, c.precision) END AS margin
        FROM risk_position p JOIN contract c ON c.id = p.market_id
        WHERE p.market_id = %s AND {which}
    ), scored AS (
        SELECT account_id, floor(profit * value * 1000000 / (entered * greatest(unit,
            CASE WHEN profit > 0 THEN margin + profit ELSE margin END))) AS score
        FROM rival
    ) """
_SIDES = {True: "p.size > 0", False: "p.size < 0"}

_OWN = """
    SELECT p.market_id, p.size > 0,
           (SELECT count(*) FROM (SELECT FROM risk_position o WHERE o.market_id = p.market_id AND o.size > 0
                                  AND p.size > 0 LIMIT %s) longs)
           + (SELECT count(*) FROM (SELECT FROM risk_position o WHERE o.market_id = p.market_id AND o.size < 0
                                    AND p.size < 0 LIMIT %s) shorts)
    FROM risk_position p WHERE p.account_id = %s AND p.size <> 0"""

_EXACT = """
    SELECT 1 + count(*) FILTER (WHERE s.score > mine.score
                                OR s.score = mine.score AND s.account_id < mine.account_id), count(*)
    FROM scored s, (SELECT * FROM scored WHERE account_id = %s) mine"""

_PARTS = """
    SELECT percentile_disc(ARRAY(SELECT n / %s::float8 FROM generate_series(0, %s) n))
               WITHIN GROUP (ORDER BY -score), count(*) FROM scored"""


class Place(NamedTuple):
    """place: 1 is closed first. of: how many stand in the line."""

    place: int
    of: int

    @property
    def rank(self) -> int:
        """5: in the fifth that is closed first, 1: in the last."""
        return FIFTHS - (self.place - 1) * FIFTHS // self.of


def places_in_line(account_id: int) -> dict[int, Place]:
    """By market, of the account's open positions."""
    with connection.cursor() as cursor:
        cursor.execute(_OWN, [EXACT_UP_TO + 1, EXACT_UP_TO + 1, account_id])
        own = cursor.fetchall()
    found = {
        market_id: (_exact if count <= EXACT_UP_TO else _about)(account_id, market_id, is_long)
        for market_id, is_long, count in own
    }
    return {market_id: place for market_id, place in found.items() if place is not None}


def _exact(account_id: int, market_id: int, is_long: bool) -> Place | None:
    """None: it was closed meanwhile."""
    place, of = _asked(_SIDES[is_long], _EXACT, market_id, account_id)
    return Place(place, of) if of else None


def _about(account_id: int, market_id: int, is_long: bool) -> Place | None:
    """By the scores of every thousandth part of the line."""
    line: Any = cache.get_or_set(
        f"deleveraging:{market_id}:{is_long}",
        lambda: _asked(_SIDES[is_long], _PARTS, market_id, PARTS, PARTS),
        KEPT_SECONDS,
    )
    parts, count = line
    own = _asked("p.account_id = %s AND p.size <> 0", "SELECT score FROM scored", market_id, account_id)
    if own is None or not count:
        return None
    before = bisect_left(parts, -own[0])
    return Place(min(count, 1 + before * count // PARTS), count)


def _asked(which: str, question: str, *parameters: Any) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(_SCORED.format(which=which) + question, parameters)
        return cursor.fetchone()
