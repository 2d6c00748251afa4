"""What playing a tape did, counted as it goes."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from agents.tape.comparison import Comparison
from common.errors import ErrorCode, Refused
from trading.matching.terms import Reason
from trading.matching_service.requests import LinkedRequest, Outcome, Request
from trading.services import AmendRequest, CancelRequest, PlaceRequest


@dataclass(slots=True)
class Tally:
    """not_live: cancels and amends of orders that were not live here, or never on the tape.

    unseen: how often so much happened at once that the trades in between were not counted.
    """

    rows: int = 0
    batches: int = 0
    placed: int = 0
    amended: int = 0
    cancelled: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    not_live: int = 0
    states: int = 0
    unseen: int = 0
    trades: Comparison = field(default_factory=Comparison)

    @property
    def requests(self) -> int:
        return self.placed + self.amended + self.cancelled + sum(self.refused.values())

    def sent(self, requests: Sequence[Request], outcomes: Sequence[Outcome]) -> None:
        self.batches += 1
        for request, outcome in zip(requests, outcomes, strict=True):
            number = len(request.orders) if isinstance(request, LinkedRequest) else 1
            if isinstance(outcome, Refused) and outcome.code is ErrorCode.ORDER_NOT_OPEN:
                # It ended earlier in the same batch; of one whose time was up that is no news.
                expires = isinstance(request, CancelRequest) and request.reason is Reason.CANCEL_AFTER
                self.not_live += not expires
            elif isinstance(outcome, Refused):
                self.refused[outcome.code.name] += number
            elif isinstance(request, PlaceRequest | LinkedRequest):
                self.placed += number
            elif isinstance(request, AmendRequest):
                self.amended += 1
            elif isinstance(request, CancelRequest):
                self.cancelled += 1
