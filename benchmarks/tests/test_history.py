"""A made history is one that the service could have written."""

import psycopg
import pytest
from django.db import connection

from benchmarks.durable_flow import HalfTrading, check_traded
from benchmarks.history import make_history
from benchmarks.venue import open_venue
from trading.audit import audit
from trading.models import Order, OrderEvent, Trade
from trading.services import submit

SYMBOL = "BTC-USDT"


INDEXES = "SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY 1"


@pytest.mark.django_db(transaction=True)
def test_the_audit_finds_nothing_in_it_and_trading_goes_on():
    flow = HalfTrading(open_venue(people=10), SYMBOL)
    orders = 3 * flow.orders_in_a_stretch
    with psycopg.connect(connection.connection.info.dsn, autocommit=True) as own:
        indexes = own.execute(INDEXES).fetchall()
        make_history(own, flow, orders)
        assert own.execute(INDEXES).fetchall() == indexes

    flow.fill_queues()
    check_traded(submit(SYMBOL, flow.batch(100)), 50)
    assert Order.objects.filter(status="filled").count() == orders + 100
    assert Trade.objects.count() == orders // 2 + 50
    assert OrderEvent.objects.count() == orders + orders // 2 + 1000 + 150
    assert audit().violations == []
