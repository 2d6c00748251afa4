import os
import signal
import socket
import subprocess
import sys
import time
from decimal import Decimal
from urllib.parse import quote, urlsplit

import pytest
import requests
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import connection

from market.services import set_price
from trading.models import Order
from trading.tests.desk import TradingDesk

SYMBOL = "BTC-USDT"


def test_outside_demo_mode_it_refuses(settings):
    settings.DEMO = False
    with pytest.raises(CommandError, match="demo mode only"):
        call_command("run_agents")


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("signal_number", [signal.SIGTERM, signal.SIGINT])
def test_it_quotes_until_it_is_asked_to_stop_and_then_cancels_its_quotes(signal_number):
    TradingDesk(people=(), symbols=(SYMBOL,))
    set_price(SYMBOL, Decimal(60_000), "simulation")
    test_database = quote(str(connection.settings_dict["NAME"]), safe="")
    url = urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{test_database}").geturl()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    child = subprocess.Popen(
        [sys.executable, "manage.py", "run_agents"],
        cwd=settings.BASE_DIR,
        env=os.environ | {"DATABASE_URL": url, "METRICS_PORT": str(port), "METRICS_HOST": "127.0.0.1"},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        seen = wait_for(lambda: Order.objects.filter(status="open").count() > 20)
        told = requests.get(f"http://127.0.0.1:{port}/metrics", timeout=10).text
        child.send_signal(signal_number)
        output, _ = child.communicate(timeout=30)
    finally:
        child.kill()
        child.wait()
    assert seen and child.returncode == 0
    assert output.splitlines()[-1] == "The agents have cancelled their quotes and stopped."
    assert not Order.objects.filter(status__in=Order.OPEN_STATUSES).exists()
    assert 'bourse_orders_total{side="buy",symbol="BTC-USDT",type="limit"}' in told


def wait_for(condition, seconds=60):
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.1)
    return condition()
