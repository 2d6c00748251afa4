"""A perpetual whose index nobody knows takes cancels only, by itself, and opens again by itself."""

import logging

from market.models import Market
from risk.models import Contract
from trading.matching_service.requests import StatusRequest
from trading.services.submit import submit

logger = logging.getLogger(__name__)

STALE, FRESH = "INDEX_STALE", "INDEX_FRESH"
_Status = Market.Status
_TRADES = (_Status.OPEN, _Status.POST_ONLY, _Status.AUCTION)


def hold_without_index(contract: Contract, has_index: bool) -> None:
    """Bring the market to cancels only, or back to where it was, unless somebody else has changed its state since.

    What fails is tried again with the next price.
    """
    try:
        if has_index:
            _let_go(contract)
        elif contract.market.status in _TRADES:
            _hold(contract)
    except Exception:
        logger.exception("%s could not be brought to another state", contract.market)


def _hold(contract: Contract) -> None:
    was = _Status(contract.market.status)
    contract.reopens_to = _Status.OPEN if was == _Status.AUCTION else was
    contract.save(update_fields=["reopens_to"])
    request = StatusRequest(_Status.CANCEL_ONLY, STALE, only_from=(was,))
    submit(contract.market.symbol, [request])


def _let_go(contract: Contract) -> None:
    if not contract.reopens_to:
        return
    if contract.market.status == _Status.CANCEL_ONLY:
        request = StatusRequest(contract.reopens_to, FRESH, only_after=STALE)
        submit(contract.market.symbol, [request])
    contract.reopens_to = ""
    contract.save(update_fields=["reopens_to"])
