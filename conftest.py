"""Shared by all tests: real PostgreSQL and Redis, no traffic to the outside, and a fixed cast of people."""

import pytest
from django.conf import settings
from django.core.management.commands import flush as flush_command
from django.db import connection, transaction
from django.db.backends.postgresql.operations import DatabaseOperations

if not settings.DEMO or settings.RATE_LIMIT_ENABLED or settings.PRICE_FEED != "simulation":
    pytest.exit("The settings are not those of the tests: run them with `make test ARGS=...`", returncode=3)

# Tests that start many processes, or watch what the machine does: not beside others.
ALONE = (
    "exchange_site/tests/operations/test_production.py",
    "exchange_site/tests/operations/test_real_prometheus.py", "exchange_site/tests/test_browser.py",
    "exchange_site/tests/test_crashes.py", "exchange_site/tests/test_failures.py",
    "exchange_site/tests/test_leaks.py", "exchange_site/tests/test_live_limits.py",
    "exchange_site/tests/test_kpi_page.py", "exchange_site/tests/test_kpi_proof.py", "exchange_site/tests/test_local_",
    "exchange_site/tests/test_page_looks.py", "exchange_site/tests/test_pings.py",
    "exchange_site/tests/test_readme.py", "exchange_site/tests/test_signing.py",
    "exchange_site/tests/test_stopping.py", "trading/tests/sockets/",
    "trading/tests/test_concurrency.py",
    "trading/tests/test_crash", "trading/tests/test_lost_connections.py", "trading/tests/test_races.py",
    "agents/tests/test_run_agents.py", "bite/tests/test_trial.py",
)  # fmt: skip

GUARDED_TABLES = ("accounts_posting", "accounts_ledgertransaction", "trading_orderevent", "trading_trade")

# What migrations have written, the same for every test.
KEPT_TABLES = ("django_content_type", "auth_permission")


def pytest_collection_modifyitems(config, items):
    for item in items:
        if item.path.relative_to(config.rootpath).as_posix().startswith(ALONE):
            item.add_marker("alone")


@pytest.fixture(scope="session", autouse=True)
def emptying_between_tests_is_allowed():
    """The database refuses to empty the ledger; only the tests may, between two of them."""
    flush, emit = DatabaseOperations.execute_sql_flush, flush_command.emit_post_migrate_signal

    def empty_unguarded(self, sql_list):
        # DELETE and not the TRUNCATE of sql_list: on small tables it costs a fiftieth.
        tables = connection.introspection.django_table_names(only_existing=True, include_views=False)
        with transaction.atomic(), connection.cursor() as cursor:
            for table in GUARDED_TABLES:
                cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER append_only")
            for table in set(tables) - set(KEPT_TABLES):
                cursor.execute(f'DELETE FROM "{table}"')
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            for table in GUARDED_TABLES:
                cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER append_only")

    DatabaseOperations.execute_sql_flush = empty_unguarded
    flush_command.emit_post_migrate_signal = lambda *args, **options: None
    yield
    DatabaseOperations.execute_sql_flush, flush_command.emit_post_migrate_signal = flush, emit
