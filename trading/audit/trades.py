"""Do the trades hold the laws: their price, their parties, their fees, and the money that they moved?"""

from collections.abc import Iterator
from typing import Any

from common.audit import Check, Cursor, Rule, Violation, by_query, rows

_COSTS = """
    SELECT id AS trade_id, price, quantity, cost FROM trading_trade WHERE cost <> price * quantity ORDER BY id"""

_ONE_PARTY = """
    SELECT id AS trade_id, taker_account_id AS account_id FROM trading_trade
    WHERE taker_account_id = maker_account_id ORDER BY id"""

_PARTIES = """
    SELECT t.id AS trade_id, taker.id AS taker_order_id, maker.id AS maker_order_id
    FROM trading_trade t
    JOIN trading_order taker ON taker.id = t.taker_order_id
    JOIN trading_order maker ON maker.id = t.maker_order_id
    WHERE (taker.market_id, taker.account_id, taker.side) <> (t.market_id, t.taker_account_id, t.taker_side)
       OR (maker.market_id, maker.account_id, maker.side)
          <> (t.market_id, t.maker_account_id, CASE t.taker_side WHEN 'buy' THEN 'sell' ELSE 'buy' END)
    ORDER BY t.id"""

# The rate of the day is not on record, but no market may ask for more than a tenth (a constraint holds it).
_FEES = """
    SELECT t.id AS trade_id, side.name AS party, side.fee, side.asset, side.received
    FROM trading_trade t JOIN market_market m ON m.id = t.market_id
    CROSS JOIN LATERAL (VALUES
        ('taker', t.taker_fee, t.taker_side = 'buy' AND m.kind = 'spot'),
        ('maker', t.maker_fee, t.taker_side = 'sell' AND m.kind = 'spot')
    ) AS payer(name, fee, in_base)
    CROSS JOIN LATERAL (SELECT payer.name, payer.fee, CASE WHEN in_base THEN m.base_id ELSE m.quote_id END AS asset,
                               CASE WHEN in_base THEN t.quantity ELSE t.cost END AS received) AS side
    JOIN market_asset a ON a.code = side.asset
    WHERE NOT side.fee BETWEEN 0 AND side.received
       OR side.fee <> trunc(side.fee, a.precision)
       OR side.fee >= side.received / 10 + ('1e-' || a.precision)::numeric
    ORDER BY t.id, side.name DESC"""

# What a trade says that each account gets, less what its ledger transaction gave. What the parties of a perpetual
# get, from each other by way of the clearing account, depends on their positions: of theirs only the fees are here.
_POSTINGS = """
    WITH contracts AS (
        SELECT m.id, m.quote_id, fees.id AS fees_id, clearing.id AS clearing_id FROM market_market m
        LEFT JOIN accounts_account fees ON fees.kind = 'fees' AND fees.name = 'fees:' || m.symbol
        LEFT JOIN accounts_account clearing ON clearing.kind = 'clearing' AND clearing.name = 'clearing:' || m.symbol
        WHERE m.kind = 'perpetual'
    ), deals AS (
        SELECT t.ledger_transaction_id AS transaction_id, t.taker_fee + t.maker_fee AS fees, c.quote_id, c.fees_id,
               ARRAY[t.taker_account_id, t.maker_account_id, c.clearing_id] AS parties
        FROM trading_trade t JOIN contracts c ON c.id = t.market_id
    ), lines AS (
        SELECT t.ledger_transaction_id AS transaction_id, line.account_id, line.asset, line.amount
        FROM trading_trade t
        JOIN market_market m ON m.id = t.market_id
        LEFT JOIN accounts_account fees ON fees.kind = 'fees' AND fees.name = 'fees:' || m.symbol
        CROSS JOIN LATERAL (SELECT
            t.taker_side = 'buy' AS taker_buys,
            CASE t.taker_side WHEN 'buy' THEN t.taker_account_id ELSE t.maker_account_id END AS buyer_id,
            CASE t.taker_side WHEN 'buy' THEN t.maker_account_id ELSE t.taker_account_id END AS seller_id,
            CASE t.taker_side WHEN 'buy' THEN t.taker_fee ELSE t.maker_fee END AS base_fee,
            CASE t.taker_side WHEN 'buy' THEN t.maker_fee ELSE t.taker_fee END AS quote_fee) AS deal
        CROSS JOIN LATERAL (VALUES
            (deal.buyer_id, m.quote_id, -t.cost),
            (deal.buyer_id, m.base_id, t.quantity - deal.base_fee),
            (deal.seller_id, m.base_id, -t.quantity),
            (deal.seller_id, m.quote_id, t.cost - deal.quote_fee),
            (fees.id, m.base_id, deal.base_fee),
            (fees.id, m.quote_id, deal.quote_fee)) AS line(account_id, asset, amount)
        WHERE m.kind = 'spot'
        UNION ALL
        SELECT transaction_id, fees_id, quote_id, fees FROM deals
        UNION ALL
        SELECT p.transaction_id, p.account_id, p.asset, -p.amount
        FROM accounts_posting p JOIN accounts_ledgertransaction l ON l.id = p.transaction_id
        LEFT JOIN deals d ON d.transaction_id = p.transaction_id
        WHERE l.kind = 'trade' AND (d.parties IS NULL OR p.asset <> d.quote_id OR p.account_id <> ALL(d.parties))
    )
    SELECT l.transaction_id, t.id AS trade_id, l.account_id, l.asset, sum(l.amount) AS missing
    FROM lines l LEFT JOIN trading_trade t ON t.ledger_transaction_id = l.transaction_id
    GROUP BY 1, 2, 3, 4 HAVING sum(l.amount) <> 0 ORDER BY 1, 3, 4"""

_TRANSACTIONS = """
    SELECT t.id AS trade_id, coalesce(l.id, t.ledger_transaction_id) AS transaction_id,
           CASE WHEN l.id IS NULL THEN 'its ledger transaction does not exist'
                WHEN t.id IS NULL THEN 'the trade that it belongs to does not exist'
                ELSE 'the ledger transaction says that it belongs to ' || quote_literal(l.reference) END AS wrong
    FROM trading_trade t
    FULL JOIN (SELECT id, reference FROM accounts_ledgertransaction WHERE kind = 'trade') l
        ON l.id = t.ledger_transaction_id
    WHERE t.id IS NULL OR l.id IS NULL OR l.reference <> t.id::text ORDER BY 1, 2"""

# Prices and places in the queue as they were at the moment of the trade: an order may have been amended since, or
# have entered when its trigger fired. In an auction both orders have limits, and the older one, a new slice of an
# iceberg being as old as its showing, is the maker; elsewhere a maker shows new slices while one taker trades.
_PLACES = """
    WITH places AS (
        SELECT market_id, order_id, price, sequence AS since,
               max(sequence) FILTER (WHERE kind <> 'F') OVER (PARTITION BY order_id ORDER BY sequence) AS entered,
               lead(sequence, 1, 9223372036854775807) OVER (PARTITION BY order_id ORDER BY sequence) AS until
        FROM trading_orderevent WHERE kind IN ('A', 'M', 'G', 'V', 'F')
    ), placed AS (
        SELECT t.id AS trade_id, e.kind, t.price, t.sequence, t.taker_side, t.taker_order_id, t.maker_order_id,
               taker.price * m.tick AS taker_limit, maker.price * m.tick AS maker_price,
               CASE e.kind WHEN 'U' THEN taker.since ELSE taker.entered END AS taker_since,
               CASE e.kind WHEN 'U' THEN maker.since ELSE maker.entered END AS maker_since
        FROM trading_trade t
        JOIN trading_orderevent e ON e.market_id = t.market_id AND e.sequence = t.sequence
        JOIN market_market m ON m.id = t.market_id
        JOIN places taker ON taker.order_id = t.taker_order_id AND taker.market_id = t.market_id
            AND t.sequence > taker.since AND t.sequence < taker.until
        JOIN places maker ON maker.order_id = t.maker_order_id AND maker.market_id = t.market_id
            AND t.sequence > maker.since AND t.sequence < maker.until
    )
    SELECT trade_id, price, sequence, taker_side, taker_order_id, maker_order_id, taker_limit, maker_price,
           taker_since, maker_since, at_makers_price, inside_limit, maker_since < taker_since AS maker_is_older
    FROM placed CROSS JOIN LATERAL (SELECT
        CASE kind WHEN 'U' THEN CASE taker_side WHEN 'buy' THEN price >= maker_price ELSE price <= maker_price END
                  ELSE price = maker_price END IS TRUE AS at_makers_price,
        (taker_limit IS NULL AND kind <> 'U'
         OR CASE taker_side WHEN 'buy' THEN price <= taker_limit ELSE price >= taker_limit END) IS TRUE
            AS inside_limit) AS judged
    WHERE NOT at_makers_price OR NOT inside_limit OR maker_since >= taker_since
    ORDER BY trade_id"""

# A trade at or after the moment at which one of its orders was to end, and an end before that moment.
_EXPIRED = """
    SELECT c.order_id, c.expires_at, t.created_at, 'trade ' || t.id || ' came too late' AS wrong
    FROM trading_ordercondition c
    JOIN trading_trade t ON t.taker_order_id = c.order_id AND t.created_at >= c.expires_at
    UNION ALL
    SELECT c.order_id, c.expires_at, t.created_at, 'trade ' || t.id || ' came too late'
    FROM trading_ordercondition c
    JOIN trading_trade t ON t.maker_order_id = c.order_id AND t.created_at >= c.expires_at
    UNION ALL
    SELECT o.id, c.expires_at, e.created_at, 'it expired too early'
    FROM trading_order o
    LEFT JOIN trading_ordercondition c ON c.order_id = o.id
    JOIN trading_orderevent e ON e.market_id = o.market_id AND e.order_id = o.id AND e.kind = 'C'
    WHERE o.status = 'expired' AND o.reason = 'EXPIRED' AND (e.created_at >= c.expires_at) IS NOT TRUE
    ORDER BY 1, 4"""

PRICE = Rule("L4-PRICE", 4, "a fill is at the price of the maker's order, in an auction inside its limit")
LIMIT = Rule("L4-LIMIT", 4, "a fill is inside the taker's limit")
OLDER = Rule("L4-OLDER", 4, "the maker's order had its place before the taker's")

_WRONG_PLACES = (
    ("at_makers_price", PRICE, "trade {trade_id} is at {price}, its maker's order {maker_order_id} at {maker_price}"),
    (
        "inside_limit",
        LIMIT,
        "trade {trade_id}: order {taker_order_id} trades at {price}, its limit to {taker_side} is {taker_limit}",
    ),
    (
        "maker_is_older",
        OLDER,
        "trade {trade_id}: maker order {maker_order_id} came at event {maker_since}, "
        "taker order {taker_order_id} at {taker_since}",
    ),
)  # fmt: skip


def wrong_places(cursor: Cursor) -> Iterator[Violation]:
    for row in rows(cursor, _PLACES):
        for column, rule, message in _WRONG_PLACES:
            if not row[column]:
                yield Violation(rule.id, message.format(**row), _without_answers(row))


def _without_answers(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if not isinstance(value, bool)}


CHECKS = (
    by_query(
        "L1-TRADE",
        1,
        "the postings of a trade are what the trade says, fees included",
        _POSTINGS,
        "trade {trade_id}: its ledger transaction {transaction_id} gives account {account_id} "
        "{missing} {asset} less than the trade says",
    ),
    by_query(
        "L3-COST",
        3,
        "the cost of a trade is price x quantity",
        _COSTS,
        "trade {trade_id}: {quantity} at {price} is said to cost {cost}",
    ),
    Check((PRICE, LIMIT, OLDER), wrong_places),
    by_query(
        "L4-SELF",
        4,
        "nobody trades with themselves",
        _ONE_PARTY,
        "trade {trade_id}: account {account_id} is on both sides",
    ),
    by_query(
        "L4-PARTIES",
        4,
        "accounts, sides and market of a trade are those of its orders",
        _PARTIES,
        "trade {trade_id} does not fit its orders {taker_order_id} (taker) and {maker_order_id} (maker)",
    ),
    by_query(
        "L4-FEE",
        4,
        "a fee is a whole number of units, and not more than a tenth of what its payer received",
        _FEES,
        "trade {trade_id}: the {party} received {received} {asset} and paid a fee of {fee}",
    ),
    by_query(
        "L4-EXPIRED",
        4,
        "nothing trades at or after the moment at which it expires, and nothing expires before it",
        _EXPIRED,
        "order {order_id} was good till {expires_at}; at {created_at} {wrong}",
    ),
    by_query(
        "L7-LEDGER",
        7,
        "every trade has its ledger transaction, and the reverse",
        _TRANSACTIONS,
        "trade {trade_id}, ledger transaction {transaction_id}: {wrong}",
    ),
)
