"""Who is closed first when a position must be closed and nobody wants it. Pure."""

from risk.position import Position, initial_margin

_SCALE = 10**6


def score(position: Position, mark: int, step: int) -> int:
    """Profit times effective leverage, in millionths; the highest is first in line.

    Profit as a share of the notional at entry. Effective leverage: the notional now over the position's own margin
    and its unrealised profit. Who loses stands behind all who profit, and the higher the leverage the further.
    """
    profit, now = position.unrealised(mark, step), position.value(mark, step)
    own = position.isolated_margin or initial_margin(position.notional, position.leverage)
    equity = max(1, own + profit)
    if profit > 0:
        return profit * now * _SCALE // (position.notional * equity)
    return profit * now * _SCALE // (position.notional * max(1, own))
