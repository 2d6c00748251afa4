"""The pages as the server sends them, before any script runs."""

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import call_command
from django.test import Client

TEMPLATES = [
    file for file in Path(settings.BASE_DIR, "templates").rglob("*.html") if "admin" not in file.parts
]

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def demo_markets():
    call_command("seed", verbosity=0)


def test_home_names_every_market_and_leads_to_it(client: Client):
    text = client.get("/").content.decode()
    for symbol in ("BTC-USDT", "ETH-USDT", "ETH-BTC"):
        assert f'href="/trade/{symbol}"' in text


def test_the_trading_page_carries_the_rules_of_its_market(client: Client):
    text = client.get("/trade/BTC-USDT").content.decode()
    assert 'data-tick="0.01"' in text
    assert 'data-lot="0.00001"' in text
    assert 'data-minimum-notional="5"' in text


@pytest.mark.parametrize("symbol", ["NO-SUCH", "btc-usdt", "%F0%9F%92%A9", "<script>", "A" * 3000])
def test_an_unknown_market_is_a_404_page_that_names_those_there_are(client: Client, symbol: str):
    answer = client.get(f"/trade/{symbol}")
    assert answer.status_code == 404
    assert 'href="/trade/BTC-USDT"' in answer.content.decode()
    assert "<script>" not in answer.content.decode()


@pytest.mark.parametrize("path", ["/", "/trade/BTC-USDT", "/trade/NO-SUCH", "/security"])
def test_each_page_allows_only_its_own_files(client: Client, path: str):
    policy = client.get(path)["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy


@pytest.mark.parametrize("path", ["/", "/trade/BTC-USDT", "/security"])
def test_pages_are_only_read(client: Client, path: str):
    assert client.head(path).status_code == 200
    assert client.post(path).status_code == 405


@pytest.mark.parametrize("file", TEMPLATES, ids=lambda file: file.name)
def test_no_template_has_an_inline_script_or_style(file: Path):
    text = file.read_text()
    assert not re.search(r"<style|\sstyle=|\son[a-z]+=|javascript:", text)
    assert all("src=" in script for script in re.findall(r"<script[^>]*>", text))


def test_demo_logins_are_shown_in_demo_mode_only(client: Client, settings):
    settings.DEMO = True
    assert "demo-pass-1" in client.get("/").content.decode()
    settings.DEMO = False
    for path in ("/", "/trade/BTC-USDT", "/trade/NO-SUCH", "/security"):
        text = client.get(path).content.decode()
        assert "demo" not in text
        assert "faucet" not in text
