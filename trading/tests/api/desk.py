"""What people do on the exchange over HTTP, as any client does it."""

from decimal import Decimal

from rest_framework.test import APIClient

from accounts.ledger import Entry
from accounts.models import LedgerTransaction, User
from accounts.services import create_api_key, issue_tokens, open_account, outside_account, post_transaction
from market.models import Price
from market.services import set_price
from trading.matching_service.requests import SweepRequest
from trading.services import submit

FUNDS = {"USDT": Decimal(1_000_000), "BTC": Decimal(10), "ETH": Decimal(100)}


class Desk:
    """One person's client. Answers are responses; `book` and the like are what the exchange then shows."""

    def __init__(self, user=None, access=None, **extra):
        self.user = user
        self.client = APIClient(raise_request_exception=False, **extra)
        if user is not None:
            access = access or issue_tokens(user).access
        if access is not None:
            self.client.credentials(HTTP_AUTHORIZATION=f"Bearer {access}")

    @property
    def account_id(self):
        return self.user.account.pk

    def get(self, address, **parameters):
        return self.client.get(f"/api/v1/{address}", parameters)

    def post(self, address, body=None):
        return self.client.post(f"/api/v1/{address}", body)

    def patch(self, address, body):
        return self.client.patch(f"/api/v1/{address}", body)

    def delete(self, address, body=None):
        return self.client.delete(f"/api/v1/{address}", body)

    # ---- orders ----

    def place(self, side, quantity=None, price=None, symbol="BTC-USDT", **more):
        """The answer to a limit order, or to a market order if no price is given."""
        body = {"symbol": symbol, "side": side, "type": "market" if price is None else "limit", **more}
        if quantity is not None:
            body["quantity"] = quantity
        if price is not None:
            body["price"] = price
        return self.post("orders", body)

    def buys(self, quantity=None, price=None, **more):
        return self._placed(self.place("buy", quantity, price, **more))

    def sells(self, quantity=None, price=None, **more):
        return self._placed(self.place("sell", quantity, price, **more))

    def order(self, order):
        return self.get(f"orders/{order['id']}").json()

    def _placed(self, answer):
        assert answer.status_code == 201, answer.content
        return answer.json()

    # ---- what one has ----

    def balance(self, asset):
        """(available, held) as the account shows them."""
        rows = {row["asset"]: row for row in self.get("account").json()["balances"]}
        row = rows.get(asset, {"available": "0", "held": "0"})
        return row["available"], row["held"]

    def all_of(self, address, limit=2, **parameters):
        """Every row of a list, page by page."""
        rows, cursor = [], {}
        while True:
            page = self.get(address, limit=limit, **parameters, **cursor).json()
            rows += page["results"]
            if page["next_cursor"] is None:
                return rows
            assert len(page["results"]) == limit
            cursor = {"cursor": page["next_cursor"]}


def person(name, funds=FUNDS, **fields):
    """A user with money. Without a password, which would take its time to hash."""
    user = User.objects.create(username=name, email=f"{name}@example.com", **fields)
    account, outside = open_account(user), outside_account()
    entries = []
    for asset, amount in funds.items():
        entries += [Entry(account.pk, asset, amount), Entry(outside.pk, asset, -amount)]
    if entries:
        post_transaction(LedgerTransaction.Kind.DEPOSIT, entries)
    return user


def key_desk(user, *scopes):
    """A program with an API key."""
    row, _, _ = create_api_key(user, "bot", scopes)
    return Desk(user, issue_tokens(user, row).access)


def book(symbol="BTC-USDT", depth=50):
    """(bids, asks) as anybody sees them."""
    shown = Desk().get(f"orderbook/{symbol}", depth=depth).json()
    return [tuple(level) for level in shown["bids"]], [tuple(level) for level in shown["asks"]]


def refusal(answer):
    """(status, code) of an error, which has the one shape."""
    body = answer.json()
    assert set(body) == {"code", "message", "details"}, body
    assert isinstance(body["message"], str) and body["message"] and isinstance(body["details"], dict)
    return answer.status_code, body["code"]


def trade(seller, buyer, price, quantity="0.01", symbol="BTC-USDT"):
    """A real trade at the price, as long as nobody else is in its way."""
    seller.sells(quantity, price, symbol=symbol)
    assert buyer.buys(quantity, price, symbol=symbol)["average_price"] == price


def outside_price(price, symbol="BTC-USDT"):
    """The price from outside changes, and the exchange looks at what waits for it."""
    set_price(symbol, Decimal(price), Price.Source.REPLAY)
    submit(symbol, [SweepRequest()])


def sweep(symbol="BTC-USDT"):
    submit(symbol, [SweepRequest()])
