"""Who may not add orders, as it is read under the symbol's lock.

An order on its way while its owner is suspended, or its token ended, must not slip in behind the cancels.
"""

from collections.abc import Sequence
from functools import cached_property

from accounts.services import Bearer, find_standing, find_suspended, standing
from common.errors import ErrorCode, Refused
from common.pipelined import Answer, Pipeline
from trading.matching_service.requests import AmendRequest, LinkedRequest, PlaceRequest, Request


class Barred:
    """Asks in the pipeline; `refusal` once it has run."""

    def __init__(self, pipeline: Pipeline, requests: Sequence[Request]) -> None:
        self._suspended = find_suspended(pipeline, sorted({request.account_id for request in requests}))
        bearers = {each.bearer for each in requests if isinstance(each, PlaceRequest) and each.bearer}
        self._bearers = find_standing(pipeline, bearers) if bearers else Answer()

    @cached_property
    def _suspended_ids(self) -> set[int]:
        return {row[0] for row in self._suspended.rows}

    @cached_property
    def _standing(self) -> set[Bearer]:
        return standing(self._bearers.rows)

    def refusal(self, request: Request) -> Refused | None:
        if isinstance(request, PlaceRequest) and request.bearer and request.bearer not in self._standing:
            return Refused(ErrorCode.INVALID_TOKEN)
        adds = isinstance(request, PlaceRequest | LinkedRequest | AmendRequest)
        if isinstance(request, PlaceRequest) and request.by_exchange:
            return None
        return (
            Refused(ErrorCode.ACCOUNT_SUSPENDED)
            if adds and request.account_id in self._suspended_ids
            else None
        )
