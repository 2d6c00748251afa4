"""100,000 positions, and a move of the mark price that brings 1,000 of them under maintenance."""

from decimal import Decimal
from time import perf_counter

from django.db import connection

from benchmarks.measure import Comparison, Figure
from benchmarks.thin_positions import FELL_TO, STANDS_AT, SYMBOL, hold_positions
from benchmarks.venue import Venue, mark, open_venue
from risk.models import Position
from trading.rules import NewOrder
from trading.services import PlaceRequest, set_leverage, submit, sweep_liquidations

POSITIONS = 100_000
FEW = 10_000
AT_RISK = 1_000  # a round
ROUNDS = 5
SWEEPS = 20


def run() -> list[Comparison]:
    venue = open_venue(people=2 * ROUNDS)
    mark(SYMBOL, STANDS_AT)
    hold_positions("few", FEW, at_risk=0)
    with_few = _sweeps()
    hold_positions("many", POSITIONS - FEW - 2 * AT_RISK * ROUNDS, at_risk=0)
    with_many = _sweeps()
    return [_without_breach(with_few, with_many), _liquidated([_round(n, venue) for n in range(ROUNDS)])]


def _round(number: int, venue: Venue) -> float:
    """Positions closed in a second."""
    hold_positions(f"round-{number}", 0, at_risk=AT_RISK)
    mark(SYMBOL, STANDS_AT)
    _bid(venue.makers[number])  # and this process knows the market by now
    return AT_RISK / _fall(number)


def _without_breach(with_few: tuple[float, ...], with_many: tuple[float, ...]) -> Comparison:
    many = Figure(f"{POSITIONS - 2 * AT_RISK * ROUNDS:,} positions", "sweeps/s", with_many)
    few = Figure(f"{FEW:,} positions", "sweeps/s", with_few)
    notes = (f"Median {1000 / many.median:.1f} ms a sweep.",)
    what = "sweep without a breach, all positions healthy"
    return Comparison(what, "milliseconds, and 1 x that of few positions", many, (few,), notes)


def _liquidated(falls: list[float]) -> Comparison:
    figure = Figure("closed on the book", "positions/s", tuple(falls))
    notes = (
        f"{ROUNDS} rounds of {AT_RISK} positions among {POSITIONS:,}: the mark price is written, one sweep runs "
        f"until the last is closed; 1,000 at the median take {1000 / figure.median:.1f} s.",
        "Each is warned of nothing, for it falls through both levels at once: its order, trade, postings, position, "
        "step and event are written. What bounds it is Python time in this one process; other symbols go on.",
    )
    return Comparison(
        f"a mark move puts 1,000 of {POSITIONS:,} positions under maintenance", "printed", figure, (), notes
    )


def _sweeps() -> tuple[float, ...]:
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE risk_position; ANALYZE accounts_balance")
    rates = []
    for _ in range(SWEEPS):
        begun = perf_counter()
        assert sweep_liquidations().looked_at == 0
        rates.append(1 / (perf_counter() - begun))
    return tuple(rates)


def _bid(account_id: int) -> None:
    """Somebody who takes all of it, at the price to which the mark falls."""
    quantity = Decimal("0.1") * AT_RISK
    set_leverage(account_id, SYMBOL, 2)
    new = NewOrder("buy", "limit", quantity, FELL_TO)
    [outcome] = submit(SYMBOL, [PlaceRequest(account_id, new)])
    assert hasattr(outcome, "order"), outcome


def _fall(number: int) -> float:
    """Seconds from the tick until the last position is closed."""
    begun = perf_counter()
    mark(SYMBOL, FELL_TO)
    sweep = sweep_liquidations()
    seconds = perf_counter() - begun
    assert sweep.looked_at == AT_RISK and not sweep.unfinished, sweep
    left = Position.objects.filter(account__name__startswith=f"round-{number}-thin", size__gt=0).count()
    assert left == 0, f"{left} positions are still open: {dict(sweep.found)}"
    return seconds
