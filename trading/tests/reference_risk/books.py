"""What everybody has and owes after some trades, fundings and moves of margin. All amounts are fractions of whole
coins; `up` and `down` are the only roundings, to the smallest unit of USDT."""

from collections import defaultdict
from dataclasses import dataclass, field
from fractions import Fraction

UNIT = Fraction(1, 10**8)
WARNING, BRACKETS = (
    Fraction(5, 4),
    ((0, "0.005"), (250_000, "0.01"), (1_000_000, "0.025"), (5_000_000, "0.05")),
)


def up(amount):
    return -(-amount // UNIT) * UNIT


def down(amount):
    return amount // UNIT * UNIT


@dataclass
class Held:
    """A position. spent: all that was ever bought, at its prices, less all that was sold."""

    leverage: int = 5
    isolated: bool = False
    size: Fraction = Fraction(0)
    cost: Fraction = Fraction(0)
    margin: Fraction = Fraction(0)
    realised: Fraction = Fraction(0)
    fees: Fraction = Fraction(0)
    funding: Fraction = Fraction(0)
    index: Fraction = Fraction(0)
    spent: Fraction = Fraction(0)

    def pending(self, index):
        return up(self.size * (index - self.index))

    def unrealised(self, price):
        return self.size * price - self.cost


@dataclass
class Contract:
    maker_fee: Fraction
    taker_fee: Fraction
    index: Fraction = Fraction(0)
    held: dict = field(default_factory=lambda: defaultdict(Held))
    fees: Fraction = Fraction(0)
    funding: Fraction = Fraction(0)  # what the contract's account has taken in and not paid out


class Books:
    """wallets: USDT of each account, margins and what orders hold included."""

    def __init__(self, contracts):
        self.contracts = contracts
        self.wallets = defaultdict(Fraction)

    # ---- what happens ----

    def traded(self, symbol, taker, maker, taker_buys, price, quantity):
        contract, signed = self.contracts[symbol], quantity if taker_buys else -quantity
        for account, amount, rate in (
            (taker, signed, contract.taker_fee),
            (maker, -signed, contract.maker_fee),
        ):
            self._filled(symbol, account, amount, price)
            fee = up(price * quantity * rate)
            contract.held[account].fees += fee
            contract.fees += fee
            self.wallets[account] -= fee

    def deleveraged(self, symbol, account, counterpart, buys, price, quantity):
        signed = quantity if buys else -quantity
        self._filled(symbol, account, signed, price)
        self._filled(symbol, counterpart, -signed, price)

    def funded(self, symbol, rate, mark):
        """Each coin held long owes so much more."""
        self.contracts[symbol].index += rate * mark

    def settled(self, symbol, account):
        contract = self.contracts[symbol]
        held = contract.held[account]
        paid = held.pending(contract.index)
        held.index = contract.index
        held.funding += paid
        contract.funding += paid
        self.wallets[account] -= paid
        if held.isolated:
            held.margin -= min(paid, held.margin)

    def leveraged(self, symbol, account, leverage, isolated):
        self.settled(symbol, account)
        contract = self.contracts[symbol]
        held = contract.held[account]
        held.leverage, held.isolated = leverage, isolated
        if isolated:
            held.margin = self._own_margin(contract, held, abs(held.cost))

    def margin_moved(self, symbol, account, amount):
        self.settled(symbol, account)
        self.contracts[symbol].held[account].margin += amount

    def _filled(self, symbol, account, signed, price):
        self.settled(symbol, account)
        contract = self.contracts[symbol]
        held = contract.held[account]
        held.spent += signed * price
        if held.size * signed < 0:
            closing = signed if abs(signed) <= abs(held.size) else -held.size
            self._closed(held, account, closing, price)
            signed -= closing
        if signed:
            held.size += signed
            held.cost += signed * price
            if held.isolated:
                held.margin += self._own_margin(contract, held, abs(signed) * price)

    def _closed(self, held, account, signed, price):
        """A part of the cost goes with a part of the size, never to the owner's gain."""
        share = -signed / held.size
        gone = up(held.cost * share)
        freed = held.margin if share == 1 else down(held.margin * share)
        profit = -signed * price - gone
        held.size += signed
        held.cost -= gone
        held.margin -= freed
        held.realised += profit
        self.wallets[account] += profit

    def _own_margin(self, contract, held, notional):
        return up(notional / held.leverage) + up(notional * contract.taker_fee)

    # ---- what follows ----

    def requirement(self, symbol, account, buys, sells):
        """(margin, exposure) with orders to buy and to sell of (price, quantity)."""
        contract = self.contracts[symbol]
        held = contract.held[account]
        adding, closing = (buys, sells) if held.size >= 0 else (sells, buys)
        entry = abs(held.cost)
        ordered = sum(price * quantity for price, quantity in adding)
        against = sum(quantity for _, quantity in closing)
        beyond = Fraction(0)
        if against > abs(held.size):
            notional = sum(price * quantity for price, quantity in closing)
            beyond = up(notional * (against - abs(held.size)) / against)
        worst = max(entry + ordered, beyond)
        if held.isolated:
            more = max(Fraction(0), worst - entry)
            return up(more / held.leverage) + 2 * up(more * contract.taker_fee), worst
        to_open = ordered if entry + ordered >= beyond else beyond
        margin = up(worst / held.leverage) + up(worst * contract.taker_fee) + up(to_open * contract.taker_fee)
        return margin, worst

    def maintenance(self, notional):
        """Each part of the notional at the rate of its bracket."""
        floors = [floor for floor, _ in BRACKETS[1:]] + [max(notional, BRACKETS[-1][0])]
        return up(sum(
            Fraction(rate) * max(0, min(notional, ceiling) - floor)
            for (floor, rate), ceiling in zip(BRACKETS, floors, strict=True)
        ))  # fmt: skip

    def standing(self, account, marks, firm):
        """(equity, maintenance margin) of all that is cross. firm: what orders and isolated margins hold."""
        equity, needed = self.wallets[account] - firm, Fraction(0)
        for symbol, contract in self.contracts.items():
            held = contract.held[account]
            if held.size and not held.isolated:
                equity += held.unrealised(marks[symbol]) - held.pending(contract.index)
                needed += self.maintenance(abs(held.size) * marks[symbol])
        return equity, needed

    def standing_alone(self, symbol, account, mark):
        """The same of an isolated position."""
        contract = self.contracts[symbol]
        held = contract.held[account]
        equity = held.margin + held.unrealised(mark) - held.pending(contract.index)
        return equity, self.maintenance(abs(held.size) * mark)
