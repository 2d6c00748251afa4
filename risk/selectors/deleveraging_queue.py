"""Where a position stands in line, should somebody's bankrupt position have to be closed against it.

The score of risk/deleveraging.py, counted by the database over all positions on the same side.
"""

from typing import NamedTuple

from django.db import connection

FIFTHS = 5

_PLACES = """
    WITH contract AS (
        SELECT m.id, quote.precision,
               greatest(1, floor(coalesce(price.mark, price.index) / m.tick)) * m.tick AS mark
        FROM market_market m
        JOIN market_asset quote ON quote.code = m.quote_id
        JOIN market_price price ON price.market_id = m.id
        WHERE m.kind = 'perpetual'
    ), own AS (
        SELECT market_id, sign(size) AS side FROM risk_position WHERE account_id = %s AND size <> 0
    ), rival AS (
        SELECT p.account_id, p.market_id, p.size * c.mark - p.cost AS profit, abs(p.size) * c.mark AS value,
               abs(p.cost) AS entered, power(10::numeric, -c.precision) AS unit,
               CASE WHEN p.isolated_margin > 0 THEN p.isolated_margin
                    ELSE ceil(abs(p.cost) * power(10::numeric, c.precision) / p.leverage)
                         / power(10::numeric, c.precision) END AS margin
        FROM own JOIN risk_position p ON p.market_id = own.market_id
            AND (own.side > 0 AND p.size > 0 OR own.side < 0 AND p.size < 0)
        JOIN contract c ON c.id = p.market_id
    ), scored AS (
        SELECT account_id, market_id, floor(profit * value * 1000000 / (entered * greatest(unit,
            CASE WHEN profit > 0 THEN margin + profit ELSE margin END))) AS score
        FROM rival
    ), mine AS (SELECT market_id, account_id, score FROM scored WHERE account_id = %s)
    SELECT mine.market_id,
           1 + count(*) FILTER (WHERE s.score > mine.score
                                OR s.score = mine.score AND s.account_id < mine.account_id),
           count(*)
    FROM mine JOIN scored s ON s.market_id = mine.market_id
    GROUP BY mine.market_id"""


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
        cursor.execute(_PLACES, [account_id, account_id])
        return {market_id: Place(place, of) for market_id, place, of in cursor.fetchall()}
