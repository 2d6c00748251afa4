"""Does the ledger hold its laws? Each rule is one look at the rows; what it finds breaks the rule."""

from accounts.models import Account, Balance, Posting
from common.audit import by_query, guards
from common.fields import MONEY_BOUND

ROWS = {
    "accounts": "accounts_account",
    "balances": "accounts_balance",
    "ledger transactions": "accounts_ledgertransaction",
    "postings": "accounts_posting",
}

_UNBALANCED = """
    SELECT transaction_id, asset, sum(amount) AS total FROM accounts_posting
    GROUP BY transaction_id, asset HAVING sum(amount) <> 0 ORDER BY transaction_id, asset"""

_ORPHANS = """
    SELECT p.id AS posting_id, p.transaction_id, p.account_id,
           CASE WHEN t.id IS NULL THEN 'ledger transaction ' || p.transaction_id
                ELSE 'account ' || p.account_id END AS missing
    FROM accounts_posting p
    LEFT JOIN accounts_ledgertransaction t ON t.id = p.transaction_id
    LEFT JOIN accounts_account a ON a.id = p.account_id
    WHERE t.id IS NULL OR a.id IS NULL ORDER BY p.id"""

# A trade may move nothing: a perpetual's without fees that only opens positions. What it should have moved is
# the business of L1-TRADE, and that it was a trade at all of L7-LEDGER.
_EMPTY = """
    SELECT t.id AS transaction_id, t.kind FROM accounts_ledgertransaction t
    WHERE t.kind <> 'trade' AND NOT EXISTS (SELECT FROM accounts_posting p WHERE p.transaction_id = t.id)
    ORDER BY t.id"""

_BALANCES = """
    WITH posted AS (
        SELECT account_id, asset, sum(amount) AS total FROM accounts_posting GROUP BY account_id, asset
    )
    SELECT coalesce(b.account_id, p.account_id) AS account_id, coalesce(b.asset, p.asset) AS asset,
           coalesce(b.available + b.held, 0) AS balance, coalesce(p.total, 0) AS posted
    FROM accounts_balance b FULL JOIN posted p ON p.account_id = b.account_id AND p.asset = b.asset
    WHERE coalesce(b.available + b.held, 0) <> coalesce(p.total, 0) ORDER BY 1, 2"""

_TOTALS = """
    SELECT asset, sum(available + held) AS total FROM accounts_balance
    GROUP BY asset HAVING sum(available + held) <> 0 ORDER BY asset"""

_UNEXPLAINED = """
    SELECT id AS transaction_id, reason, actor_id FROM accounts_ledgertransaction
    WHERE kind = 'adjustment' AND (btrim(reason) = '' OR actor_id IS NULL) ORDER BY id"""

_OWN = "'clearing', 'funding', 'insurance', 'owed'"  # accounts of the exchange itself, which may owe

# BETWEEN and not a lower bound alone: PostgreSQL holds NaN to be larger than any number.
_SIGNS = f"""
    SELECT b.account_id, b.asset, b.available, b.held
    FROM accounts_balance b JOIN accounts_account a ON a.id = b.account_id
    WHERE NOT b.held BETWEEN 0 AND {MONEY_BOUND}
       OR NOT b.available BETWEEN CASE WHEN a.kind IN ('outside', {_OWN}) THEN -{MONEY_BOUND} ELSE 0 END
                              AND {MONEY_BOUND}
    ORDER BY 1, 2"""

_DEBTORS = f"""
    SELECT b.account_id, a.name, b.asset, b.available
    FROM accounts_balance b JOIN accounts_account a ON a.id = b.account_id
    WHERE (b.overdraft OR a.kind = 'outside') AND (a.kind, a.name) <> ('outside', 'outside')
      AND a.kind NOT IN ({_OWN}) ORDER BY 1, 3"""

CHECKS = (
    by_query(
        "L1-SUM",
        1,
        "postings of a ledger transaction sum to zero per asset",
        _UNBALANCED,
        "ledger transaction {transaction_id}: its postings sum to {total} {asset}, not to zero",
    ),
    by_query(
        "L1-ORPHAN",
        1,
        "every posting has its ledger transaction and its account",
        _ORPHANS,
        "posting {posting_id}: its {missing} does not exist",
    ),
    by_query(
        "L1-EMPTY",
        1,
        "every ledger transaction has postings, but a trade's that moved nothing",
        _EMPTY,
        "ledger transaction {transaction_id} ({kind}) has no postings",
    ),
    by_query(
        "L1-BALANCE",
        1,
        "a balance equals the sum of its postings",
        _BALANCES,
        "account {account_id}, {asset}: the balance is {balance}, its postings sum to {posted}",
    ),
    by_query(
        "L1-TOTAL",
        1,
        "all balances of an asset, the outside world's too, sum to zero",
        _TOTALS,
        "{asset}: all balances sum to {total}, not to zero",
    ),
    by_query(
        "L1-REASON",
        1,
        "an adjustment has a reason and an administrator's name",
        _UNEXPLAINED,
        "ledger transaction {transaction_id}: an adjustment with reason {reason!r} by user {actor_id}",
    ),
    by_query(
        "L2-SIGN",
        2,
        "available and held are numbers and not negative; only accounts of the exchange itself may owe",
        _SIGNS,
        "account {account_id}, {asset}: available is {available}, held is {held}",
    ),
    by_query(
        "L2-OVERDRAFT",
        2,
        "no account of a user may go below zero, and there is one outside world",
        _DEBTORS,
        "account {account_id} ({name}), {asset}: it may owe, and has {available} available",
    ),
    guards(
        "ledger",
        (Account, Balance, Posting),
        {"accounts_posting": ("append_only", "sum_to_zero"), "accounts_ledgertransaction": ("append_only",)},
    ),
)
