"""Stopping and starting matching in all markets at once, from the list of markets."""

from collections.abc import Callable
from typing import Any, NamedTuple

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from accounts.models import User
from trading.admin.confirmation import Question, ReasonForm, ask, filled_in
from trading.services import AllMarkets, resume_matching, suspend_matching


class Change(NamedTuple):
    """done: how a message calls the markets that were changed."""

    button: str
    text: str
    done: str
    carry_out: Callable[[User, str], AllMarkets]
    is_grave: bool


CHANGES = {
    "suspend": Change(
        "Suspend matching",
        "Every market that is not halted is halted now. Open orders stay in the books and can be cancelled. Resuming "
        "brings each market back to where it was; what is halted already stays halted then.",
        "Suspended",
        suspend_matching,
        True,
    ),
    "resume": Change(
        "Resume matching",
        "The markets that were suspended together go back to where they were, open ones through a call auction. "
        "What was halted before, or changed since, is left.",
        "Resumed",
        resume_matching,
        False,
    ),
}


def buttons() -> list[tuple[str, str]]:
    """(text, address) of each."""
    return [
        (change.button, reverse("admin:market_market_all", args=[verb])) for verb, change in CHANGES.items()
    ]


def all_markets_page(page: admin.ModelAdmin, request: HttpRequest, verb: str) -> HttpResponse:
    if not page.has_change_permission(request):
        raise PermissionDenied
    if verb not in CHANGES:
        raise Http404
    change, back = CHANGES[verb], reverse("admin:market_market_changelist")
    form = ReasonForm(filled_in(request))
    if request.method == "POST" and form.is_valid():
        by: Any = request.user
        _tell(request, change, change.carry_out(by, form.cleaned_data["reason"]))
        return redirect(back)
    question = Question(
        f"{change.button} in all markets", change.text, [], change.button, back, change.is_grave
    )
    return ask(page, request, form, question)


def _tell(request: HttpRequest, change: Change, outcome: AllMarkets) -> None:
    if outcome.done:
        messages.success(request, f"{change.done}: {', '.join(outcome.done)}.")
    if outcome.left:
        messages.info(request, f"Left as they are: {', '.join(outcome.left)}.")
    if outcome.failed:
        messages.error(request, f"Could not be reached, try again: {', '.join(outcome.failed)}.")
