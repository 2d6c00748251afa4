"""docs/worked-day.md: the day happens as it is told there, and every bold number is the exchange's own."""

import re
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from accounts.ledger import Entry
from accounts.models import Account, Balance
from accounts.services import outside_account, post_transaction
from common import clock
from risk.models import LiquidationStep
from trading import services
from trading.matching_service.requests import FundingRequest
from trading.models import Trade
from trading.tests.perpetual_desk import PERP, PerpetualDesk

DOC = (Path(__file__).parents[2] / "docs" / "worked-day.md").read_text()
PEOPLE = {"alice": "intermediate", "bob": "intermediate", "carol": "intermediate", "dave": "advanced"}
CENT = Decimal("0.01")
D = Decimal


def worked():
    """Name of each row with a bold number: that number."""
    rows = [line.strip("|").split(" | ") for line in DOC.splitlines() if line.startswith("| ")]
    found = [(row[0].strip(), re.findall(r"\*\*(-?[\d.]+)\*\*", row[-1])) for row in rows]
    figures = [(name, D(numbers[0])) for name, numbers in found if numbers]
    assert len(figures) == len(dict(figures)), "two rows of one name"
    return dict(figures)


class WorkedDay:
    """`says` collects what the exchange comes to."""

    def __init__(self):
        self.desk = PerpetualDesk(tuple(PEOPLE), {"USDT": "100000"}, tiers=PEOPLE)
        self.desk.deposits("alice", "-88000")
        for who in PEOPLE:
            self.desk.leverages(who, 20 if who == "dave" else 10)
        fund, outside = Account.objects.get(name=f"insurance:{PERP}").pk, outside_account().pk
        post_transaction("deposit", [Entry(fund, "USDT", D(300)), Entry(outside, "USDT", D(-300))])
        self.said = {}

    def says(self, **figures):
        self.said |= {name.replace("_", " "): amount for name, amount in figures.items()}

    def wallet(self, who):
        return sum(map(D, self.desk.balance(who, "USDT")))

    def margin(self):
        return Balance.objects.get(account_id=self.desk.accounts["alice"], asset="USDT").margin

    def row(self, who="alice"):
        return self.desk.row(who)

    def paper(self, mark):
        return self.row().size * D(mark) - self.row().cost

    def sells(self, quantity, at):
        """Bob's bid lies in the book, Alice takes it."""
        self.desk.marks(at)
        self.desk.buys("bob", quantity, at=at, symbol=PERP)
        self.desk.sells("alice", quantity, at=at, symbol=PERP)

    def steps(self, kind):
        return LiquidationStep.objects.get(kind=kind)


@pytest.fixture
def day(transactional_db):
    return WorkedDay()


def test_the_day_is_as_it_is_told(day):
    opens(day)
    adds(day)
    reduces(day)
    turns(day)
    is_funded(day)
    is_warned(day)
    is_liquidated_in_part(day)
    goes_bankrupt(day)
    in_the_evening(day)
    assert day.said == worked()
    assert day.desk.audited() == []


def opens(day):
    day.desk.trades("alice", "bob", "1", at="50000")
    day.says(
        fee_to_open=Trade.objects.get().taker_fee, wallet_after_opening=day.wallet("alice"),
        margin_after_opening=day.margin(), available_after_opening=D(day.desk.balance("alice", "USDT")[0]),
    )  # fmt: skip


def adds(day):
    day.desk.marks("52000")
    day.desk.trades("alice", "bob", "1", at="52000")
    row = day.row()
    day.says(
        cost_of_both=row.cost, average_entry=row.cost / row.size, wallet_after_adding=day.wallet("alice"),
        margin_after_adding=day.margin(), profit_on_paper=day.paper(52_000),
    )  # fmt: skip


def reduces(day):
    day.sells("1", "53000")
    assert day.desk.position("alice") == "long 1 at 51000"
    day.says(
        profit_of_reducing=day.row().realised_profit, wallet_after_reducing=day.wallet("alice"),
        margin_after_reducing=day.margin(),
    )  # fmt: skip


def turns(day):
    before = day.row().realised_profit
    day.sells("3", "53000")
    assert day.desk.position("alice") == "short 2 at 53000"
    day.says(
        profit_of_closing=day.row().realised_profit - before, wallet_after_turning=day.wallet("alice"),
        cost_of_the_short=day.row().cost, margin_after_turning=day.margin(),
    )  # fmt: skip
    day.desk.trades("dave", "carol", "0.6", at="53000")


def is_funded(day):
    due = clock.now() + timedelta(hours=8)
    services.submit(PERP, [FundingRequest(due, D("0.0001"), D(0), 1, due + timedelta(hours=8))])
    services.settle_funding()
    paid = {who: day.row(who).funding_paid for who in PEOPLE}
    day.said |= {
        "Alice is paid": -paid["alice"], "Bob, long 2, pays": paid["bob"],
        "Carol, short 0.6, is paid": -paid["carol"], "Dave, long 0.6, pays": paid["dave"],
        "left by rounding": sum(paid.values()), "wallet after funding": day.wallet("alice"),
    }  # fmt: skip


def is_warned(day):
    day.order = day.desk.sells("alice", "0.1", at="62000", symbol=PERP)
    day.desk.marks("60600")
    services.sweep_liquidations()
    warned = day.steps("warned")
    end = (day.wallet("alice") - day.row().cost) / (2 * D("0.005") + 2)
    day.says(
        equity_at_the_warning=warned.equity, maintenance_at_the_warning=warned.maintenance_margin,
        warning_level=warned.maintenance_margin * D("1.25"), liquidation_price=end.quantize(CENT),
    )  # fmt: skip
    assert warned.maintenance_margin < warned.equity < warned.maintenance_margin * D("1.25")


def is_liquidated_in_part(day):
    day.desk.sells("carol", "0.469", at="60650", symbol=PERP)
    day.desk.marks("60650")
    before = day.row().realised_profit
    services.sweep_liquidations()
    assert day.desk.fate(day.order) == "cancelled LIQUIDATION"
    part, cancelled = day.steps("reduced"), day.steps("orders_cancelled")
    fee = Trade.objects.get(taker_order_id=part.order_id).taker_fee
    wallet, row = day.wallet("alice"), day.row()
    day.says(
        equity_before=cancelled.equity, maintenance_before=cancelled.maintenance_margin,
        bought_back=part.quantity, worth=part.notional, loss_of_the_part=before - row.realised_profit,
        fee_of_the_part=fee, to_the_insurance_fund=part.to_insurance, wallet_after_the_part=wallet,
        equity_after_the_part=wallet + day.paper(60_650),
        maintenance_after_the_part=day.steps("recovered").maintenance_margin,
    )  # fmt: skip


def goes_bankrupt(day):
    before, realised = day.wallet("alice"), {who: day.row(who).realised_profit for who in PEOPLE}
    held = {who: day.row(who).size for who in PEOPLE}
    day.desk.sells("carol", "0.5", at="61100", symbol=PERP)
    day.desk.marks("61100")
    services.sweep_liquidations()
    paid, rest = day.steps("fund_paid"), day.steps("deleveraged")
    [trade] = Trade.objects.filter(taker_order_id=paid.order_id)
    on_book = D("0.5") * (61_100 - 53_000) + trade.taker_fee
    gained = {who: day.row(who).realised_profit - realised[who] for who in PEOPLE}
    lost = -gained["alice"] + trade.taker_fee - on_book
    day.said |= {
        "equity after the jump": paid.equity, "bankruptcy price": paid.bankruptcy_price,
        "loss of 0.5 on the book": on_book, "her share of it": on_book + paid.to_insurance,
        "the fund pays": -paid.to_insurance, "wallet before deleveraging": before - on_book - paid.to_insurance,
        "Dave gives": held["dave"] - day.row("dave").size, "Dave gains": gained["dave"],
        "Bob gives": held["bob"] - day.row("bob").size, "Bob gains": gained["bob"],
        "Alice loses": lost, "left of her wallet, to the fund": rest.to_insurance,
        "Alice has": day.wallet("alice"),
    }  # fmt: skip
    assert rest.bankruptcy_price == paid.bankruptcy_price
    assert day.desk.position("alice") == "flat"


def in_the_evening(day):
    wallets = {f"{who.capitalize()}'s wallet": day.wallet(who) for who in PEOPLE}
    own = {
        "fees": "fees", "insurance fund": "insurance", "funding account": "funding",
        "clearing account": "clearing",
    }  # fmt: skip
    accounts = {name: D(day.desk.balance_of(f"{kind}:{PERP}")) for name, kind in own.items()}
    day.said |= wallets | accounts
    day.said["all together"] = sum(wallets.values()) + sum(accounts.values())
