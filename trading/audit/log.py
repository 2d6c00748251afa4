"""Does the order-event log have no gap, and do orders, trades and the books' rows say what it says?"""

from common.audit import by_query

_GAPS = """
    WITH steps AS (
        SELECT market_id, sequence, lag(sequence, 1, 0::bigint) OVER (PARTITION BY market_id ORDER BY sequence)
            AS before
        FROM trading_orderevent
    ), ends AS (
        SELECT coalesce(b.market_id, e.market_id) AS market_id, coalesce(e.newest, 0) AS newest, b.sequence
        FROM trading_bookstate b
        FULL JOIN (SELECT market_id, max(sequence) AS newest FROM trading_orderevent GROUP BY market_id) e
            ON e.market_id = b.market_id
    )
    SELECT m.symbol, s.market_id, s.sequence,
           CASE WHEN s.sequence > s.before + 1
                THEN 'events ' || s.before + 1 || ' to ' || s.sequence - 1 || ' are missing'
                ELSE 'there is an event with the number ' || s.sequence END AS wrong
    FROM steps s LEFT JOIN market_market m ON m.id = s.market_id WHERE s.sequence <> s.before + 1
    UNION ALL
    SELECT m.symbol, e.market_id, e.newest,
           'the newest event is ' || e.newest || ', the book''s row says ' || coalesce(e.sequence::text, 'nothing')
    FROM ends e LEFT JOIN market_market m ON m.id = e.market_id WHERE e.newest IS DISTINCT FROM e.sequence
    ORDER BY 2, 3"""

_TIMES = """
    SELECT m.symbol, e.sequence, e.created_at, e.before
    FROM (SELECT market_id, sequence, created_at,
                 lag(created_at) OVER (PARTITION BY market_id ORDER BY sequence) AS before
          FROM trading_orderevent) e
    LEFT JOIN market_market m ON m.id = e.market_id
    WHERE e.created_at < e.before ORDER BY 1, 2"""

# The newest S and P events, if there are any: a market whose state never changed has none in its log.
_STATES = """
    WITH rarer AS (
        SELECT DISTINCT ON (market_id, kind, details->>'source') market_id, kind, details, price, created_at
        FROM trading_orderevent WHERE kind IN ('S', 'P')
        ORDER BY market_id, kind, details->>'source', sequence DESC
    ), live AS (
        SELECT o.market_id, min(c.expires_at) AS next_expiry_at,
               bool_or(o.status IN ('new', 'pending_trigger') AND c.trigger_source IN ('mark', 'index'))
                   AS watches_prices
        FROM trading_order o JOIN trading_ordercondition c ON c.order_id = o.id
        WHERE o.status IN ('new', 'pending_trigger', 'open', 'partially_filled') GROUP BY o.market_id
    ), states AS (
        SELECT m.symbol, stored.*
        FROM trading_bookstate b
        JOIN market_market m ON m.id = b.market_id
        LEFT JOIN LATERAL (SELECT price FROM trading_trade WHERE market_id = b.market_id
                           ORDER BY sequence DESC LIMIT 1) t ON true
        LEFT JOIN LATERAL (SELECT created_at FROM trading_orderevent WHERE market_id = b.market_id
                           ORDER BY sequence DESC LIMIT 1) e ON true
        LEFT JOIN rarer s ON s.market_id = b.market_id AND s.kind = 'S'
        LEFT JOIN rarer mark ON mark.market_id = b.market_id AND mark.details->>'source' = 'mark'
        LEFT JOIN rarer index ON index.market_id = b.market_id AND index.details->>'source' = 'index'
        LEFT JOIN live ON live.market_id = b.market_id
        CROSS JOIN LATERAL (VALUES
            ('last_price', trim_scale(b.last_price)::text, trim_scale(t.price)::text),
            ('last_event_at', b.last_event_at::text, e.created_at::text),
            ('mark_price', trim_scale(b.mark_price)::text, trim_scale(mark.price * m.tick)::text),
            ('index_price', trim_scale(b.index_price)::text, trim_scale(index.price * m.tick)::text),
            ('opened_at', b.opened_at::text, s.created_at::text),
            ('next_expiry_at', b.next_expiry_at::text, live.next_expiry_at::text),
            ('watches_prices', b.watches_prices::text, coalesce(live.watches_prices, false)::text),
            ('status', m.status, coalesce(s.details->>'status', m.status)),
            ('auction_ends_at', m.auction_ends_at::text,
             to_timestamp((s.details->>'ends_at')::numeric / 1000)::text)
        ) AS stored(name, stored, told)
    )
    SELECT symbol, name, stored, told FROM states WHERE stored IS DISTINCT FROM told ORDER BY symbol, name"""

_TRADES = """
    SELECT coalesce(t.market_id, e.market_id) AS market_id, coalesce(t.sequence, e.sequence) AS sequence,
           coalesce(t.id, e.trade_id) AS trade_id,
           CASE WHEN t.id IS NULL THEN 'the trade of this event is missing'
                WHEN e.sequence IS NULL THEN 'the event of this trade is missing'
                ELSE 'event and trade differ' END AS wrong
    FROM trading_trade t
    FULL JOIN (SELECT * FROM trading_orderevent WHERE kind IN ('T', 'U')) e
        ON e.market_id = t.market_id AND e.sequence = t.sequence
    LEFT JOIN market_market m ON m.id = coalesce(t.market_id, e.market_id)
    WHERE t.id IS NULL OR e.sequence IS NULL
       OR (t.id, t.taker_order_id, t.maker_order_id, t.taker_account_id, t.maker_account_id, t.taker_side,
           t.price, t.quantity, t.created_at)
          IS DISTINCT FROM (e.trade_id, e.order_id, e.maker_order_id, e.account_id, e.maker_account_id, e.side,
           e.price * m.tick, e.quantity * m.lot, e.created_at)
    ORDER BY 1, 2"""

_ACCEPTED = """
    SELECT coalesce(o.id, a.order_id) AS order_id, coalesce(a.times, 0) AS times,
           CASE WHEN o.id IS NULL THEN 'there is no such order' ELSE 'the order exists' END AS existence
    FROM trading_order o
    FULL JOIN (SELECT order_id, count(*) AS times FROM trading_orderevent WHERE kind = 'A' GROUP BY order_id) a
        ON a.order_id = o.id
    WHERE o.id IS NULL OR a.times IS DISTINCT FROM 1 ORDER BY 1"""

# An order as the log tells it. Its place is the newest event that gave it one, which also tells its price. The
# newest A, M, Q or V tells its total (an exit's is what its entry filled); after it an R for AMENDED makes the total
# smaller; every other R, and C, cancels; a buy by cost is as large as what it bought, and shows the amount that was
# asked for (an event without it: the budget, which is that amount in whole ticks x lots).
_ORDERS = """
    WITH placed AS (
        SELECT DISTINCT ON (order_id) order_id, price, sequence FROM trading_orderevent
        WHERE kind IN ('A', 'M', 'Q', 'G', 'V', 'F') ORDER BY order_id, sequence DESC
    ), sized AS (
        SELECT DISTINCT ON (order_id) order_id, quantity, sequence FROM trading_orderevent
        WHERE kind IN ('A', 'M', 'Q', 'V') ORDER BY order_id, sequence DESC
    ), traded AS (
        SELECT order_id, sum(quantity) AS quantity, sum(quantity * price) AS cost
        FROM (SELECT order_id, quantity, price FROM trading_orderevent WHERE kind IN ('T', 'U')
              UNION ALL
              SELECT maker_order_id, quantity, price FROM trading_orderevent WHERE kind IN ('T', 'U')) sides
        GROUP BY order_id
    ), ended AS (
        SELECT order_id, sum(quantity) AS quantity, max(reason) FILTER (WHERE kind = 'C') AS reason
        FROM trading_orderevent WHERE kind = 'C' OR kind = 'R' AND reason <> 'AMENDED' GROUP BY order_id
    ), lessened AS (
        SELECT e.order_id, sum(e.quantity) AS quantity FROM trading_orderevent e
        JOIN sized s ON s.order_id = e.order_id AND e.sequence > s.sequence
        WHERE e.kind = 'R' AND e.reason = 'AMENDED' GROUP BY e.order_id
    ), told AS (
        SELECT a.order_id, a.market_id, a.account_id, a.side, a.created_at, a.details->>'type' AS type,
               a.details->>'time_in_force' AS time_in_force, (a.details->>'post_only')::boolean AS post_only,
               a.details->>'self_trade_prevention' AS self_trade_prevention,
               a.details->>'client_order_id' AS client_order_id, p.sequence AS priority, p.price * m.tick AS price,
               CASE WHEN a.details->>'budget' IS NOT NULL THEN
                   coalesce((a.details->>'quote_quantity')::numeric,
                            (a.details->>'budget')::numeric * m.tick * m.lot) END AS quote_quantity,
               coalesce(t.quantity, 0) * m.lot AS filled_quantity,
               coalesce(t.cost, 0) * m.tick * m.lot AS filled_cost,
               coalesce(c.quantity, 0) * m.lot AS cancelled_quantity, coalesce(c.reason, '') AS reason,
               CASE WHEN a.details->>'budget' IS NULL THEN s.quantity - coalesce(l.quantity, 0)
                    ELSE coalesce(t.quantity, 0) END * m.lot AS quantity
        FROM trading_orderevent a
        JOIN market_market m ON m.id = a.market_id
        JOIN placed p ON p.order_id = a.order_id
        JOIN sized s ON s.order_id = a.order_id
        LEFT JOIN traded t ON t.order_id = a.order_id
        LEFT JOIN ended c ON c.order_id = a.order_id
        LEFT JOIN lessened l ON l.order_id = a.order_id
        WHERE a.kind = 'A'
    ), compared AS (
        SELECT o.id AS order_id, concat_ws(', ', {differences}) AS differences
        FROM trading_order o JOIN told l ON l.order_id = o.id
    )
    SELECT order_id, differences FROM compared WHERE differences <> '' ORDER BY order_id"""

_COMPARED = (
    "market_id", "account_id", "client_order_id", "side", "type", "time_in_force", "post_only",
    "self_trade_prevention", "price", "quantity", "quote_quantity", "filled_quantity", "filled_cost",
    "cancelled_quantity", "reason", "priority", "created_at",
)  # fmt: skip

_DIFFERENCE = """
    CASE WHEN o.{0} IS DISTINCT FROM l.{0}
         THEN '{0} is ' || coalesce({1}, 'empty') || ', by the log ' || coalesce({2}, 'empty') END"""

_NUMBERS = ("price", "quantity", "quote_quantity", "filled_quantity", "filled_cost", "cancelled_quantity")


def _text(column: str) -> str:
    name = column.partition(".")[2]
    return f"trim_scale({column})::text" if name in _NUMBERS else f"{column}::text"


_DIFFERENCES = ", ".join(
    _DIFFERENCE.format(name, _text(f"o.{name}"), _text(f"l.{name}")) for name in _COMPARED
)

_ORPHANS = """
    SELECT what, id, wrong FROM (
        SELECT 'order' AS what, o.id::text, 'its market ' || o.market_id || ' has no book' AS wrong
        FROM trading_order o WHERE NOT EXISTS (SELECT FROM trading_bookstate b WHERE b.market_id = o.market_id)
        UNION ALL
        SELECT 'order', o.id::text, 'its account ' || o.account_id || ' does not exist'
        FROM trading_order o WHERE NOT EXISTS (SELECT FROM accounts_account a WHERE a.id = o.account_id)
        UNION ALL
        SELECT 'trade', t.id::text, 'its market ' || t.market_id || ' has no book'
        FROM trading_trade t WHERE NOT EXISTS (SELECT FROM trading_bookstate b WHERE b.market_id = t.market_id)
        UNION ALL
        SELECT 'trade', t.id::text, 'its taker''s order ' || t.taker_order_id || ' does not exist'
        FROM trading_trade t WHERE NOT EXISTS (SELECT FROM trading_order o WHERE o.id = t.taker_order_id)
        UNION ALL
        SELECT 'trade', t.id::text, 'its maker''s order ' || t.maker_order_id || ' does not exist'
        FROM trading_trade t WHERE NOT EXISTS (SELECT FROM trading_order o WHERE o.id = t.maker_order_id)
        UNION ALL
        SELECT 'book', b.market_id::text, 'its market has no fee account'
        FROM trading_bookstate b JOIN market_market m ON m.id = b.market_id
        WHERE NOT EXISTS (SELECT FROM accounts_account a WHERE a.kind = 'fees' AND a.name = 'fees:' || m.symbol)
    ) AS lost ORDER BY what, id"""

CHECKS = (
    by_query(
        "L5-LOG-GAP",
        5,
        "the log of a market runs from 1 to the book's sequence without a gap",
        _GAPS,
        "{symbol}: {wrong}",
    ),
    by_query(
        "L5-TIME",
        5,
        "time never runs backwards in a log",
        _TIMES,
        "{symbol}: event {sequence} is of {created_at}, the one before it of {before}",
    ),
    by_query(
        "L5-STATE",
        5,
        "the rows of a market and its book have the state, the prices and the times that the newest events say",
        _STATES,
        "{symbol}: {name} is {stored}, by the newest events {told}",
    ),
    by_query(
        "L5-TRADE",
        5,
        "every trade is an event of the log, and the reverse",
        _TRADES,
        "market {market_id}, event {sequence}, trade {trade_id}: {wrong}",
    ),
    by_query(
        "L7-ACCEPTED",
        7,
        "every order was accepted exactly once",
        _ACCEPTED,
        "order {order_id}: accepted {times} times in the log; {existence}",
    ),
    by_query(
        "L7-ORDER",
        7,
        "an order is what the log says of it",
        _ORDERS.replace("{differences}", _DIFFERENCES),
        "order {order_id}: {differences}",
    ),
    by_query(
        "L7-ORPHAN",
        7,
        "what orders, trades and books refer to exists",
        _ORPHANS,
        "{what} {id}: {wrong}",
    ),
)
