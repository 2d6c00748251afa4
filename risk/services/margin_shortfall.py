"""The end of a margin account that cannot pay: the insurance fund does, and what it cannot is written off by name."""

from collections import defaultdict
from decimal import Decimal

from accounts.ledger import Entry
from accounts.models import Account, LedgerTransaction
from accounts.services import post_transaction
from common.money import FLOORING, format_decimal
from risk.models import LiquidationStep, Loan
from risk.selectors.lending import QUOTE
from risk.services.liquidate_margin import Held, Outcome, step
from risk.services.repay import charged_loan, take_off
from risk.spot_margin import ZERO, round_down, round_up

Kind = LiquidationStep.Kind


def cover_shortfall(account: Account, number: int) -> bool:
    """Nothing is left to trade. What is too little to be traded goes to the insurance fund, and the fund pays what
    is owed as far as it reaches: in the asset itself, or in the quote at the index price."""

    def act(held: Held) -> Outcome | None:
        fund = _Fund(held)
        seized = fund.seize_rest()
        paid: dict[str, str] = {}
        for asset, loan in sorted(held.locked.margin.loans.items()):
            charged_loan(held.locked, held.pools[asset], asset, held.now)
            for paid_in, amount in (*fund.pays(loan), *fund.pays_in_quote(loan)):
                paid[f"{asset} in {paid_in}"] = format_decimal(amount)
            loan.save()
        details = {"paid": paid, "seized": seized}
        return Outcome(Kind.FUND_PAID, {"details": details}) if paid or seized else None

    return step(account, number, act)


def write_off(account: Account, number: int) -> bool:
    """What nobody can pay is taken off the loans, and so off what the lending pool will ever get back."""

    def act(held: Held) -> Outcome | None:
        written: dict[str, str] = {}
        for asset, loan in sorted(held.locked.margin.loans.items()):
            charged_loan(held.locked, held.pools[asset], asset, held.now)
            pool, owed = held.pools[asset], loan.debt
            post_transaction(
                LedgerTransaction.Kind.WRITE_OFF,
                [Entry(pool.loans, asset, -owed), Entry(pool.owed, asset, owed)],
                reference=str(loan),
                reason=f"{held.row}: no collateral and no insurance is left",
            )
            take_off(loan, owed, held.now)
            written[asset] = format_decimal(owed)
        return Outcome(Kind.WRITTEN_OFF, {"details": {"written_off": written}}) if written else None

    return step(account, number, act)


class _Fund:
    """The insurance fund while it pays for one account."""

    def __init__(self, held: Held) -> None:
        self._held = held
        self._has: dict[str, Decimal] = defaultdict(Decimal)
        for asset in held.pools:
            self._has[asset] = max(ZERO, held.locked.available(held.insurance_id, asset))

    def seize_rest(self) -> dict[str, str]:
        """What the account has left of anything, by asset."""
        held = self._held
        left = {asset: held.locked.available(held.account_id, asset) for asset in held.pools}
        for asset, amount in left.items():
            if amount:
                to_fund = Entry(held.account_id, asset, -amount), Entry(held.insurance_id, asset, amount)
                self._post("rest", *to_fund)
                self._has[asset] += amount
        return {asset: format_decimal(amount) for asset, amount in left.items() if amount}

    def pays(self, loan: Loan) -> list[tuple[str, Decimal]]:
        """In the asset itself: (asset, amount), if any."""
        asset = loan.asset_id
        amount = min(loan.debt, self._has[asset])
        return self._settle(loan, amount, asset, amount)

    def pays_in_quote(self, loan: Loan) -> list[tuple[str, Decimal]]:
        """The rest in the quote, which the lending pool of the quote gets: (quote, amount), if any."""
        terms = self._held.locked.margin.terms
        own, price = terms[loan.asset_id], terms[loan.asset_id].price
        if loan.asset_id == QUOTE or QUOTE not in terms or price is None:
            return []
        worth = round_up(loan.debt * price, terms[QUOTE].precision)
        if worth <= self._has[QUOTE]:
            return self._settle(loan, loan.debt, QUOTE, worth)
        settled = round_down(FLOORING.divide(self._has[QUOTE], price), own.precision)
        return self._settle(loan, settled, QUOTE, self._has[QUOTE])

    def _settle(
        self, loan: Loan, settled: Decimal, paid_in: str, amount: Decimal
    ) -> list[tuple[str, Decimal]]:
        if not settled:
            return []
        pools, asset = self._held.pools, loan.asset_id
        self._post(
            str(loan),
            Entry(self._held.insurance_id, paid_in, -amount),
            Entry(pools[paid_in].lending, paid_in, amount),
            Entry(pools[asset].loans, asset, -settled),
            Entry(pools[asset].owed, asset, settled),
        )
        self._has[paid_in] -= amount
        take_off(loan, settled, self._held.now)
        return [(paid_in, amount)]

    def _post(self, reference: str, *entries: Entry) -> None:
        """reference: the loan that is paid, as every transaction has it that changes what is owed."""
        kind, reason = LedgerTransaction.Kind.LIQUIDATION, str(self._held.row)
        post_transaction(kind, entries, reference=reference, reason=reason)
