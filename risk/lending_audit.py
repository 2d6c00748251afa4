"""Do loans, interest and liquidations of margin accounts agree with the ledger? (docs/spot-margin.md)"""

from common.audit import by_query, guards
from risk.models import InterestCharge, LendingTerms, Loan

_LOANS = """
    WITH owed AS (
        SELECT asset_id AS asset, sum(principal + interest) AS total FROM risk_loan GROUP BY asset_id
    ), books AS (
        SELECT b.asset, coalesce(sum(b.available + b.held) FILTER (WHERE a.kind = 'loans'), 0) AS lent,
               coalesce(sum(b.available + b.held) FILTER (WHERE a.kind = 'owed'), 0) AS owed
        FROM accounts_balance b JOIN accounts_account a ON a.id = b.account_id
        WHERE a.kind IN ('loans', 'owed') GROUP BY b.asset
    )
    SELECT coalesce(o.asset, b.asset) AS asset, coalesce(o.total, 0) AS total, coalesce(b.lent, 0) AS lent,
           coalesce(b.owed, 0) AS owed
    FROM owed o FULL JOIN books b ON b.asset = o.asset
    WHERE coalesce(o.total, 0) <> coalesce(b.lent, 0) OR coalesce(o.total, 0) <> -coalesce(b.owed, 0)
    ORDER BY 1"""

# What the ledger says of each loan: the other sides of all transactions that name it, and the interest charged.
_MOVED = """
    WITH moved AS (
        SELECT t.reference, p.asset, sum(-p.amount) AS owed
        FROM accounts_ledgertransaction t JOIN accounts_posting p ON p.transaction_id = t.id
        JOIN accounts_account a ON a.id = p.account_id AND a.kind = 'owed'
        WHERE t.kind <> 'trade' AND t.kind IN ('borrow', 'repayment', 'liquidation', 'write_off')
        GROUP BY t.reference, p.asset
    )"""

_LOAN = f"""
    {_MOVED}, charged AS (SELECT loan_id, sum(amount) AS amount FROM risk_interestcharge GROUP BY loan_id)
    SELECT l.id AS loan_id, l.account_id, l.asset_id AS asset, l.principal + l.interest AS owed,
           coalesce(m.owed, 0) + coalesce(c.amount, 0) AS booked
    FROM risk_loan l
    LEFT JOIN moved m ON m.reference = 'loan ' || l.id AND m.asset = l.asset_id
    LEFT JOIN charged c ON c.loan_id = l.id
    WHERE l.principal + l.interest <> coalesce(m.owed, 0) + coalesce(c.amount, 0)
       OR l.interest_charged <> coalesce(c.amount, 0)
    ORDER BY 1"""

_DEBTORS = """
    SELECT t.id AS transaction_id, t.kind, t.reference, p.account_id, p.asset, p.amount
    FROM accounts_ledgertransaction t JOIN accounts_posting p ON p.transaction_id = t.id
    JOIN accounts_account a ON a.id = p.account_id AND a.kind NOT IN ('lending', 'loans', 'owed')
    LEFT JOIN risk_loan l
        ON t.reference = 'loan ' || l.id AND l.account_id = p.account_id AND l.asset_id = p.asset
    WHERE t.kind <> 'trade' AND t.kind IN ('borrow', 'repayment')
      AND (l.id IS NULL OR a.kind <> 'margin' OR (t.kind = 'borrow') <> (p.amount > 0))
    ORDER BY t.id, p.id"""

_INTEREST = """
    SELECT c.id AS charge_id, c.loan_id, c.hours, c.principal, c.hourly_rate, c.amount,
           c.hours * ceil(c.principal * c.hourly_rate * 10::numeric ^ a.precision) / 10::numeric ^ a.precision AS due
    FROM risk_interestcharge c JOIN risk_loan l ON l.id = c.loan_id JOIN market_asset a ON a.code = l.asset_id
    WHERE c.amount <>
          c.hours * ceil(c.principal * c.hourly_rate * 10::numeric ^ a.precision) / 10::numeric ^ a.precision
    ORDER BY 1"""

_POSTED = """
    WITH charged AS (
        SELECT c.ledger_transaction_id AS id, l.asset_id AS asset, sum(c.amount) AS amount
        FROM risk_interestcharge c LEFT JOIN risk_loan l ON l.id = c.loan_id
        WHERE c.ledger_transaction_id IS NOT NULL OR c.amount <> 0 GROUP BY 1, 2
    ), posted AS (
        SELECT t.id, p.asset, sum(-p.amount) AS amount
        FROM accounts_ledgertransaction t JOIN accounts_posting p ON p.transaction_id = t.id
        JOIN accounts_account a ON a.id = p.account_id AND a.kind = 'owed'
        WHERE t.kind <> 'trade' AND t.kind = 'interest' GROUP BY 1, 2
    )
    SELECT coalesce(c.id, p.id) AS transaction_id, coalesce(c.asset, p.asset) AS asset,
           coalesce(c.amount, 0) AS charged, coalesce(p.amount, 0) AS posted
    FROM charged c FULL JOIN posted p ON p.id = c.id AND p.asset = c.asset
    WHERE coalesce(c.amount, 0) <> coalesce(p.amount, 0) ORDER BY 1, 2"""

# Each hour once: the charges of a loan follow on from its opening to `accrued_until` without a gap.
_HOURS = """
    WITH chained AS (
        SELECT loan_id, starts_at, hours,
               lag(starts_at + hours * interval '1 hour') OVER (PARTITION BY loan_id ORDER BY starts_at) AS follows
        FROM risk_interestcharge WHERE NOT is_addition
    ), covered AS (
        SELECT loan_id, min(starts_at) AS since, max(starts_at + hours * interval '1 hour') AS until,
               coalesce(bool_and(follows = starts_at), true) AS gapless
        FROM chained GROUP BY loan_id
    )
    SELECT l.id AS loan_id, l.opened_at, l.accrued_until, c.since, c.until
    FROM risk_loan l LEFT JOIN covered c ON c.loan_id = l.id
    WHERE (c.since = l.opened_at AND c.until = l.accrued_until AND c.gapless) IS NOT TRUE ORDER BY 1"""

_FUND = """
    SELECT b.asset, b.available, b.held FROM accounts_balance b JOIN accounts_account a ON a.id = b.account_id
    WHERE a.name = 'insurance:margin' AND (b.available < 0 OR b.held <> 0) ORDER BY 1"""

_STEPS = """
    WITH steps AS (
        SELECT liquidation_id, count(*) AS n, min(number) AS first, max(number) AS last,
               (array_agg(kind ORDER BY number DESC))[1] AS kind
        FROM risk_liquidationstep GROUP BY liquidation_id
    )
    SELECT l.id AS liquidation_id, l.status, l.steps_taken, coalesce(s.n, 0) AS steps, s.kind AS newest
    FROM risk_liquidation l JOIN accounts_account a ON a.id = l.account_id AND a.kind = 'margin'
    LEFT JOIN steps s ON s.liquidation_id = l.id
    WHERE (s.n = l.steps_taken AND s.first = 1 AND s.last = s.n
           AND (l.status IN ('closed', 'recovered')) = (s.kind IN ('closed', 'recovered'))
           AND (l.status NOT IN ('closed', 'recovered') OR s.kind = l.status)) IS NOT TRUE
    ORDER BY 1"""

CHECKS = (
    by_query(
        "L6-LENT", 6, "what all loans of an asset owe is what the ledger has as lent, and as owed",
        _LOANS, "{asset}: the loans sum to {total}; the ledger has {lent} lent and {owed} owed",
    ),
    by_query(
        "L6-LOAN", 6, "a loan owes what was borrowed and charged, less what was paid and written off",
        _LOAN, "loan {loan_id} of account {account_id}: it owes {owed} {asset}, by its transactions {booked}",
    ),
    by_query(
        "L6-DEBTOR", 6, "only margin accounts borrow and repay, each with a loan of its own",
        _DEBTORS, "ledger transaction {transaction_id} ({kind}, {reference}): {amount} {asset} of account {account_id}",
    ),
    by_query(
        "L6-INTEREST", 6, "interest is the rate times the principal for each hour, rounded up to a unit",
        _INTEREST, "charge {charge_id} of loan {loan_id}: {amount} for {hours} hours on {principal}; due were {due}",
    ),
    by_query(
        "L6-POSTED", 6, "the interest charged is the interest posted",
        _POSTED, "ledger transaction {transaction_id}: {charged} {asset} of interest charged, {posted} posted",
    ),
    by_query(
        "L6-HOURS", 6, "every hour of a loan is charged once, from its opening on without a gap",
        _HOURS, "loan {loan_id}: opened {opened_at}, charged until {accrued_until}; "
        "its charges run from {since} to {until}",
    ),
    by_query(
        "L6-FUND", 6, "the insurance fund of margin accounts does not owe",
        _FUND, "{asset}: the fund has {available} available, {held} held",
    ),
    by_query(
        "L6-STEPS", 6, "the steps of a margin account's liquidation are numbered without a gap, and end as it ended",
        _STEPS, "liquidation {liquidation_id} is {status} after {steps_taken} steps; "
        "there are {steps}, the newest {newest}",
    ),
    guards("lending", (LendingTerms, Loan, InterestCharge), {}),
)  # fmt: skip
