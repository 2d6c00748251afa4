"""What an account has in perpetuals, in the units in which people read it: base, quote and prices."""

from decimal import ROUND_HALF_EVEN, Decimal
from typing import NamedTuple

from common.money import EXACT, FLOORING, from_units
from risk.contract_rows import ContractRow
from risk.health import Health, Holding, bankruptcy_price, liquidation_price
from risk.models import ExposureLimit
from risk.position import Position, initial_margin
from risk.selectors.contracts import contract_terms
from risk.selectors.deleveraging_queue import Place, places_in_line
from risk.selectors.perpetual_account import PerpetualAccount, perpetual_account

LONG, SHORT = "long", "short"
ENTRY_STEP = Decimal("1E-8")
RATIO_STEP = Decimal("1E-6")
HIGHEST_RATIO = 1000  # told of all that is higher, and when no equity is left


class OpenPosition(NamedTuple):
    """One position; of size 0 it tells the leverage and the history. Money in quote, size in base without a sign.

    entry_price: rounded to 8 decimals. requirement: what position and open orders require of the account; margin
    that is allotted to an isolated position comes on top. funding_paid: with what is due and not settled yet.
    margin_ratio: as of MarginStanding, of the position alone if it is isolated. The prices of liquidation and
    bankruptcy hold if all other prices stay; None: there is no such price.
    """

    symbol: str
    side: str | None
    size: Decimal
    mode: str
    leverage: int
    entry_price: Decimal | None
    mark_price: Decimal | None
    liquidation_price: Decimal | None
    bankruptcy_price: Decimal | None
    notional: Decimal
    unrealised_profit: Decimal
    realised_profit: Decimal
    fees_paid: Decimal
    funding_paid: Decimal
    initial_margin: Decimal
    maintenance_margin: Decimal
    isolated_margin: Decimal
    requirement: Decimal
    margin_ratio: Decimal | None
    exposure: Decimal
    deleverage_rank: int | None = None
    deleverage_place: int | None = None
    deleverage_of: int | None = None


class UsedLimit(NamedTuple):
    """scope: user (symbol None: over all contracts), contract or total. In quote."""

    scope: str
    symbol: str | None
    maximum: Decimal
    used: Decimal


class MarginStanding(NamedTuple):
    """In quote. wallet: the balance that is the collateral. margin_equity: wallet + unrealised profit - funding due.
    funding_due: what is not settled yet. margin: bound by positions and orders. free_margin: what new positions can
    use. cross_equity, maintenance_margin and margin_ratio are of all that is cross, and go together: an isolated
    position stands or falls by its own. cross_equity: what cross positions can lose, which no order and no isolated
    margin holds, with their unrealised profit less their funding due. margin_ratio: maintenance margin over it,
    liquidated above 1, at most HIGHEST_RATIO; None: there is no such position."""

    wallet: Decimal
    margin_equity: Decimal
    unrealised_profit: Decimal
    funding_due: Decimal
    margin: Decimal
    free_margin: Decimal
    cross_equity: Decimal
    maintenance_margin: Decimal
    margin_ratio: Decimal | None
    exposure: Decimal
    exposure_limits: list[UsedLimit]


def positions(account_id: int) -> list[OpenPosition]:
    """Those that are open, by symbol, with their place in the line of deleveraging."""
    return open_positions(perpetual_account(account_id), places_in_line(account_id))


def position_in(account_id: int, symbol: str) -> OpenPosition | None:
    """Flat ones too; None if nothing was ever done there. Raises Refused UNKNOWN_SYMBOL or NOT_A_PERPETUAL."""
    market_id = contract_terms(symbol).market.pk
    account = perpetual_account(account_id)
    if market_id not in account.positions:
        return None
    return shown_position(account, market_id, places_in_line(account_id).get(market_id))


def open_positions(account: PerpetualAccount, places: dict[int, Place]) -> list[OpenPosition]:
    shown = (
        shown_position(account, market_id, places.get(market_id)) for market_id in account.open_markets()
    )
    return sorted(shown, key=lambda position: position.symbol)


def margin_standing(account: PerpetualAccount) -> MarginStanding:
    precision = next((contract.precision for contract in account.contracts.values()), 0)
    cross, money, unrealised = account.cross(), account.money, account.unrealised()
    losses = min(0, cross.equity - cross.cash)

    def shown(units: int) -> Decimal:
        return from_units(units, precision)

    return MarginStanding(
        shown(money.wallet),
        shown(money.wallet + unrealised),
        shown(unrealised + account.funding_due()),
        shown(account.funding_due()),
        shown(money.margin + account.isolated_margin()),
        shown(max(0, money.free + losses)),
        shown(cross.equity),
        shown(cross.maintenance),
        margin_ratio(cross),
        shown(account.exposure()),
        used_limits(account),
    )


def margin_ratio(health: Health) -> Decimal | None:
    if not health.holdings:
        return None
    if health.maintenance >= HIGHEST_RATIO * health.equity:
        return Decimal(HIGHEST_RATIO)
    return FLOORING.divide(health.maintenance, health.equity).quantize(RATIO_STEP, ROUND_HALF_EVEN)


def used_limits(account: PerpetualAccount) -> list[UsedLimit]:
    """Each limit on exposure, and how much of it is used: of one user by this account, else by everybody."""
    limits = []
    for scope, market_id, maximum in account.limits:
        contract = None if market_id is None else account.contracts.get(market_id)
        if contract is None and market_id is not None:
            continue
        limits.append(
            UsedLimit(scope, contract and contract.symbol, maximum, _used(account, scope, contract))
        )
    return sorted(
        limits, key=lambda limit: (ExposureLimit.Scope.values.index(limit.scope), limit.symbol or "")
    )


def _used(account: PerpetualAccount, scope: str, contract: ContractRow | None) -> Decimal:
    if scope == ExposureLimit.Scope.TOTAL:
        return account.total
    if contract is None:
        precision = next(iter(account.contracts.values())).precision if account.contracts else 0
        return from_units(account.exposure(), precision)
    if scope == ExposureLimit.Scope.CONTRACT:
        return from_units(contract.exposure, contract.precision)
    own = account.positions.get(contract.market_id)
    return from_units(own.exposure if own else 0, contract.precision)


def shown_position(account: PerpetualAccount, market_id: int, place: Place | None) -> OpenPosition:
    """place: in the line of deleveraging, if somebody has looked."""
    contract, own = account.contracts[market_id], account.positions[market_id]
    health, holding = account.health(market_id) if own.size else (None, None)
    pending = own.pending_funding(contract.funding_index)
    initial = initial_margin(own.notional, own.leverage)
    liquidation, bankruptcy = _worst_prices(health, holding, contract)

    def money(units: int) -> Decimal:
        return from_units(units, contract.precision)

    return OpenPosition(
        symbol=contract.symbol,
        side=_side(own),
        size=EXACT.multiply(contract.lot, abs(own.size)),
        mode="isolated" if own.is_isolated else "cross",
        leverage=own.leverage,
        entry_price=_entry_price(own, contract),
        mark_price=_price(contract.mark, contract),
        liquidation_price=liquidation,
        bankruptcy_price=bankruptcy,
        notional=money(holding.notional if holding else 0),
        unrealised_profit=money(own.unrealised(contract.mark or 0, contract.terms.step)),
        realised_profit=money(own.realised),
        fees_paid=money(own.fees),
        funding_paid=money(own.funding + pending),
        initial_margin=money(initial),
        maintenance_margin=money(holding.maintenance if holding else 0),
        isolated_margin=money(own.isolated_margin),
        requirement=money(own.requirement),
        margin_ratio=margin_ratio(health) if health else None,
        exposure=money(own.exposure),
        deleverage_rank=place and place.rank,
        deleverage_place=place and place.place,
        deleverage_of=place and place.of,
    )


def _worst_prices(
    health: Health | None, holding: Holding | None, contract: ContractRow
) -> tuple[Decimal | None, Decimal | None]:
    """Where the position is liquidated and where it is bankrupt. A long that is backed in full is so at no price."""
    if health is None or holding is None:
        return None, None
    bankruptcy = bankruptcy_price(health, holding)
    is_safe = holding.size > 0 and bankruptcy == 1
    return (
        _price(liquidation_price(health, holding), contract),
        None if is_safe else _price(bankruptcy, contract),
    )


def _side(position: Position) -> str | None:
    if not position.size:
        return None
    return LONG if position.size > 0 else SHORT


def _entry_price(position: Position, contract: ContractRow) -> Decimal | None:
    if not position.size:
        return None
    size = EXACT.multiply(contract.lot, position.size)
    return FLOORING.divide(from_units(position.cost, contract.precision), size).quantize(
        ENTRY_STEP, ROUND_HALF_EVEN
    )


def _price(ticks: int | None, contract: ContractRow) -> Decimal | None:
    return None if ticks is None else EXACT.multiply(contract.tick, ticks)
