"""From requests to commands of the core."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from common.errors import ErrorCode
from trading import market_states, rules
from trading.matching import commands
from trading.matching.refusal import Refusal, of_order
from trading.matching.terms import Link
from trading.matching_service import risk_asking, state_reasons
from trading.matching_service.requests import (
    AmendRequest,
    CancelAllRequest,
    CancelRequest,
    LinkedRequest,
    PlaceRequest,
    Request,
    StatusRequest,
    SweepRequest,
)

if TYPE_CHECKING:
    from trading.matching_service.batch import Batch


def new_orders(request: Request) -> Sequence[rules.NewOrder]:
    if isinstance(request, PlaceRequest):
        return (request.new,)
    return request.orders if isinstance(request, LinkedRequest) else ()


def client_order_keys(requests: Iterable[Request]) -> list[tuple[int, str]]:
    """(account, client order id) of every new order, in order; one of ours where the client gave none."""
    return [
        (request.account_id, new.client_order_id or request.made_ids[place])
        for request in requests
        if isinstance(request, PlaceRequest | LinkedRequest)
        for place, new in enumerate(new_orders(request))
    ]


def given_keys(requests: Iterable[Request]) -> list[tuple[int, str]]:
    """Those that clients gave: on a first attempt nobody can have used the others before."""
    return [
        (request.account_id, new.client_order_id)
        for request in requests
        for new in new_orders(request)
        if new.client_order_id
    ]


def wants_price(requests: Iterable[Request], source: str) -> bool:
    """Whether an order of these waits for a price of the source."""
    return any(new.trigger_source == source for request in requests for new in new_orders(request))


def placing(
    request: PlaceRequest | LinkedRequest, order_ids: Sequence[int], batch: "Batch"
) -> commands.Place | commands.PlaceLinked | Refusal:
    """What a request for new orders asks of the core, or why the market does not take it."""
    if isinstance(request, PlaceRequest):
        return _place(request.new, order_ids[0], request.account_id, batch)
    orders: list[commands.Place] = []
    for new, role, order_id in zip(request.orders, request.roles, order_ids, strict=True):
        link = Link(order_ids[0], role)
        order = _place(new, order_id, request.account_id, batch, link, len(orders))
        if isinstance(order, Refusal):
            return of_order(len(orders), order)
        orders.append(order)
    return commands.PlaceLinked(tuple(orders))


def _place(
    new: rules.NewOrder, order_id: int, account_id: int, batch: "Batch", link: Link | None = None, beside: int = 0
) -> commands.Place | Refusal:  # fmt: skip
    return rules.to_place(
        batch.market.rules, new, order_id, account_id, batch.book, batch.now_ms, link, beside
    )


def places_of(command: commands.Command) -> Sequence[commands.Place]:
    if isinstance(command, commands.Place):
        return (command,)
    assert isinstance(command, commands.PlaceLinked)
    return command.orders


def command_of(request: Request, batch: "Batch") -> commands.Command | Refusal:
    """The command of a request that places nothing."""
    if isinstance(request, CancelRequest):
        return commands.Cancel(request.order_id, request.account_id, request.reason)
    if isinstance(request, CancelAllRequest):
        return commands.CancelAll(request.account_id, request.reason)
    if isinstance(request, AmendRequest):
        return rules.to_amend(
            batch.market.rules, request.order_id, request.account_id, request.price, request.quantity, batch.book,
            request.trigger_price,
        )  # fmt: skip
    return _of_market(request, batch)


def _of_market(request: Request, batch: "Batch") -> commands.Command | Refusal:
    """What is asked of the market itself, or of what an account risks in it."""
    if isinstance(request, StatusRequest):
        if not state_reasons.allows(batch, request):
            return Refusal(ErrorCode.CONFLICT, "The market is in another state meanwhile.")
        return market_states.change(
            batch.book.status, batch.book.auction_ends_at, request.status, request.auction_seconds,
            request.reason, batch.now_ms,
        )  # fmt: skip
    if isinstance(request, SweepRequest):
        return commands.Advance(batch.now_ms)
    assert risk_asking.is_about_risk(request)
    return risk_asking.recording(request, batch)
