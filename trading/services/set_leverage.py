"""How much an account risks in a contract."""

from decimal import Decimal

from common.errors import Refused
from risk.models import Position
from trading.matching_service.requests import LeverageRequest, MarginRequest
from trading.services.submit import submit


def set_leverage(account_id: int, symbol: str, leverage: int, mode: str | None = None) -> Position:
    """Other leverage, and another margin mode (cross, isolated) if one is given; the position as it is now.

    Raises Refused LEVERAGE_TOO_HIGH, INSUFFICIENT_MARGIN if the open position or orders do not bear it,
    POSITION_OPEN for another mode, NOT_A_PERPETUAL, UNKNOWN_SYMBOL.
    """
    return _carry_out(symbol, LeverageRequest(account_id, leverage, mode))


def move_margin(account_id: int, symbol: str, amount: Decimal) -> Position:
    """Put so much more margin to an isolated position, or, if negative, take it away.

    Raises Refused NO_POSITION, INSUFFICIENT_MARGIN, VALIDATION_ERROR, NOT_A_PERPETUAL, UNKNOWN_SYMBOL.
    """
    return _carry_out(symbol, MarginRequest(account_id, amount))


def _carry_out(symbol: str, request: LeverageRequest | MarginRequest) -> Position:
    [outcome] = submit(symbol, [request])
    if isinstance(outcome, Refused):
        raise outcome
    return Position.objects.select_related("market").get(account_id=request.account_id, market__symbol=symbol)
