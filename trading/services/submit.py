"""The one door to the matching service for all that is in the log: orders, cancels and amends."""

from collections.abc import Sequence
from dataclasses import replace
from time import perf_counter

import uuid_utils

from common.errors import Refused
from market.selectors import market_by_symbol
from trading.matching_service.counting import count_answered
from trading.matching_service.pipeline import run_batch
from trading.matching_service.queue import GroupCommit
from trading.matching_service.requests import LinkedRequest, Outcome, PlaceRequest, Request

_group_commit = GroupCommit(run_batch)
_known_symbols: set[str] = set()


def submit(symbol: str, requests: Sequence[Request]) -> list[Outcome]:
    """Carry out requests for one symbol, all in one transaction, in order; one outcome each, once committed.

    A refused request is an outcome and not an exception, and changes nothing. Raises Refused UNKNOWN_SYMBOL
    or UNAVAILABLE if nothing could be done at all.
    """
    if not requests:
        return []
    if symbol not in _known_symbols:
        _known_symbols.add(market_by_symbol(symbol).symbol)
    begun = perf_counter()
    try:
        outcomes = _group_commit.submit(symbol, [_named(request) for request in requests])
    except Refused as refused:
        count_answered(symbol, requests, [refused] * len(requests), perf_counter() - begun)
        raise
    count_answered(symbol, requests, outcomes, perf_counter() - begun)
    return outcomes


def _named(request: Request) -> Request:
    """Ids are given before the first attempt: an order whose commit was never answered is then found, not doubled."""
    if isinstance(request, PlaceRequest):
        if request.new.client_order_id:
            return request
        made_ids = (str(uuid_utils.uuid7()),)
        return PlaceRequest(request.account_id, request.new, made_ids, request.bearer, request.by_exchange)
    if isinstance(request, LinkedRequest):
        return replace(request, made_ids=tuple(str(uuid_utils.uuid7()) for _ in request.orders))
    return request
