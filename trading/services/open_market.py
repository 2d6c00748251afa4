"""Making a market tradable."""

import uuid

from django.db import connection, transaction

from accounts.models import Account
from accounts.services import system_account
from common import clock
from common.pipelined import Pipeline
from market.models import Market
from trading.matching.events import StatusChanged
from trading.matching.terms import OPEN
from trading.matching_service import log, statements
from trading.models import BookState


@transaction.atomic
def open_market(market: Market) -> BookState:
    """The rows that a market needs to be matched: its book and its fee account. Safe to repeat."""
    system_account(Account.Kind.FEES, f"fees:{market.symbol}")
    state, made = BookState.objects.get_or_create(market=market, defaults={"epoch": uuid.uuid4()})
    if made and market.status != OPEN:
        _log_first_state(state, market.status)
    return state


def _log_first_state(state: BookState, status: str) -> None:
    """A book begins open; of one that does not, the log says so first, for the book follows from the log alone."""
    state.sequence, state.last_event_at = 1, clock.now()
    state.opened_at = state.last_event_at
    row = log.to_row(StatusChanged(status, "NEW_MARKET", None))
    pipeline = Pipeline(connection.connection)
    statements.add_events(pipeline, state.market_id, state.last_event_at, [(1, None, *row)])
    pipeline.run()
    state.save()
