"""May somebody's exposure become so large, with so much leverage?"""

from typing import NamedTuple

from common.errors import ErrorCode, Refused
from common.money import format_decimal, from_units
from risk.contract_rows import ContractRow, Limits


class Standing(NamedTuple):
    """Exposures in units: an account's here before and after, everybody's here now and when the batch began,
    everybody's in all contracts when the batch began, and the account's in the other contracts."""

    before: int
    after: int
    here: int
    here_at_first: int
    total_at_first: int
    elsewhere: int


def beyond_limits(contract: ContractRow, limits: Limits, standing: Standing) -> Refused | None:
    if contract.mark is None:
        return Refused(ErrorCode.NO_MARK_PRICE)
    more = standing.after - standing.before
    total = standing.total_at_first + standing.here - standing.here_at_first
    for scope, exposure, most in (
        ("user", standing.after + standing.elsewhere, limits.user),
        ("user_in_contract", standing.after, limits.user_here),
        ("contract", standing.here + more, limits.contract),
        ("total", total + more, limits.total),
    ):
        if most is not None and exposure > most:
            return Refused(
                ErrorCode.EXPOSURE_LIMIT, scope=scope, exposure=shown(exposure, contract),
                maximum=shown(most, contract),
            )  # fmt: skip
    return None


def too_much_leverage(
    contract: ContractRow, of_tier: int | None, leverage: int, exposure: int
) -> Refused | None:
    """Beyond what the tier allows, or the bracket of a position this large; the lower of the two holds."""
    of_bracket = contract.terms.brackets.maximum_leverage(exposure)
    most = of_bracket if of_tier is None else min(of_tier, of_bracket)
    if leverage <= most:
        return None
    notional = shown(exposure, contract)
    by_tier = of_tier is not None and of_tier < leverage
    text = (
        f"Your tier allows at most {of_tier}x."
        if by_tier
        else f"A position worth {notional} may have at most {of_bracket}x here."
    )
    return Refused(
        ErrorCode.LEVERAGE_TOO_HIGH, text, leverage=leverage, maximum_leverage=most, notional=notional,
        limited_by="tier" if by_tier else "bracket",
    )  # fmt: skip


def shown(units: int, contract: ContractRow) -> str:
    return format_decimal(from_units(units, contract.precision))
