"""What holds for all public market data."""

from decimal import Decimal

import pytest
from rest_framework.test import APIClient

from accounts.services import claim_faucet, register_user
from common.errors import Refused
from trading.selectors.market_data import klines, last_price, public_trades, ticker, tickers
from trading.services import NewOrder, place_order

pytestmark = pytest.mark.django_db


def test_a_market_without_trades_has_no_candles_and_no_statistics(clock, btc):
    assert klines("BTC-USDT", "1s") == []
    assert ticker("BTC-USDT").statistics is None
    assert last_price("BTC-USDT") is None
    assert [row.symbol for row in tickers()] == ["BTC-USDT"]


def test_unknown_markets_are_refused(btc):
    for read in (ticker, last_price, public_trades, lambda symbol: klines(symbol, "1m")):
        for symbol in ("DOGE-USDT", "BTC\x00USDT", "X" * 500):
            with pytest.raises(Refused):
                read(symbol)


@pytest.mark.parametrize("what", ["klines", "trades", "ticker", "market/price"])
@pytest.mark.parametrize("symbol", ["DOGE-USDT", "btc-usdt", "\n", "X" * 500])
def test_an_unknown_market_is_404_everywhere(ask, btc, what, symbol):
    answer = ask(what, symbol=symbol)
    assert (answer.status_code, answer.data["code"]) == (404, "UNKNOWN_SYMBOL")


@pytest.mark.parametrize(
    "address", ["klines/%00", "ticker/BTC%00", "klines/BTC-USDT?start=%00", "trades/%FF"]
)
def test_what_no_text_can_hold_is_refused_politely(btc, settings, address):
    settings.RATE_LIMIT_ENABLED = False
    answer = APIClient(raise_request_exception=False).get(f"/api/v1/{address}")
    assert answer.status_code in (400, 404)
    assert answer.json()["code"] in ("BAD_REQUEST", "UNKNOWN_SYMBOL")


@pytest.mark.django_db(transaction=True)
def test_a_trade_that_was_made_is_in_every_answer_at_once(ask, btc):
    """Through the exchange itself, with no roll-up in between."""
    sides = {}
    for name in ("alice", "bob"):
        user = register_user(name, f"{name}@example.com", "the-tulip-of-1637")
        claim_faucet(user, {"BTC": Decimal(5), "USDT": Decimal(500_000)}, 1)
        sides[name] = user.account.id
    for name, side in (("alice", "sell"), ("bob", "buy")):
        order = NewOrder(side=side, type="limit", price=Decimal(60_000), quantity=Decimal("0.1"))
        place_order(sides[name], "BTC-USDT", order)
    (row,) = ask("klines", "?interval=1d").data
    assert row[1:] == ["60000", "60000", "60000", "60000", "0.1", "6000", 1]
    assert ask("trades").data["results"][0]["side"] == "buy"
    assert ask("ticker").data["volume"] == "0.1"
    assert ask("market/price").data["last"] == "60000"


@pytest.mark.parametrize("address", ["ticker", "klines/BTC-USDT", "market/price/BTC-USDT"])
def test_nothing_can_be_written_here(btc, address, settings):
    settings.RATE_LIMIT_ENABLED = False
    assert APIClient().post(f"/api/v1/{address}", {}).status_code in (401, 405)
