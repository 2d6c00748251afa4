"""What playing a tape did, in words."""

from collections.abc import Iterator
from decimal import Decimal

from agents.replay.pace import Pace
from agents.replay.report import Row, share, volume
from agents.tape.comparison import Side
from agents.tape.player import TapePlayer
from agents.tape.survey import Survey


def lines(player: TapePlayer, survey: Survey, pace: Pace, accounts: int, seconds: Decimal) -> Iterator[Row]:
    """Pairs of a title and a figure. seconds: how long it took."""
    tally, trades = player.tally, player.tally.trades
    yield "rows", f"{tally.rows} of {survey.rows}"
    yield "accounts", str(accounts)
    yield "orders", f"{tally.placed} placed, {tally.amended} amended, {tally.cancelled} cancelled"
    yield "refused", ", ".join(f"{code} {count}" for code, count in sorted(tally.refused.items())) or "none"
    yield "not live here", f"{tally.not_live} orders that were to be cancelled or amended"
    yield "our trades", _trades(player, trades.ours)
    if survey.fills:
        yield "the tape's trades", _trades(player, trades.tape)
        yield (
            "equal trades",
            f"{share(trades.equal_in_price_and_quantity(), trades.tape.trades)} in price and quantity",
        )
        if trades.names_orders:
            yield "of the same orders", share(trades.equal_in_all(), trades.tape.trades)
    if tally.unseen:
        yield "not counted", f"{tally.unseen} times so much happened at once that trades were not counted"
    if tally.states:
        yield "market states set", str(tally.states)
    yield "largest lag", f"{pace.largest_lag_ns // 10**6} ms"
    yield "took", f"{seconds:.1f} s for {Decimal(survey.last_time - survey.first_time) / 1000:.1f} s recorded"
    yield (
        "rate",
        f"{tally.requests / seconds:.0f} orders/s (placed, amended, cancelled) in {tally.batches} batches",
    )


def _trades(player: TapePlayer, side: Side) -> str:
    return volume(side.trades, side.volume, side.cost, player.market.base_id, player.market.quote_id)
