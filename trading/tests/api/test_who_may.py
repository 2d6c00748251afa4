"""Who may do what with which credentials, and which methods each address takes."""

import pytest

from accounts.services import issue_tokens, suspend_user
from trading.models import Order
from trading.tests.api.desk import Desk, key_desk, person, refusal

PUBLIC = ["time", "ticker", "ticker/BTC-USDT", "orderbook/BTC-USDT", "trades/BTC-USDT", "klines/BTC-USDT",
          "market/price/BTC-USDT", "assets", "markets"]  # fmt: skip
READS = ["orders", "orders/client:mine", "fills", "ledger", "account"]
WRITES = [
    ("POST", "orders"), ("POST", "orders/batch"), ("POST", "orders/cancel-after"), ("DELETE", "orders"),
    ("PATCH", "orders/client:mine"), ("DELETE", "orders/client:mine"), ("POST", "orders/client:mine/cancel"),
    ("POST", "faucet"),
]  # fmt: skip


def ask(desk, method, address):
    return desk.client.generic(method, f"/api/v1/{address}", "{}", content_type="application/json")


def test_public_market_data_need_no_token(stranger):
    for address in PUBLIC:
        assert stranger.get(address).status_code == 200, address


def test_public_or_not_a_bad_token_is_refused(markets):
    for address in PUBLIC + READS:
        answer = Desk(access="nonsense").get(address)
        assert refusal(answer) == (401, "INVALID_TOKEN")
        assert answer["WWW-Authenticate"].startswith("Bearer")


def test_what_is_ones_own_needs_a_token(stranger):
    for method, address in [("GET", address) for address in READS] + WRITES:
        answer = ask(stranger, method, address)
        assert refusal(answer) == (401, "NOT_AUTHENTICATED"), (method, address)
        assert answer["WWW-Authenticate"].startswith("Bearer")


def test_a_token_in_the_address_is_no_token(alice):
    token = issue_tokens(alice.user).access
    for name in ("token", "access", "access_token", "authorization", "Authorization", "jwt"):
        assert refusal(Desk().get("account", **{name: token})) == (401, "NOT_AUTHENTICATED")


@pytest.mark.parametrize("scheme", ["Token", "Basic", "JWT", ""])
def test_nor_is_one_of_another_kind(alice, scheme):
    desk = Desk()
    desk.client.credentials(HTTP_AUTHORIZATION=f"{scheme} {issue_tokens(alice.user).access}".strip())
    assert refusal(desk.get("account"))[0] == 401


def test_a_refresh_token_opens_nothing(alice):
    assert refusal(Desk(access=issue_tokens(alice.user).refresh).get("account")) == (401, "INVALID_TOKEN")


def test_a_key_that_may_read_cannot_trade(alice):
    alice.buys("0.1", "30000", client_order_id="mine")
    reader = key_desk(alice.user, "read")
    for address in READS:
        assert reader.get(address).status_code == 200, address
    for method, address in WRITES:
        assert refusal(ask(reader, method, address)) == (403, "PERMISSION_DENIED"), (method, address)
    assert Order.objects.get().status == "open"


def test_a_key_that_may_trade_cannot_read(alice):
    trader = key_desk(alice.user, "trade")
    for address in READS:
        assert refusal(trader.get(address)) == (403, "PERMISSION_DENIED"), address
    order = trader.buys("0.1", "30000")
    assert trader.delete(f"orders/{order['id']}").status_code == 200


def test_a_key_of_staff_sees_no_account_but_its_own(alice, admin):
    program = key_desk(admin.user, "read")
    assert refusal(program.get(f"account/{alice.user.pk}")) == (403, "PERMISSION_DENIED")
    assert program.get(f"account/{admin.user.pk}").status_code == 200


def test_a_suspended_user_is_refused_on_the_next_request(alice, admin):
    desks = [alice, key_desk(alice.user, "read", "trade")]
    order = alice.buys("0.1", "30000")
    suspend_user(alice.user, "under review", admin.user)
    for desk in desks:
        for method, address in [("GET", address) for address in READS] + WRITES:
            assert refusal(ask(desk, method, address)) == (403, "ACCOUNT_SUSPENDED"), (method, address)
    assert Order.objects.get(pk=order["id"]).status == "open"


def test_a_session_of_the_admin_writes_only_with_its_csrf_token(markets):
    user = person("dora")
    desk = Desk()
    desk.client.force_login(user)
    assert desk.get("account").status_code == 200
    strict = Desk(enforce_csrf_checks=True)
    strict.client.cookies = desk.client.cookies
    assert refusal(strict.post("faucet")) == (403, "PERMISSION_DENIED")


@pytest.mark.parametrize("method", ["PUT", "TRACE", "CONNECT", "PROPFIND", "NO-SUCH"])
def test_methods_that_an_address_does_not_take(alice, method):
    for address in [*PUBLIC, *READS, *(address for _, address in WRITES)]:
        answer = ask(alice, method, address)
        assert refusal(answer) == (405, "METHOD_NOT_ALLOWED"), address
        assert answer["Allow"]


def test_get_of_what_can_only_be_done(alice, admin):
    for address in ("orders/batch", "orders/cancel-after", "orders/1/cancel", "faucet"):
        assert refusal(alice.get(address)) == (405, "METHOD_NOT_ALLOWED")
    for address in ("market/tick", "markets/BTC-USDT/halt", "markets/BTC-USDT/resume"):
        assert refusal(admin.get(address)) == (405, "METHOD_NOT_ALLOWED")


def test_head_is_get_without_its_body(alice):
    for address in [*PUBLIC, "orders", "fills", "ledger", "account"]:
        head = ask(alice, "HEAD", address)
        assert (head.status_code, head.content) == (200, b""), address


def test_options_tell_what_an_address_takes(alice):
    for address in [*PUBLIC, *READS, *(address for _, address in WRITES)]:
        answer = ask(alice, "OPTIONS", address)
        assert answer.status_code == 200 and answer["Allow"], address


def test_every_address_can_be_looked_at_in_a_browser(alice, admin):
    alice.client.force_login(alice.user)
    alice.buys("0.1", "30000", client_order_id="mine")
    for address in PUBLIC + READS:
        page = alice.client.get(f"/api/v1/{address}", HTTP_ACCEPT="text/html")
        assert page.status_code == 200 and page["Content-Type"].startswith("text/html"), address
    refused = alice.client.get("/api/v1/orders/1", HTTP_ACCEPT="text/html")
    assert refused.status_code == 404 and b"ORDER_NOT_FOUND" in refused.content
