"""Money moves here: the only writers of ledger transactions, postings and balances.

Balances are locked in one order everywhere, by (account, asset), after the symbol if there is one. A row must
exist before it can be locked, so missing rows are made first.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal

from django.db import connection, transaction

from accounts.ledger import Entry, assert_balanced, fits
from accounts.models import Account, LedgerTransaction, Posting, User
from common import clock
from common.errors import ErrorCode, Refused
from common.money import EXACT
from common.pipelined import Answer, Pipeline

Key = tuple[int, str]
Amount = Decimal | str

REASON_LENGTH = 200

_MAKE_ROWS = """
    INSERT INTO accounts_balance (account_id, asset, available, held, margin, shortage, overdraft)
    SELECT k.account_id, k.asset, 0, 0, 0, 0, a.kind IN ('outside', 'clearing', 'funding', 'insurance', 'owed')
    FROM unnest(%s::bigint[], %s::text[]) AS k(account_id, asset) JOIN accounts_account a ON a.id = k.account_id
    ORDER BY k.account_id, k.asset
    ON CONFLICT (account_id, asset) DO NOTHING"""

_LOCK_ROWS = """
    SELECT b.account_id, b.asset, b.available::text, b.held::text, b.margin::text, b.shortage::text
    FROM accounts_balance b
    JOIN unnest(%s::bigint[], %s::text[]) AS k(account_id, asset) USING (account_id, asset)
    ORDER BY b.account_id, b.asset
    FOR NO KEY UPDATE OF b"""

_SET_ROWS = """
    UPDATE accounts_balance b
    SET available = v.available, held = v.held, margin = v.margin, shortage = v.shortage
    FROM unnest(%s::bigint[], %s::text[], %s::numeric[], %s::numeric[], %s::numeric[], %s::numeric[])
        AS v(account_id, asset, available, held, margin, shortage)
    WHERE b.account_id = v.account_id AND b.asset = v.asset"""

_ADD_POSTINGS = """
    INSERT INTO accounts_posting (transaction_id, account_id, asset, amount)
    SELECT * FROM unnest(%s::bigint[], %s::bigint[], %s::text[], %s::numeric[])"""

_ADD_TRANSACTIONS = """
    INSERT INTO accounts_ledgertransaction (id, kind, reference, reason, created_at)
    SELECT id, kind, reference, reason, %s::timestamptz
    FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::text[]) AS v(id, kind, reference, reason)"""

_ADD_TRADE_TRANSACTIONS = """
    INSERT INTO accounts_ledgertransaction (id, kind, reference, reason, created_at)
    SELECT id, 'trade', trade_id::text, '', %s::timestamptz
    FROM unnest(%s::bigint[], %s::bigint[]) AS v(id, trade_id)"""


# ---- statements that the matching service puts into its own transaction ----


def make_balance_rows(pipeline: Pipeline, keys: Iterable[Key]) -> None:
    pipeline.add(_MAKE_ROWS, *_columns(keys))


def lock_balance_rows(pipeline: Pipeline, keys: Iterable[Key]) -> Answer:
    """Rows (account_id, asset, available, held, margin, shortage), amounts as text, locked in the one order."""
    return pipeline.add(_LOCK_ROWS, *_columns(keys))


def set_balance_rows(
    pipeline: Pipeline, rows: Sequence[tuple[int, str, Amount, Amount, Amount, Amount]]
) -> None:
    """Write locked balances: (account_id, asset, available, held, margin, shortage)."""
    pipeline.add(_SET_ROWS, *(list(column) for column in zip(*rows, strict=True)))


def add_trade_postings(
    pipeline: Pipeline,
    transactions: Sequence[tuple[int, int]],
    entries: Sequence[tuple[int, int, str, Amount]],
    now: datetime,
) -> None:
    """One ledger transaction per trade, (id, trade id), and its postings: (transaction id, account, asset, amount)."""
    pipeline.add(
        _ADD_TRADE_TRANSACTIONS, now, [row[0] for row in transactions], [row[1] for row in transactions]
    )
    pipeline.add(_ADD_POSTINGS, *(list(column) for column in zip(*entries, strict=True)))


def add_transactions(
    pipeline: Pipeline,
    transactions: Sequence[tuple[int, str, str, str]],
    entries: Sequence[tuple[int, int, str, Amount]],
    now: datetime,
) -> None:
    """Ledger transactions (id, kind, reference, reason) and their postings (transaction id, account, asset, amount)."""
    pipeline.add(_ADD_TRANSACTIONS, now, *(list(column) for column in zip(*transactions, strict=True)))
    pipeline.add(_ADD_POSTINGS, *(list(column) for column in zip(*entries, strict=True)))


def _columns(keys: Iterable[Key]) -> tuple[list[int], list[str]]:
    ordered = sorted(keys)
    return [key[0] for key in ordered], [key[1] for key in ordered]


# ---- whole operations ----


def open_account(user: User) -> Account:
    """The ledger account of a user. Safe to repeat."""
    account, _ = Account.objects.get_or_create(user=user, kind=Account.Kind.USER, name=f"user:{user.pk}")
    return account


def open_margin_account(main: Account) -> Account:
    """The margin account beside a user's own. Safe to repeat."""
    account, _ = Account.objects.get_or_create(
        owner=main, defaults={"kind": Account.Kind.MARGIN, "name": f"margin:{main.user_id}"}
    )
    return account


def system_account(kind: str, name: str) -> Account:
    """An account of the exchange itself, such as fees of one symbol. Safe to repeat."""
    account, _ = Account.objects.get_or_create(name=name, defaults={"kind": kind})
    return account


def outside_account() -> Account:
    """The world outside: what users have deposited is what this account owes."""
    return system_account(Account.Kind.OUTSIDE, "outside")


def post_transaction(
    kind: str, entries: Sequence[Entry], *, reason: str = "", reference: str = "", actor: User | None = None
) -> LedgerTransaction:
    """Move money between accounts, all or nothing.

    Raises Refused INSUFFICIENT_FUNDS if an account would go below zero.
    """
    assert_balanced(entries)
    with transaction.atomic():
        _apply_to_balances(entries)
        row = LedgerTransaction.objects.create(
            kind=kind, reason=reason, reference=reference, actor=actor, created_at=clock.now()
        )
        Posting.objects.bulk_create(
            Posting(transaction=row, account_id=e.account_id, asset=e.asset, amount=e.amount) for e in entries
        )
    return row


def _apply_to_balances(entries: Sequence[Entry]) -> None:
    keys = {(entry.account_id, entry.asset) for entry in entries}
    connection.ensure_connection()
    pipeline = Pipeline(connection.connection)
    make_balance_rows(pipeline, keys)
    locked = lock_balance_rows(pipeline, keys)
    pipeline.run()
    balances = {(row[0], row[1]): [Decimal(amount) for amount in row[2:]] for row in locked.rows}
    for entry in entries:
        balance = balances[entry.account_id, entry.asset]
        balance[0] = EXACT.add(balance[0], entry.amount)
    _make_up_shortages(balances)
    _refuse_impossible(balances)
    set_balance_rows(pipeline, [(*key, *amounts) for key, amounts in balances.items()])
    pipeline.run()


def _make_up_shortages(balances: dict[Key, list[Decimal]]) -> None:
    """What comes in goes first to the margin that losses have eaten into."""
    for balance in balances.values():
        back = min(balance[0], balance[3])
        if back > 0:
            balance[0] = EXACT.subtract(balance[0], back)
            balance[1] = EXACT.add(balance[1], back)
            balance[3] = EXACT.subtract(balance[3], back)


def _refuse_impossible(balances: dict[Key, list[Decimal]]) -> None:
    for (account_id, asset), (available, *_) in balances.items():
        if not fits(available):
            raise Refused(ErrorCode.VALIDATION_ERROR, "No account can hold that much.", amount=["too large"])
        if available < 0 and not _may_owe(account_id):
            raise Refused(ErrorCode.INSUFFICIENT_FUNDS, asset=asset)


def _may_owe(account_id: int) -> bool:
    return Account.objects.filter(pk=account_id, kind__in=Account.MAY_OWE).exists()


def adjust_balance(
    account: Account, asset: str, amount: Decimal, reason: str, actor: User, *, reference: str = ""
) -> LedgerTransaction:
    """An administrator's correction: a ledger transaction with a reason and a name, never an edited number.

    Raises Refused INSUFFICIENT_FUNDS, and VALIDATION_ERROR without a reason, with one that is too long, and for
    an amount of zero or one that the ledger cannot hold exactly.
    """
    if not reason.strip():
        raise Refused(ErrorCode.VALIDATION_ERROR, "An adjustment needs a reason.", reason=["required"])
    if len(reason.strip()) > REASON_LENGTH:
        raise Refused(
            ErrorCode.VALIDATION_ERROR, "The reason is too long.", reason=[f"at most {REASON_LENGTH}"]
        )
    if not fits(amount):
        raise Refused(
            ErrorCode.VALIDATION_ERROR, "The ledger cannot hold this amount.", amount=["not storable"]
        )
    if amount == 0:
        raise Refused(ErrorCode.VALIDATION_ERROR, "An adjustment of zero changes nothing.", amount=["zero"])
    entries = [Entry(account.pk, asset, amount), Entry(outside_account().pk, asset, amount.copy_negate())]
    return post_transaction(
        LedgerTransaction.Kind.ADJUSTMENT, entries, reason=reason.strip(), reference=reference, actor=actor
    )


def claim_faucet(user: User, amounts: dict[str, Decimal], most_claims: int) -> LedgerTransaction:
    """Test money for a user, at most `most_claims` times. Raises Refused FAUCET_LIMIT."""
    account = open_account(user)
    with transaction.atomic():
        Account.objects.select_for_update(no_key=True).get(pk=account.pk)  # claims of one user queue here
        claims = LedgerTransaction.objects.filter(
            kind=LedgerTransaction.Kind.FAUCET, reference=f"user:{user.pk}"
        ).count()
        if claims >= most_claims:
            raise Refused(ErrorCode.FAUCET_LIMIT, claims=claims)
        entries = []
        for asset, amount in amounts.items():
            entries += [
                Entry(account.pk, asset, amount),
                Entry(outside_account().pk, asset, amount.copy_negate()),
            ]
        return post_transaction(LedgerTransaction.Kind.FAUCET, entries, reference=f"user:{user.pk}")
