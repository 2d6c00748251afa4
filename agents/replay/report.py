"""What a replay did, in words."""

from collections.abc import Iterator
from decimal import Decimal

from agents.replay.pace import Pace
from agents.replay.player import Player
from agents.replay.survey import Survey
from agents.replay.tally import Compared
from common.money import format_decimal

KINDS = {"Depth": "depth", "RecordedTrade": "trade", "Ticker": "bookTicker"}

Row = tuple[str, str]


def lines(player: Player, survey: Survey, pace: Pace, cut: int, seconds: Decimal) -> Iterator[Row]:
    """Pairs of a title and a figure. `cut`: quantities finer than the lot; `seconds`: how long it took."""
    tally, steps, market = player.tally, player.steps, player.market
    base, quote = market.base_id, market.quote_id
    number = format_decimal
    kinds = ", ".join(f"{tally.messages[kind]} {name}" for kind, name in KINDS.items())
    yield "messages", f"{sum(tally.messages.values())} of {survey.messages}: {kinds}"
    yield "levels cut to the lot", f"{cut} quantities finer than {number(market.lot)} {base}"
    yield "gaps between depths", str(player.recorded.gaps)
    yield "orders", f"{tally.placed} placed, {tally.changed} changed, {tally.cancelled} cancelled"
    yield "refused", ", ".join(f"{code} {count}" for code, count in sorted(tally.refused.items())) or "none"
    yield "levels below the minimum", str(tally.lacking_levels)
    recorded = steps.quantity(tally.recorded_lots), steps.cost(tally.recorded_steps)
    yield "recorded trades", volume(tally.recorded_trades, *recorded, base, quote)
    yield "our trades", volume(tally.trades, tally.volume, tally.cost, base, quote)
    yield (
        "taker orders",
        f"{tally.taker_orders}, {share(tally.exact, tally.taker_orders)} at just the recorded prices",
    )
    yield "best as depth says", _equal(tally.with_depth)
    yield "best as bookTicker says", _equal(tally.with_ticker)
    yield "largest lag", f"{pace.largest_lag_ns // 10**6} ms"
    played = Decimal(survey.last_ns - survey.first_ns) / 10**9
    yield "took", f"{seconds:.1f} s for {played:.1f} s recorded"
    yield "rate", f"{tally.requests / seconds:.0f} requests/s in {tally.batches} batches"


def volume(trades: int, volume: Decimal, cost: Decimal, base: str, quote: str) -> str:
    return f"{trades}, {format_decimal(volume)} {base} for {format_decimal(cost)} {quote}"


def _equal(compared: Compared) -> str:
    bids, asks = (share(equal, compared.looks) for equal in (compared.bids, compared.asks))
    return f"bid equal {bids}, ask equal {asks}"


def share(part: int, whole: int) -> str:
    percent = f" ({Decimal(100 * part) / whole:.2f}%)" if whole else ""
    return f"{part} of {whole}{percent}"
