"""Do positions, profits, fees and funding of each perpetual come out even, and do its own rows say so?"""

from common.audit import by_query

_NET = """
    SELECT m.symbol, sum(p.size) AS size FROM risk_position p JOIN market_market m ON m.id = p.market_id
    GROUP BY m.symbol HAVING sum(p.size) <> 0 ORDER BY m.symbol"""

# By contract: what its positions sum to, and what the exchange's own accounts have of it.
_SUMS = """
    WITH sums AS (
        SELECT market_id, sum(cost) AS cost, sum(size) AS size, sum(realised_profit) AS realised,
               sum(fees_paid) AS fees, sum(funding_paid) AS funding, sum(exposure) AS exposure
        FROM risk_position GROUP BY market_id
    ), contracts AS (
        SELECT c.market_id, m.symbol, m.quote_id, c.exposure AS stored_exposure, coalesce(s.cost, 0) AS cost,
               coalesce(s.size, 0) AS size, coalesce(s.realised, 0) AS realised, coalesce(s.fees, 0) AS fees,
               coalesce(s.funding, 0) AS funding, coalesce(s.exposure, 0) AS exposure
        FROM risk_contract c JOIN market_market m ON m.id = c.market_id LEFT JOIN sums s ON s.market_id = c.market_id
    )"""

_BALANCE_OF = """coalesce((
        SELECT b.available + b.held FROM accounts_account a
        JOIN accounts_balance b ON b.account_id = a.id AND b.asset = c.quote_id
        WHERE a.name = '{kind}:' || c.symbol), 0)"""

_CLEARING = f"""{_SUMS}, found AS (
        SELECT c.symbol, c.cost, {_BALANCE_OF.format(kind="clearing")} AS balance FROM contracts c
    )
    SELECT * FROM found WHERE cost <> -balance ORDER BY symbol"""

# What trades brought in as fees: the exchange may have taken them out of that account since.
_FEE_INCOME = """coalesce((
        SELECT sum(t.taker_fee + t.maker_fee) FROM trading_trade t WHERE t.market_id = c.market_id), 0)"""

_ZERO = f"""{_SUMS}, found AS (
        SELECT c.*, coalesce(price.mark, price.index, 0) AS mark, {_FEE_INCOME} AS income,
               {_BALANCE_OF.format(kind="funding")} AS pool
        FROM contracts c LEFT JOIN market_price price ON price.market_id = c.market_id
    )
    SELECT symbol, realised, size * mark - cost AS unrealised, fees, funding, income, pool,
           realised + size * mark - cost - fees - funding + income + pool AS total
    FROM found WHERE realised + size * mark - cost - fees - funding + income + pool <> 0 ORDER BY symbol"""

_EXPOSURES = f"""{_SUMS}, compared AS (
        SELECT symbol AS what, stored_exposure AS stored, exposure AS summed FROM contracts
        UNION ALL
        SELECT 'all contracts', t.amount, (SELECT coalesce(sum(exposure), 0) FROM risk_contract)
        FROM risk_exposuretotal t
    )
    SELECT * FROM compared WHERE stored <> summed ORDER BY what"""

# The index counts 10^-8 units per lot; the payments, the events of the log and the contract's row tell the same.
_INDICES = """
    WITH moves AS (
        SELECT c.market_id, m.symbol, m.tick, m.lot, c.funding_index, q.precision, c.last_funding_rate,
               c.next_funding_at
        FROM risk_contract c JOIN market_market m ON m.id = c.market_id
        JOIN market_asset q ON q.code = m.quote_id
    ), paid AS (
        SELECT v.market_id, p.due_at, p.rate, p.mark_price, p.funding_index,
               row_number() OVER newest_last AS number,
               sum(p.rate * p.mark_price * v.lot * ('1e' || (8 + v.precision))::numeric) OVER newest_last AS summed
        FROM risk_fundingpayment p JOIN moves v ON v.market_id = p.contract_id
        WINDOW newest_last AS (PARTITION BY p.contract_id ORDER BY p.due_at)
    ), logged AS (
        SELECT v.market_id, e.sequence, (e.details->>'rate')::numeric * 1e-8 AS rate, e.price * v.tick AS mark_price,
               (e.details->>'funding_index')::numeric AS funding_index,
               row_number() OVER (PARTITION BY e.market_id ORDER BY e.sequence) AS number
        FROM trading_orderevent e JOIN moves v ON v.market_id = e.market_id WHERE e.kind = 'I'
    )
    SELECT v.symbol, coalesce(p.number, l.number) AS number,
           CASE WHEN p.number IS NULL THEN 'the payment of event ' || l.sequence || ' is missing'
                WHEN l.number IS NULL THEN 'the event of the payment due at ' || p.due_at || ' is missing'
                WHEN p.funding_index <> p.summed THEN 'the rates times marks up to ' || p.due_at || ' come to '
                     || trim_scale(p.summed) || ', the index is ' || p.funding_index
                ELSE 'event ' || l.sequence || ' and the payment due at ' || p.due_at || ' differ' END AS wrong
    FROM paid p FULL JOIN logged l ON l.market_id = p.market_id AND l.number = p.number
    JOIN moves v ON v.market_id = coalesce(p.market_id, l.market_id)
    WHERE p.number IS NULL OR l.number IS NULL OR p.funding_index <> p.summed
       OR (p.rate, p.mark_price, p.funding_index) <> (l.rate, l.mark_price, l.funding_index)
    UNION ALL
    SELECT v.symbol, 0, 'the contract''s index is ' || v.funding_index || ', its last rate ' || v.last_funding_rate
           || ' and the next is due at ' || coalesce(v.next_funding_at::text, 'no time')
    FROM moves v
    LEFT JOIN LATERAL (SELECT * FROM paid p WHERE p.market_id = v.market_id ORDER BY p.due_at DESC LIMIT 1) p ON true
    WHERE (v.funding_index, v.last_funding_rate) <> (coalesce(p.funding_index, 0), coalesce(p.rate, 0))
       OR v.next_funding_at <= p.due_at
    ORDER BY 1, 2"""

# By account and contract: what its row says it paid, and what the ledger moved to the contract's funding account.
_FUNDING = """
    WITH posted AS (
        SELECT m.id AS market_id, p.account_id, -sum(p.amount) AS paid
        FROM accounts_ledgertransaction l
        JOIN market_market m ON m.symbol = l.reference
        JOIN accounts_posting p ON p.transaction_id = l.id
        JOIN accounts_account a ON a.id = p.account_id AND a.kind <> 'funding'
        WHERE l.kind = 'funding' GROUP BY 1, 2
    ), pools AS (
        SELECT m.symbol, a.id AS account_id, coalesce(b.available + b.held, 0) AS pool,
               coalesce((SELECT sum(p.funding_paid) FROM risk_position p WHERE p.market_id = m.id), 0) AS paid
        FROM risk_contract c
        JOIN market_market m ON m.id = c.market_id
        JOIN accounts_account a ON a.name = 'funding:' || m.symbol
        LEFT JOIN accounts_balance b ON b.account_id = a.id AND b.asset = m.quote_id
    )
    SELECT m.symbol, coalesce(r.account_id, p.account_id) AS account_id, coalesce(r.funding_paid, 0) AS paid,
           coalesce(p.paid, 0) AS posted
    FROM risk_position r FULL JOIN posted p ON p.market_id = r.market_id AND p.account_id = r.account_id
    JOIN market_market m ON m.id = coalesce(r.market_id, p.market_id)
    WHERE coalesce(r.funding_paid, 0) <> coalesce(p.paid, 0)
    UNION ALL
    SELECT symbol, account_id, paid, pool FROM pools WHERE paid <> pool
    ORDER BY 1, 2"""

CHECKS = (
    by_query(
        "L6-NET",
        6,
        "positions of a contract net to zero",
        _NET,
        "{symbol}: its positions sum to {size}, not to zero",
    ),
    by_query(
        "L6-CLEARING",
        6,
        "a contract's clearing account has what its positions' costs sum to, with the other sign",
        _CLEARING,
        "{symbol}: the costs of its positions sum to {cost}, its clearing account has {balance}",
    ),
    by_query(
        "L6-ZERO",
        6,
        "profits realised and not, fees and funding of a contract sum to zero with what the exchange got of them",
        _ZERO,
        "{symbol}: realised {realised}, unrealised {unrealised}, fees {fees} (received {income}), "
        "funding {funding} (pool {pool}): left over are {total}",
    ),
    by_query(
        "L6-EXPOSURE",
        6,
        "a contract's exposure is that of its positions, and the total is that of all contracts",
        _EXPOSURES,
        "{what}: the exposure is said to be {stored}, and sums to {summed}",
    ),
    by_query(
        "L6-INDEX",
        6,
        "a funding index is the sum of its rates times mark prices; payments, log and contract tell the same",
        _INDICES,
        "{symbol}, funding {number}: {wrong}",
    ),
    by_query(
        "L6-FUNDING",
        6,
        "funding that positions have settled is what the ledger moved, and what the funding account has",
        _FUNDING,
        "{symbol}, account {account_id}: settled are {paid}, by the ledger {posted}",
    ),
)
