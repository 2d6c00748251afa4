"""Do the order rows hold the laws, by themselves and against trades and balances?"""

from common.audit import by_query
from common.fields import MONEY_BOUND

# Of perpetuals the positions' rows say what is required, orders included; a loss may leave less than that.
_HOLDS = """
    WITH orders AS (
        SELECT o.account_id, CASE o.side WHEN 'buy' THEN m.quote_id ELSE m.base_id END AS asset,
               sum((o.quantity - o.filled_quantity - o.cancelled_quantity)
                   * CASE WHEN o.status = 'new' THEN 0
                          WHEN o.status = 'pending_trigger' THEN c.reserve
                          WHEN o.side = 'buy' THEN o.price ELSE 1 END) AS needed
        FROM trading_order o JOIN market_market m ON m.id = o.market_id
        LEFT JOIN trading_ordercondition c ON c.order_id = o.id AND o.status = 'pending_trigger'
        WHERE o.status IN ('new', 'pending_trigger', 'open', 'partially_filled') AND m.kind = 'spot' GROUP BY 1, 2
    ), needs AS (
        SELECT account_id, asset, sum(needed) AS needed FROM (
            SELECT account_id, asset, needed FROM orders
            UNION ALL
            SELECT p.account_id, m.quote_id, p.requirement + p.isolated_margin
            FROM risk_position p JOIN market_market m ON m.id = p.market_id) AS each GROUP BY 1, 2
    )
    SELECT coalesce(b.account_id, n.account_id) AS account_id, coalesce(b.asset, n.asset) AS asset,
           coalesce(b.held + b.shortage, 0) AS held, coalesce(n.needed, 0) AS needed
    FROM accounts_balance b FULL JOIN needs n ON n.account_id = b.account_id AND n.asset = b.asset
    WHERE coalesce(b.held + b.shortage, 0) <> coalesce(n.needed, 0) ORDER BY 1, 2"""

_MARGINS = """
    WITH needs AS (
        SELECT p.account_id, m.quote_id AS asset, sum(p.requirement) AS required
        FROM risk_position p JOIN market_market m ON m.id = p.market_id GROUP BY 1, 2
    )
    SELECT coalesce(b.account_id, n.account_id) AS account_id, coalesce(b.asset, n.asset) AS asset,
           coalesce(b.margin, 0) AS margin, coalesce(b.shortage, 0) AS shortage,
           coalesce(b.available, 0) AS available, coalesce(n.required, 0) AS required
    FROM accounts_balance b FULL JOIN needs n ON n.account_id = b.account_id AND n.asset = b.asset
    WHERE coalesce(b.margin, 0) <> coalesce(n.required, 0)
       OR NOT b.shortage BETWEEN 0 AND b.margin OR b.shortage > 0 AND b.available <> 0
    ORDER BY 1, 2"""

_SUMS = f"""
    SELECT id AS order_id, status, quantity, filled_quantity, cancelled_quantity,
           quantity - filled_quantity - cancelled_quantity AS open_quantity, reason
    FROM trading_order
    WHERE (quantity BETWEEN 0 AND {MONEY_BOUND} AND filled_quantity BETWEEN 0 AND {MONEY_BOUND}
           AND cancelled_quantity BETWEEN 0 AND {MONEY_BOUND} AND filled_cost BETWEEN 0 AND {MONEY_BOUND}
           AND CASE status
               WHEN 'open' THEN price > 0 AND filled_quantity = 0 AND reason = ''
                   AND quantity > filled_quantity + cancelled_quantity
               WHEN 'partially_filled' THEN price > 0 AND filled_quantity > 0 AND reason = ''
                   AND quantity > filled_quantity + cancelled_quantity
               WHEN 'new' THEN filled_quantity = 0 AND cancelled_quantity = 0 AND reason = '' AND quantity > 0
               WHEN 'pending_trigger' THEN type NOT IN ('limit', 'market')
                   AND filled_quantity = 0 AND cancelled_quantity = 0 AND reason = '' AND quantity > 0
               WHEN 'filled' THEN filled_quantity > 0 AND reason = ''
                   AND quantity = filled_quantity + cancelled_quantity
               WHEN 'cancelled' THEN reason NOT IN ('', 'EXPIRED', 'WIND_DOWN')
                   AND quantity = filled_quantity + cancelled_quantity
               WHEN 'expired' THEN reason IN ('EXPIRED', 'WIND_DOWN') AND cancelled_quantity > 0
                   AND quantity = filled_quantity + cancelled_quantity
               ELSE false END) IS NOT TRUE
    ORDER BY id"""

_FILLS = """
    WITH fills AS (
        SELECT order_id, sum(quantity) AS quantity, sum(cost) AS cost
        FROM (SELECT taker_order_id AS order_id, quantity, cost FROM trading_trade
              UNION ALL SELECT maker_order_id, quantity, cost FROM trading_trade) AS sides
        GROUP BY order_id
    ), filled AS (
        SELECT id, filled_quantity, filled_cost FROM trading_order WHERE filled_quantity <> 0 OR filled_cost <> 0
    )
    SELECT coalesce(o.id, f.order_id) AS order_id,
           coalesce(o.filled_quantity, 0) AS filled_quantity, coalesce(o.filled_cost, 0) AS filled_cost,
           coalesce(f.quantity, 0) AS traded_quantity, coalesce(f.cost, 0) AS traded_cost
    FROM filled o FULL JOIN fills f ON f.order_id = o.id
    WHERE coalesce(o.filled_quantity, 0) <> coalesce(f.quantity, 0)
       OR coalesce(o.filled_cost, 0) <> coalesce(f.cost, 0)
    ORDER BY 1"""

_OVERSPENT = """
    SELECT id AS order_id, quote_quantity, filled_cost FROM trading_order
    WHERE filled_cost > quote_quantity ORDER BY id"""

_CROSSED = """
    SELECT m.symbol, max(o.price) FILTER (WHERE o.side = 'buy') AS bid,
           min(o.price) FILTER (WHERE o.side = 'sell') AS ask
    FROM trading_order o JOIN market_market m ON m.id = o.market_id
    WHERE o.status IN ('open', 'partially_filled') AND m.status IN ('open', 'post_only') GROUP BY m.symbol
    HAVING max(o.price) FILTER (WHERE o.side = 'buy') >= min(o.price) FILTER (WHERE o.side = 'sell')
    ORDER BY m.symbol"""

_CLIENT_IDS = """
    SELECT account_id, client_order_id, array_agg(id ORDER BY id) AS order_ids FROM trading_order
    GROUP BY account_id, client_order_id HAVING count(*) > 1 OR client_order_id = '' ORDER BY 1, 2"""

CHECKS = (
    by_query(
        "L2-HELD",
        2,
        "held is exactly what the account's live orders and positions need",
        _HOLDS,
        "account {account_id}, {asset}: {held} held, its live orders and positions need {needed}",
    ),
    by_query(
        "L2-MARGIN",
        2,
        "margin is what the account's perpetual positions and orders require; only losses make it short",
        _MARGINS,
        "account {account_id}, {asset}: {margin} of margin, short of {shortage} beside {available} available; "
        "its positions and orders require {required}",
    ),
    by_query(
        "L3-ORDER",
        3,
        "filled + open + cancelled = quantity, and the status fits",
        _SUMS,
        "order {order_id} is {status}: quantity {quantity}, filled {filled_quantity}, open {open_quantity}, "
        "cancelled {cancelled_quantity}, reason {reason!r}",
    ),
    by_query(
        "L3-FILLS",
        3,
        "trades of an order sum to its filled quantity and cost",
        _FILLS,
        "order {order_id}: filled {filled_quantity} for {filled_cost}, "
        "its trades sum to {traded_quantity} for {traded_cost}",
    ),
    by_query(
        "L4-BUDGET",
        4,
        "a market buy by cost spends no more than it was given",
        _OVERSPENT,
        "order {order_id}: spent {filled_cost} of {quote_quantity}",
    ),
    by_query(
        "L4-CROSSED",
        4,
        "where orders match, no open buy order bids as much as an open sell order asks",
        _CROSSED,
        "{symbol}: best bid {bid}, best ask {ask}",
    ),
    by_query(
        "L7-CLIENT-ID",
        7,
        "a client order id has taken effect once per account",
        _CLIENT_IDS,
        "account {account_id}: client order id {client_order_id!r} stands for orders {order_ids}",
    ),
)
