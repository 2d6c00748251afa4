"""From requests about leverage, margin and funding to what the log will tell of them."""

from typing import TYPE_CHECKING

from common.errors import ErrorCode, Refused
from common.money import to_units
from risk.contract_rows import Funding
from trading.matching import commands
from trading.matching.events import FundingMoved, RiskNoted
from trading.matching.refusal import Refusal, refuse
from trading.matching_service.perpetual import Perpetual
from trading.matching_service.requests import (
    FundingRequest,
    LeverageRequest,
    MarginRequest,
    Request,
    SettleFundingRequest,
)
from trading.perpetual_settlement import FUNDING, LEVERAGE, MARGIN, OWED

if TYPE_CHECKING:
    from trading.matching_service.batch import Batch

RiskRequest = LeverageRequest | MarginRequest | FundingRequest | SettleFundingRequest
RATE_SCALE = 8  # decimals of a funding rate


def is_about_risk(request: Request) -> bool:
    return isinstance(request, RiskRequest)


def recording(request: Request, batch: "Batch") -> commands.Record | Refusal:
    """What a request asks to be recorded, or why it is not."""
    if not isinstance(batch.money, Perpetual):
        return Refusal(ErrorCode.NOT_A_PERPETUAL)
    if isinstance(request, LeverageRequest):
        return _leverage(request, batch, batch.money)
    if isinstance(request, MarginRequest):
        return _margin(request, batch.money)
    if isinstance(request, FundingRequest):
        return _funding(request, batch.money)
    assert isinstance(request, SettleFundingRequest)
    what = FUNDING if batch.money.can_pay_funding(request.account_id, batch.funds) else OWED
    return commands.Record(RiskNoted(request.account_id, what, {}))


def _leverage(request: LeverageRequest, batch: "Batch", money: Perpetual) -> commands.Record | Refusal:
    position = money.position(request.account_id)
    mode = request.mode or ("isolated" if position.is_isolated else "cross")
    is_in_use = position.size or request.account_id in batch.book.by_account
    if (mode == "isolated") != position.is_isolated and is_in_use:
        return Refusal(ErrorCode.POSITION_OPEN)
    refused = money.too_much_leverage(request.account_id, request.leverage, position.exposure)
    if refused is not None:
        return _as_value(refused)
    return commands.Record(
        RiskNoted(request.account_id, LEVERAGE, {"leverage": request.leverage, "mode": mode})
    )


def _margin(request: MarginRequest, money: Perpetual) -> commands.Record | Refusal:
    position = money.position(request.account_id)
    if not position.size or not position.is_isolated:
        return refuse(ErrorCode.NO_POSITION, "You have no isolated position in this contract.")
    try:
        amount = to_units(request.amount, money.contract.precision)
    except ValueError:
        return refuse(ErrorCode.VALIDATION_ERROR, amount=["has too many decimals"])
    if not amount:
        return refuse(ErrorCode.VALIDATION_ERROR, amount=["must not be zero"])
    owed = position.pending_funding(money.funding_index)  # is paid from it first
    has = position.isolated_margin - min(max(0, owed), position.isolated_margin)
    if has + amount < 0:
        return refuse(
            ErrorCode.INSUFFICIENT_MARGIN, "The position has not as much margin.",
            required=money.shown(-amount), available=money.shown(has),
        )  # fmt: skip
    return commands.Record(RiskNoted(request.account_id, MARGIN, {"amount": amount}))


def _funding(request: FundingRequest, money: Perpetual) -> commands.Record | Refusal:
    """Once: whoever comes second finds that another funding is due next."""
    contract = money.contract
    if contract.mark is None:
        return Refusal(ErrorCode.NO_MARK_PRICE)
    if contract.next_funding_at is not None and request.due_at < contract.next_funding_at:
        return refuse(ErrorCode.CONFLICT, "This funding is paid already.")
    rate = to_units(request.rate, RATE_SCALE)
    index = money.funding_index + rate * contract.mark * contract.terms.step
    money.funding = Funding(
        request.due_at, request.rate, request.premium, request.samples, request.next_due_at
    )
    return commands.Record(FundingMoved(rate, contract.mark, index))


def _as_value(refused: Refused) -> Refusal:
    return Refusal(refused.code, refused.message, refused.details)
