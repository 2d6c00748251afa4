"""Trading with signed requests: every private endpoint takes them, and the same rules hold."""

import base64

import pytest
from rest_framework.test import APIClient

from accounts.services import create_api_key
from accounts.tests.signer import Signer, SigningClient, new_private_key
from trading.models import Order
from trading.tests.api.desk import Desk, book, refusal
from trading.tests.api.test_who_may import READS, WRITES, ask

ORDER = {"symbol": "BTC-USDT", "side": "buy", "type": "limit", "price": "30000", "quantity": "0.1"}


def signing_desk(user, *scopes, ed25519=False):
    """A program that signs each of its requests."""
    private, public = new_private_key() if ed25519 else (None, None)
    _, key, secret = create_api_key(user, "bot", scopes or ("read", "trade"), public_key=public)
    desk = Desk(user, access="")
    desk.client = SigningClient(Signer(key, secret, private))
    return desk


@pytest.fixture(params=[False, True], ids=["hmac", "ed25519"])
def bot(request, alice):
    return signing_desk(alice.user, ed25519=request.param)


def test_a_whole_day_is_signed(bot, bob):
    placed = bot.buys("0.1", "30000", client_order_id="mine")
    assert bot.order(placed)["status"] == "open"
    assert bot.patch("orders/client:mine", {"quantity": "0.05"}).json()["quantity"] == "0.05"
    bob.sells("0.05", "30000")
    assert [fill["quantity"] for fill in bot.all_of("fills")] == ["0.05"]
    batch = bot.post("orders/batch", {"orders": [ORDER, ORDER | {"price": "29000"}]})
    assert [set(result) for result in batch.json()["results"]] == [{"order"}, {"order"}]
    assert len(bot.get("orders", status="active", symbol="BTC-USDT").json()["results"]) == 2
    assert bot.delete("orders?symbol=BTC-USDT").status_code == 200
    assert book() == ([], [])


def test_each_private_endpoint_takes_a_signature(bot):
    bot.buys("0.1", "30000", client_order_id="mine")
    for address in READS:
        assert bot.get(address).status_code == 200, address
    for method, address in WRITES:
        assert ask(bot, method, address).status_code not in (401, 403, 500), (method, address)


def test_a_key_that_signs_and_may_read_cannot_trade(alice):
    alice.buys("0.1", "30000", client_order_id="mine")
    reader = signing_desk(alice.user, "read")
    for address in READS:
        assert reader.get(address).status_code == 200, address
    for method, address in WRITES:
        assert refusal(ask(reader, method, address)) == (403, "PERMISSION_DENIED"), (method, address)
    assert Order.objects.get().status == "open"


def test_a_key_that_signs_and_may_trade_cannot_read(alice):
    trader = signing_desk(alice.user, "trade")
    for address in READS:
        assert refusal(trader.get(address)) == (403, "PERMISSION_DENIED"), address
    trader.buys("0.1", "30000")


def test_an_order_that_is_replayed_is_not_placed_again(bot):
    bot.buys("0.1", "30000")
    assert refusal(bot.client.again()) == (401, "REQUEST_REPLAYED")
    assert Order.objects.count() == 1


def test_an_order_that_was_changed_on_the_way_is_not_placed(alice):
    for changed in ({"body": b'{"symbol": "BTC-USDT", "side": "buy", "type": "market", "quantity": "9"}'},
                    {"PATH_INFO": "/api/v1/orders/batch"}):  # fmt: skip
        desk = signing_desk(alice.user)
        desk.client.changed = changed
        assert refusal(desk.post("orders", ORDER)) == (401, "INVALID_SIGNATURE")
    assert not Order.objects.exists()


def test_a_repeated_order_is_signed_anew_and_is_the_first_one(bot):
    first = bot.buys("0.1", "30000", client_order_id="once")
    bot.client.told = {"window": 6_000}  # another text, in the same millisecond too
    again = bot.place("buy", "0.1", "30000", client_order_id="once")
    assert (again.status_code, again.json()["id"]) == (200, first["id"])


def test_a_body_that_is_no_json_is_told_so_if_it_was_signed(bot):
    answer = bot.client.generic("POST", "/api/v1/orders", b"{", content_type="application/json")
    assert refusal(answer) == (400, "BAD_REQUEST")


def test_staff_doors_stay_shut_for_keys(admin):
    bot = signing_desk(admin.user)
    assert refusal(bot.post("markets/BTC-USDT/halt")) == (403, "PERMISSION_DENIED")


def test_a_signature_that_does_not_fit_is_refused_at_public_doors_too(alice):
    for address in ("ticker/BTC-USDT", "orderbook/BTC-USDT", "time"):
        headers = {"HTTP_X_API_KEY": "x", "HTTP_X_SIGNATURE": base64.b64encode(bytes(64)).decode()}
        answer = APIClient(raise_request_exception=False).get(f"/api/v1/{address}", **headers)
        assert refusal(answer) == (401, "INVALID_SIGNATURE")
