"""A market place to measure: markets, and people with funds that do not run out."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from accounts.ledger import Entry
from accounts.models import User
from accounts.services import open_account, outside_account, post_transaction
from common import clock
from market.models import Asset, Market, Price
from trading.services import make_first_markets, open_market

FUNDS = {"USDT": Decimal(10**12), "BTC": Decimal(10**7), "ETH": Decimal(10**8), "SOL": Decimal(10**8)}
FOURTH_SYMBOL = "SOL-USDT"


@dataclass(frozen=True, slots=True)
class Venue:
    """`makers` and `takers` are ledger accounts, different people: nobody here meets an order of their own."""

    makers: Sequence[int]
    takers: Sequence[int]

    @property
    def people(self) -> Sequence[int]:
        return [*self.makers, *self.takers]


def open_venue(people: int = 200) -> Venue:
    """The exchange's first markets and a fourth, and that many people, half of them makers."""
    make_first_markets()
    _open_fourth_market()
    accounts = [_funded(f"person-{number}") for number in range(people)]
    return Venue(accounts[: people // 2], accounts[people // 2 :])


def mark(symbol: str, price: Decimal) -> None:
    """Index and mark price of a market, as a tick writes them."""
    values = {"index": price, "mark": price, "source": Price.Source.SIMULATION, "updated_at": clock.now()}
    Price.objects.update_or_create(market=Market.objects.get(symbol=symbol), defaults=values)


def _open_fourth_market() -> None:
    Asset.objects.create(code="SOL", name="Solana", precision=8)
    rules = {"tick": Decimal("0.01"), "lot": Decimal("0.00001"), "minimum_notional": Decimal(5)}
    open_market(Market.objects.create(symbol=FOURTH_SYMBOL, base_id="SOL", quote_id="USDT", **rules))


def _funded(name: str) -> int:
    account = open_account(User.objects.create(username=name, email=f"{name}@bench.invalid"))
    outside = outside_account().pk
    entries = []
    for asset, amount in FUNDS.items():
        entries += [Entry(account.pk, asset, amount), Entry(outside, asset, -amount)]
    post_transaction("deposit", entries)
    return account.pk
