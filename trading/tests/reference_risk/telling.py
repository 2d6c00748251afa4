"""Holds what an account is told of itself against the reference: equity, margin, and where each position ends."""

from fractions import Fraction

from risk.selectors.perpetual_account import perpetual_account
from risk.selectors.positions import margin_standing, open_positions


def false_tales(following, marks, ticks, firm):
    """What an account is told that is not so. marks and ticks by symbol; firm: what spot orders and isolated margins
    hold of each account."""
    books = following.books
    for account in sorted({each for contract in books.contracts.values() for each in contract.held}):
        told = perpetual_account(account)
        standing = margin_standing(told)
        profit, pending = _sums(books, account, marks)
        equity, needed = books.standing(account, marks, firm[account])
        loss = min(Fraction(0), equity - books.wallets[account] + firm[account])
        free = max(
            Fraction(0), books.wallets[account] - firm[account] - Fraction(told.money.margin, 10**8) + loss
        )
        for name, value, should_be in (
            ("wallet", standing.wallet, books.wallets[account]),
            ("equity", standing.margin_equity, books.wallets[account] + profit - pending),
            ("profit", standing.unrealised_profit, profit),
            ("funding", standing.funding_due, pending),
            ("equity of all that is cross", standing.cross_equity, equity),
            ("maintenance", standing.maintenance_margin, needed),
            ("free margin", standing.free_margin, free),
        ):
            if Fraction(value) != should_be:
                yield f"{account} is told of {name} {value}, should be {float(should_be):.9f}"
        for position in open_positions(told, {}):
            yield from _wrong_end(books, account, position, marks, ticks, firm)


def _sums(books, account, marks):
    profit = pending = Fraction(0)
    for symbol, contract in books.contracts.items():
        profit += contract.held[account].unrealised(marks[symbol])
        pending += contract.held[account].pending(contract.index)
    return profit, pending


def _wrong_end(books, account, position, marks, ticks, firm):
    """At the liquidation price the account is well, and a tick beyond it is not."""

    def is_well(price):
        if position.mode == "isolated":
            equity, needed = books.standing_alone(position.symbol, account, price)
        else:
            equity, needed = books.standing(account, marks | {position.symbol: price}, firm[account])
        return equity >= needed

    tick = ticks[position.symbol] if position.side == "long" else -ticks[position.symbol]
    if not is_well(marks[position.symbol]):
        return
    if position.liquidation_price is None:
        if not is_well(abs(tick)):
            yield f"{account} {position.symbol} is told to be safe at any price"
        return
    price = Fraction(position.liquidation_price)
    if not is_well(price) or is_well(price - tick):
        yield f"{account} {position.symbol} {position.side} is told that it ends at {price}"
