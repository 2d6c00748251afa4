"""How long answers took, in buckets that grow by a constant factor: so each quantile is known to within one per cent.

Bucket n holds what took longer than GROWTH^(n-1) and at most GROWTH^n microseconds; bucket 0 all that is shorter.
Any two sets of buckets add up, whichever processes and minutes they are from (the idea of DDSketch, VLDB 2019).
"""

from collections.abc import Sequence
from math import ceil, log

RELATIVE_ERROR = 0.01
GROWTH = (1 + RELATIVE_ERROR) / (1 - RELATIVE_ERROR)
LAST_BUCKET = 1_200  # some seven hours: no request takes longer

_PER_BUCKET = 1 / log(GROWTH)


def bucket_of(microseconds: int) -> int:
    if microseconds <= 1:
        return 0
    return min(ceil(log(microseconds) * _PER_BUCKET), LAST_BUCKET)


def quantile(counts: Sequence[tuple[int, int]], share: float) -> float | None:
    """Microseconds that `share` of all took at most, within RELATIVE_ERROR; None if there are none.

    counts: (bucket, how many), by bucket. share: over 0, at most 1.
    """
    rank = ceil(share * sum(count for _, count in counts))
    for bucket, count in counts:
        rank -= count
        if rank <= 0:
            return 2 * GROWTH**bucket / (GROWTH + 1)
    return None
