"""The markets that every exchange begins with, laid into an empty database quickly: hundreds of tests want them."""

from django.db import connection

from trading.services import make_first_markets

# What make_first_markets writes, in an order that foreign keys allow.
TABLES = (
    "market_asset", "market_market", "accounts_account", "trading_bookstate", "risk_contract", "risk_bracket",
    "risk_tierlimit", "risk_exposurelimit", "risk_exposuretotal", "risk_lendingterms",
)  # fmt: skip

_kept: dict[str, str] = {}  # table -> its rows as JSON, as they were made the first time


def lay_first_markets() -> None:
    """As make_first_markets in an empty database; each book begins a life of its own."""
    with connection.cursor() as cursor:
        if not _kept:
            make_first_markets()
            for table in TABLES:
                cursor.execute(f"SELECT coalesce(json_agg(t), '[]')::text FROM {table} t")
                _kept[table] = cursor.fetchone()[0]
            return
        for table, rows in _kept.items():
            cursor.execute(
                f"INSERT INTO {table} SELECT * FROM json_populate_recordset(NULL::{table}, %s) ON CONFLICT DO NOTHING",
                [rows],
            )
        cursor.execute("UPDATE trading_bookstate SET epoch = gen_random_uuid()")
