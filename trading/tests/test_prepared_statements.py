"""The statements of an order are parsed and planned once per connection, not once per order."""

import pytest
from django.db import connection, transaction

from accounts.models import User
from common.pipelined import Pipeline, roll_back
from trading.matching_service import statements
from trading.tests.desk import TradingDesk

pytestmark = pytest.mark.django_db(transaction=True)


def test_the_statements_of_an_order_are_prepared():
    desk = TradingDesk()
    desk.sells("bob", "0.5", at="60000")
    desk.buys("alice", "0.5", at="60000")
    with connection.cursor() as cursor:
        cursor.execute("SELECT statement FROM pg_prepared_statements")
        prepared = " ".join(statement for (statement,) in cursor.fetchall())
    for table in (
        "trading_bookstate",
        "trading_orderevent",
        "trading_order",
        "trading_trade",
        "accounts_posting",
    ):
        assert table in prepared


def test_psycopg_prepares_nothing_by_itself():
    """After a rollback it would deallocate all that is prepared on the connection, ours too."""
    desk = TradingDesk()
    desk.sells("bob", "0.5", at="60000")
    assert connection.connection.prepare_threshold is None
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        for _ in range(10):
            desk.accounts["bob"] = User.objects.get(username="bob").account.pk
        raise ZeroDivisionError
    assert desk.buys("alice", "0.5", at="60000").order.status == "filled"


def test_no_plan_of_a_batch_is_compiled():
    connection.ensure_connection()
    pipeline = Pipeline(connection.connection)
    statements.begin(pipeline)
    jit = pipeline.add("SHOW jit")
    pipeline.run()
    roll_back(connection.connection)
    assert jit.rows == [("off",)]
