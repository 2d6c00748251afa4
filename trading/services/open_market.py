"""Making a market tradable, and saying whether it is."""

import uuid

from django.contrib.admin.models import CHANGE, LogEntry
from django.db import transaction

from accounts.models import Account, User
from accounts.services import system_account
from market.models import Market
from market.selectors import market_by_symbol
from trading.models import BookState


@transaction.atomic
def open_market(market: Market) -> BookState:
    """The rows that a market needs to be matched: its book and its fee account. Safe to repeat."""
    system_account(Account.Kind.FEES, f"fees:{market.symbol}")
    state, _ = BookState.objects.get_or_create(market=market, defaults={"epoch": uuid.uuid4()})
    return state


def set_market_status(symbol: str, status: str, by: User | None = None, reason: str = "") -> Market:
    """Open, halt or set to cancel-only. Waits for the batch in hand and holds from the next one on.

    With `by`, the market's history in the admin tells who did it, when and, if given, why.
    Raises Refused UNKNOWN_SYMBOL.
    """
    market = market_by_symbol(symbol)
    with transaction.atomic():
        BookState.objects.select_for_update(no_key=True).get(market=market)
        Market.objects.filter(pk=market.pk).update(status=status)
        if by is not None:
            rows = Market.objects.filter(pk=market.pk)
            message = f"Status: {status}: {reason}" if reason else f"Status: {status}"
            LogEntry.objects.log_actions(by.pk, rows, CHANGE, message, single_object=True)
    market.refresh_from_db()
    return market
