"""Is every liquidation on record as it went: its steps, their events, their trades and the insurance fund's money?"""

from common.audit import by_query

# Of a margin account no market's log tells: risk/lending_audit.py has those.
_STEPS = """
    WITH counted AS (
        SELECT l.id, l.status, l.steps_taken, l.ended_at, count(s.id) AS steps, min(s.number) AS first,
               max(s.number) AS last,
               (SELECT kind FROM risk_liquidationstep e WHERE e.liquidation_id = l.id ORDER BY number DESC LIMIT 1)
                   AS ending
        FROM risk_liquidation l JOIN accounts_account a ON a.id = l.account_id AND a.kind <> 'margin'
        LEFT JOIN risk_liquidationstep s ON s.liquidation_id = l.id GROUP BY l.id
    ), told AS (
        SELECT e.market_id, e.sequence, e.account_id, e.details->>'step' AS kind,
               (e.details->>'liquidation')::bigint AS liquidation_id, (e.details->>'number')::integer AS number,
               (e.details->>'quantity')::numeric * m.lot AS quantity,
               (e.details->>'to_insurance')::numeric * u.unit AS to_insurance,
               (e.details->>'equity')::numeric * u.unit AS equity,
               (e.details->>'maintenance_margin')::numeric * u.unit AS maintenance_margin
        FROM trading_orderevent e
        JOIN market_market m ON m.id = e.market_id
        JOIN market_asset q ON q.code = m.quote_id
        CROSS JOIN LATERAL (SELECT ('1e-' || q.precision)::numeric AS unit) AS u
        WHERE e.kind = 'K' AND e.reason = 'liquidation' AND e.details ? 'number'
    ), stored AS (
        SELECT s.*, l.account_id FROM risk_liquidationstep s
        JOIN risk_liquidation l ON l.id = s.liquidation_id
        JOIN accounts_account a ON a.id = l.account_id AND a.kind <> 'margin'
    )
    SELECT id AS liquidation_id, 0 AS number,
           'it has ' || steps || ' steps from ' || coalesce(first, 0) || ' to ' || coalesce(last, 0)
           || ', its row says ' || steps_taken AS wrong
    FROM counted WHERE (steps, coalesce(first, 1), coalesce(last, 0)) <> (steps_taken, 1, steps_taken)
    UNION ALL
    SELECT id, 0, 'it is ' || status || ', ended at ' || coalesce(ended_at::text, 'no time')
           || ', and its last step is ' || coalesce(ending, 'none')
    FROM counted
    WHERE CASE WHEN status IN ('warned', 'liquidating') THEN ended_at IS NOT NULL OR ending = 'closed'
               ELSE ended_at IS NULL OR ending IS DISTINCT FROM status END
    UNION ALL
    SELECT min(id), 0, 'another one of account ' || account_id || ' is open too'
    FROM risk_liquidation WHERE status IN ('warned', 'liquidating')
    GROUP BY account_id, market_id HAVING count(*) > 1
    UNION ALL
    SELECT s.liquidation_id, s.number,
           CASE WHEN t.sequence IS NULL THEN 'its log has no such event' ELSE 'it differs from its event' END
    FROM stored s LEFT JOIN told t ON t.market_id = s.market_id AND t.sequence = s.sequence
    WHERE (s.liquidation_id, s.number, s.account_id, s.kind, s.quantity, s.to_insurance, s.equity,
           s.maintenance_margin)
          IS DISTINCT FROM (t.liquidation_id, t.number, t.account_id, t.kind, t.quantity, t.to_insurance, t.equity,
           t.maintenance_margin)
    UNION ALL
    SELECT t.liquidation_id, t.number, 'event ' || t.sequence || ' tells of it, and it is not there'
    FROM told t LEFT JOIN stored s ON s.liquidation_id = t.liquidation_id AND s.number = t.number
    WHERE s.id IS NULL
    ORDER BY 1, 2, 3"""

# Reductions are filled orders; deleveragings are events between the step and the one before it, of any liquidation.
_TRADED = """
    WITH traded AS (
        SELECT s.liquidation_id, s.number, s.kind, s.market_id, s.quantity, s.notional, s.bankruptcy_price,
               s.order_id, l.account_id, s.sequence,
               lag(s.sequence, 1, 0::bigint) OVER (PARTITION BY l.account_id, s.market_id ORDER BY s.sequence)
                   AS before
        FROM risk_liquidationstep s
        JOIN risk_liquidation l ON l.id = s.liquidation_id
        JOIN accounts_account a ON a.id = l.account_id AND a.kind <> 'margin'
    ), orders AS (
        SELECT s.*, o.id AS found, o.filled_quantity, o.filled_cost,
               (o.account_id, o.market_id) = (s.account_id, s.market_id)
                   AND o.time_in_force = 'ioc' AND c.reduce_only AS fits,
               s.kind <> 'reduced' OR NOT EXISTS (
                   SELECT FROM trading_trade t WHERE t.taker_order_id = o.id
                   AND CASE o.side WHEN 'sell' THEN t.price < s.bankruptcy_price ELSE t.price > s.bankruptcy_price END
               ) AS is_no_worse
        FROM traded s LEFT JOIN trading_order o ON o.id = s.order_id
        LEFT JOIN trading_ordercondition c ON c.order_id = o.id
        WHERE s.kind IN ('reduced', 'fund_paid')
    ), lots AS (
        SELECT e.market_id, e.sequence, e.account_id, e.quantity * m.lot AS quantity, e.price * m.tick AS price
        FROM trading_orderevent e JOIN market_market m ON m.id = e.market_id WHERE e.kind = 'D'
    ), deleveraged AS (
        SELECT s.liquidation_id, s.number, s.quantity, s.notional, s.bankruptcy_price,
               coalesce(sum(d.quantity), 0) AS told, coalesce(sum(d.quantity * d.price), 0) AS worth,
               bool_and(d.price = s.bankruptcy_price) AS at_price
        FROM traded s LEFT JOIN lots d ON d.market_id = s.market_id AND d.account_id = s.account_id
            AND d.sequence > s.before AND d.sequence < s.sequence
        WHERE s.kind = 'deleveraged' GROUP BY 1, 2, 3, 4, 5
    )
    SELECT liquidation_id, number, kind || ' ' || trim_scale(quantity) || ' for ' || trim_scale(notional)
           || CASE WHEN found IS NULL THEN ', and there is no order'
                   WHEN NOT fits THEN ', and its order ' || order_id || ' is another one'
                   WHEN NOT is_no_worse THEN ', beyond the bankruptcy price of ' || trim_scale(bankruptcy_price)
                   ELSE ', its order ' || order_id || ' filled ' || trim_scale(filled_quantity) || ' for '
                        || trim_scale(filled_cost) END AS wrong
    FROM orders
    WHERE found IS NULL OR fits IS NOT TRUE OR is_no_worse IS NOT TRUE
       OR (quantity, notional) <> (filled_quantity, filled_cost)
    UNION ALL
    SELECT liquidation_id, number, 'deleveraged ' || trim_scale(quantity) || ' for ' || trim_scale(notional)
           || ' at ' || coalesce(trim_scale(bankruptcy_price)::text, 'no price') || ', by the log '
           || trim_scale(told) || ' for ' || trim_scale(worth)
    FROM deleveraged WHERE (quantity, notional) <> (told, worth) OR at_price IS FALSE
    UNION ALL
    SELECT coalesce(s.liquidation_id, 0), coalesce(s.number, 0), 'event ' || d.sequence || ' deleverages account '
           || d.account_id || ', and no step says so'
    FROM lots d LEFT JOIN traded s ON s.market_id = d.market_id AND s.account_id = d.account_id
        AND s.kind = 'deleveraged' AND d.sequence > s.before AND d.sequence < s.sequence
    WHERE s.number IS NULL
    ORDER BY 1, 2"""

# What an account gave the fund, and what it got of it: by the log, by its steps and by the ledger. Beyond the log
# the fund may only have paid: what makers lost beyond what they had.
_INSURANCE = """
    WITH contracts AS (
        SELECT m.id AS market_id, m.symbol, a.id AS fund_id, ('1e-' || q.precision)::numeric AS unit
        FROM risk_contract c JOIN market_market m ON m.id = c.market_id
        JOIN market_asset q ON q.code = m.quote_id
        JOIN accounts_account a ON a.name = 'insurance:' || m.symbol
    ), amounts AS (
        SELECT c.symbol, e.account_id, (e.details->>'amount')::numeric * c.unit AS told, 0 AS stepped, 0 AS posted
        FROM trading_orderevent e JOIN contracts c ON c.market_id = e.market_id
        WHERE e.kind = 'K' AND e.reason = 'insurance'
        UNION ALL
        SELECT c.symbol, l.account_id, 0, s.to_insurance, 0
        FROM risk_liquidationstep s JOIN contracts c ON c.market_id = s.market_id
        JOIN risk_liquidation l ON l.id = s.liquidation_id
        UNION ALL
        SELECT c.symbol, p.account_id, 0, 0, -p.amount
        FROM accounts_ledgertransaction l JOIN contracts c ON c.symbol = l.reference
        JOIN accounts_posting p ON p.transaction_id = l.id AND p.account_id <> c.fund_id
        WHERE l.kind = 'liquidation'
    ), sums AS (
        SELECT symbol, account_id, sum(told) AS told, sum(stepped) AS stepped,
               sum(posted) AS posted, sum(told) FILTER (WHERE told > 0) AS given,
               sum(posted) FILTER (WHERE posted > 0) AS given_posted
        FROM amounts GROUP BY symbol, account_id
    )
    SELECT symbol, account_id, 'by the log it gave ' || trim_scale(told) || ', by its liquidations '
           || trim_scale(stepped) || ', by the ledger ' || trim_scale(posted) AS wrong
    FROM sums WHERE told <> stepped OR posted > told OR given IS DISTINCT FROM given_posted
    UNION ALL
    SELECT c.symbol, p.account_id, 'ledger transaction ' || l.id || ' (' || l.kind || ') moved ' || trim_scale(p.amount)
    FROM contracts c JOIN accounts_posting p ON p.account_id = c.fund_id
    JOIN accounts_ledgertransaction l ON l.id = p.transaction_id
    WHERE l.kind NOT IN ('liquidation', 'deposit', 'adjustment', 'transfer')
       OR l.kind = 'liquidation' AND l.reference <> c.symbol
    ORDER BY 1, 2, 3"""

CHECKS = (
    by_query(
        "L6-LIQUIDATION",
        6,
        "steps of a liquidation are numbered without a gap, each as its event tells it, and the last one ends it",
        _STEPS,
        "liquidation {liquidation_id}, step {number}: {wrong}",
    ),
    by_query(
        "L6-REDUCED",
        6,
        "what a liquidation reduced or deleveraged was traded so, and no worse than at the bankruptcy price",
        _TRADED,
        "liquidation {liquidation_id}, step {number}: {wrong}",
    ),
    by_query(
        "L6-INSURANCE",
        6,
        "an insurance fund got and paid what liquidations say, and beyond that paid only what somebody lacked",
        _INSURANCE,
        "{symbol}, account {account_id}: {wrong}",
    ),
)
