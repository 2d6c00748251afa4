"""Holds every row about money and positions against the reference. Nothing is rounded on the way."""

from collections import defaultdict
from fractions import Fraction

from accounts.models import Account, Balance
from risk.models import Contract, ExposureTotal, Position
from trading.models import Order

RESTING = ("open", "partially_filled")
LIVE = ("pending_trigger", *RESTING)


def live_orders():
    """By (account, symbol): orders in the books that may open something, as (price, open quantity); and by account
    the USDT that spot orders keep back."""
    buys, sells, firm = defaultdict(list), defaultdict(list), defaultdict(Fraction)
    rows = Order.objects.filter(status__in=LIVE).select_related("market", "conditions")
    for order in rows:
        still_open = Fraction(order.quantity - order.filled_quantity - order.cancelled_quantity)
        conditions = getattr(order, "conditions", None)
        if order.market.kind == "spot":
            if order.side == "buy":
                per_unit = conditions.reserve if order.status == "pending_trigger" else order.price
                firm[order.account_id] += still_open * Fraction(per_unit)
        elif order.status in RESTING and not (conditions and conditions.reduce_only):
            side = buys if order.side == "buy" else sells
            side[order.account_id, order.market.symbol].append((Fraction(order.price), still_open))
    return buys, sells, firm


def differences(following):
    """What is not as the reference has it, in words."""
    following.catch_up()
    books, found = following.books, []

    def must(what, is_now, should_be):
        if Fraction(is_now) != should_be:
            found.append(f"{what} is {is_now}, should be {should_be} ({float(should_be):.9f})")

    buys, sells, firm = live_orders()
    required, exposed = defaultdict(Fraction), defaultdict(Fraction)
    for row in Position.objects.select_related("market"):
        symbol, account = row.market.symbol, row.account_id
        held = books.contracts[symbol].held[account]
        name = f"{symbol} {account}"
        must(f"{name} size", row.size, held.size)
        must(f"{name} cost", row.cost, held.cost)
        must(f"{name} margin", row.isolated_margin, held.margin)
        must(f"{name} realised", row.realised_profit, held.realised)
        must(f"{name} fees", row.fees_paid, held.fees)
        must(f"{name} funding", row.funding_paid, held.funding)
        must(f"{name} realised less open cost", row.realised_profit - row.cost, -held.spent)
        must(f"{name} leverage", row.leverage, held.leverage)
        margin, exposure = books.requirement(symbol, account, buys[account, symbol], sells[account, symbol])
        must(f"{name} requirement", row.requirement, margin)
        must(f"{name} exposure", row.exposure, exposure)
        required[account] += margin
        exposed[symbol] += exposure
        firm[account] += held.margin
    for account in Account.objects.filter(kind="user"):
        found += _of_account(account.pk, books, required, firm)
    for row in Contract.objects.select_related("market"):
        must(f"exposure of {row.market}", row.exposure, exposed[row.market.symbol])
    must("exposure of all", ExposureTotal.objects.get().amount, sum(exposed.values()))
    return [*found, *_conserved(following)]


def _of_account(account, books, required, firm):
    row = Balance.objects.filter(account_id=account, asset="USDT").first()
    if row is None:
        return
    available, held, margin, shortage = map(Fraction, (row.available, row.held, row.margin, row.shortage))
    if available + held != books.wallets[account]:
        yield f"wallet of {account} is {available + held}, should be {float(books.wallets[account]):.9f}"
    if margin != required[account]:
        yield f"margin of {account} is {margin}, its contracts require {required[account]}"
    if held + shortage - margin != firm[account]:
        yield f"{account} holds {held} with {shortage} short of {margin}, its orders need {firm[account]}"
    if min(available, held, margin, shortage) < 0 or (available and shortage):
        yield f"{account} has {available}, {held}, {margin}, {shortage}"


def _conserved(following):
    """Of each contract: sizes sum to nothing, and whatever the price so do profits, fees, funding and funds."""
    books = following.books
    rows = Balance.objects.filter(asset="USDT").exclude(account__kind="outside").select_related("account")
    exchange = {row.account.name: Fraction(row.available) for row in rows if row.account.kind != "user"}
    for symbol, contract in books.contracts.items():
        everybody = contract.held.values()
        if sum(held.size for held in everybody):
            yield f"sizes in {symbol} sum to {sum(held.size for held in everybody)}"
        own = {
            "clearing": -sum(held.cost for held in everybody),
            "fees": contract.fees,
            "funding": contract.funding,
        }
        for kind, amount in own.items():
            if exchange.get(f"{kind}:{symbol}", 0) != amount:
                yield f"{kind}:{symbol} has {exchange.get(f'{kind}:{symbol}')}, should have {float(amount):.9f}"
        for price in (Fraction(0), Fraction(1, 3), Fraction(50_000)):
            profits = sum(held.realised + held.unrealised(price) for held in everybody)
            if profits:
                yield f"profits in {symbol} sum to {profits} at {price}"
    insured = sum(amount for name, amount in exchange.items() if name.startswith("insurance"))
    if insured != following.insured:
        yield f"the insurance funds have {insured}, should have {following.insured}"
    outside = Balance.objects.filter(asset="USDT", account__kind="outside").first()
    total = sum(books.wallets.values()) + sum(exchange.values()) + Fraction(outside.available)
    if total:
        yield f"all USDT sum to {total}"
