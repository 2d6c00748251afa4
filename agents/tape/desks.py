"""Whose orders the tape's orders become: the accounts `tape-1`, `tape-2`, ..., with all the test money they need."""

from collections.abc import Callable, Iterator
from decimal import ROUND_UP, Decimal
from itertools import cycle

from agents.selectors import Member
from agents.services import ensure_member, fund
from agents.tape.actions import Submit
from agents.tape.survey import Survey
from market.models import Market
from trading.services import cancel_all

MOST_ACCOUNTS = 5_000
RESERVE = 2  # funds are filled up when less than half is left


class TooManyAccounts(Exception):
    """The tape has more participants than can be given an account each."""


class Desks:
    """One account for each account on the tape. On a tape without accounts buyers and sellers are different
    people, so that no self-trade is prevented where none was, and so many that nobody has too many open orders.
    """

    def __init__(self, market: Market, survey: Survey, progress: Callable[[int], object]) -> None:
        """Raises TooManyAccounts, and Refused CONFLICT if somebody has taken their names."""
        self.members: list[Member] = []
        self._survey = survey
        self._accounts: dict[str, Iterator[int]] = {}
        each = accounts_each(market, survey)
        for owner in survey.needs:
            hired = [self._hire(market, owner, progress) for _ in range(each)]
            self._accounts[owner] = cycle([member.account_id for member in hired])

    def account_of(self, order: Submit) -> int:
        return next(self._accounts[self._survey.owner_of(order)])

    def _hire(self, market: Market, owner: str, progress: Callable[[int], object]) -> Member:
        member = ensure_member(f"tape-{len(self.members) + 1}")
        self.members.append(member)
        cancel_all(member.account_id, market.symbol)
        need = self._survey.needs[owner]
        amounts = ((market.base, need.base), (market.quote, self._survey.quote_needed(need)))
        targets = {
            asset.code: RESERVE * amount.quantize(Decimal(1).scaleb(-asset.precision), ROUND_UP)
            for asset, amount in amounts
            if amount
        }
        fund(member.account_id, targets)
        progress(1)
        return member


def accounts_each(market: Market, survey: Survey) -> int:
    """How many accounts an owner has. Raises TooManyAccounts."""
    each = 1 if survey.has_accounts else 1 + 2 * survey.most_live // market.maximum_open_orders
    if each * len(survey.needs) > MOST_ACCOUNTS:
        raise TooManyAccounts(
            f"the tape needs {each * len(survey.needs)} accounts; at most {MOST_ACCOUNTS} are made"
        )
    return each
