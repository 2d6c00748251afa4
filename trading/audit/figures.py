"""Are the figures made from trades right, and is all money in whole units of its asset?"""

from common.audit import by_query

_CANDLES = """
    WITH stored AS (
        SELECT market_id, interval_seconds, sum(trades) AS trades, sum(volume) AS volume,
               sum(quote_volume) AS quote_volume, max(high) AS high, min(low) AS low
        FROM market_candle GROUP BY market_id, interval_seconds
    ), traded AS (
        SELECT t.market_id, count(*) AS trades, sum(t.quantity) AS volume, sum(t.cost) AS quote_volume,
               max(t.price) AS high, min(t.price) AS low
        FROM trading_trade t JOIN market_candleprogress p ON p.market_id = t.market_id AND t.sequence <= p.sequence
        GROUP BY t.market_id
    )
    SELECT m.symbol, coalesce(s.market_id, t.market_id) AS market_id, s.interval_seconds,
           coalesce(s.trades, 0) AS trades, coalesce(s.volume, 0) AS volume,
           coalesce(t.trades, 0) AS traded, coalesce(t.volume, 0) AS traded_volume
    FROM stored s FULL JOIN traded t ON t.market_id = s.market_id
    LEFT JOIN market_market m ON m.id = coalesce(s.market_id, t.market_id)
    WHERE (s.trades, s.volume, s.quote_volume, s.high, s.low)
          IS DISTINCT FROM (t.trades, t.volume, t.quote_volume, t.high, t.low)
    ORDER BY 2, 3"""

_FINER = """
    SELECT l.what, l.id, l.asset, l.amount, a.precision
    FROM (SELECT 'posting' AS what, id, asset, amount FROM accounts_posting
          UNION ALL SELECT 'balance (available)', id, asset, available FROM accounts_balance
          UNION ALL SELECT 'balance (held)', id, asset, held FROM accounts_balance) l
    LEFT JOIN market_asset a ON a.code = l.asset
    WHERE a.code IS NULL OR l.amount <> trunc(l.amount, a.precision) ORDER BY 1, 2"""

CHECKS = (
    by_query(
        "L5-CANDLES",
        5,
        "candles of each length sum to the trades that were rolled up",
        _CANDLES,
        "{symbol}, candles of {interval_seconds} s: {trades} trades, volume {volume}; "
        "rolled up were {traded} trades, volume {traded_volume}",
    ),
    by_query(
        "L8-UNITS",
        8,
        "postings and balances are whole units of a known asset",
        _FINER,
        "{what} {id}: {amount} {asset}, which is counted to {precision} decimals",
    ),
)
