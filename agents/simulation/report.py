"""What a simulation gave, in words."""

from collections.abc import Iterator, Sequence
from decimal import Decimal

from agents.selectors import Holding
from agents.simulation.simulate import Run
from common.money import EXACT, format_decimal
from market.models import Market

Row = tuple[str, str]


def lines(market: Market, run: Run, seconds: Decimal) -> Iterator[Row]:
    """Pairs of a title and a figure. `seconds`: how long the run took."""
    tally, base, quote = run.tally, market.base_id, market.quote_id
    number = format_decimal
    yield "orders", f"{tally.orders}, {tally.orders - sum(tally.refused.values())} accepted"
    yield "refused", ", ".join(f"{code} {count}" for code, count in sorted(tally.refused.items())) or "none"
    yield "cancelled", str(tally.cancelled)
    yield "trades", f"{tally.trades}, {number(tally.volume)} {base} for {number(tally.cost)} {quote}"
    yield "fees", f"{number(tally.fees['buyers'])} {base}, {number(tally.fees['sellers'])} {quote}"
    yield "index", _path(run.prices)
    yield "trade prices", _path(tally.prices)
    yield "best bid and ask", f"{_price(run.best_bid)} / {_price(run.best_ask)} {quote}"
    for account_id, name in run.names.items():
        yield f"profit of {name}", f"{number(_profit(market, run, account_id))} {quote}"
    yield "simulated time", f"{run.simulated_ms // 1000} s"
    yield "took", f"{seconds:.1f} s, {tally.orders / seconds:.0f} orders/s"
    yield "hash of all trades", tally.trades_hash()


def _path(prices: Sequence[Decimal]) -> str:
    if not prices:
        return "none"
    figures = {"open": prices[0], "high": max(prices), "low": min(prices), "close": prices[-1]}
    return ", ".join(f"{name} {format_decimal(price)}" for name, price in figures.items())


def _price(price: Decimal | None) -> str:
    return "-" if price is None else format_decimal(price)


def _profit(market: Market, run: Run, account_id: int) -> Decimal:
    """What trading changed, in quote at the last index; what the first holdings gained by themselves is not in it."""
    base, quote = (
        _total(run.after, account_id, asset) - _total(run.before, account_id, asset)
        for asset in (market.base_id, market.quote_id)
    )
    return EXACT.add(EXACT.multiply(base, run.prices[-1]), quote)


def _total(holdings: dict[int, dict[str, Holding]], account_id: int, asset: str) -> Decimal:
    return sum(holdings[account_id].get(asset, Holding()), Decimal(0))
