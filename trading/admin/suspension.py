"""Suspending people and letting them back in, one or several."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest

from accounts.models import User
from accounts.services import resume_user
from common.errors import Refused
from trading.admin.confirmation import ReasonForm, in_words
from trading.services import suspend_user


class SuspendForm(ReasonForm):
    cancel_orders = forms.BooleanField(
        required=False,
        label="Cancel their open orders",
        label_suffix="",
        help_text="Otherwise the orders stay in the book.",
    )


def suspend(request: HttpRequest, users: Sequence[User], reason: str, cancel_orders: bool) -> None:
    """Each on their own: one who cannot be suspended does not keep the others from it. Says what happened."""
    done = [said for user in users if (said := _suspend_one(request, user, reason, cancel_orders))]
    if done:
        messages.success(request, f"Suspended: {', '.join(done)}.")


def _suspend_one(request: HttpRequest, user: User, reason: str, cancel_orders: bool) -> str:
    """What became of it in a few words; empty if the user was not suspended."""
    if user.is_suspended:
        messages.warning(request, f"{user} is suspended already: {user.suspended_reason}")
        return ""
    by: Any = request.user
    try:
        cancelled = suspend_user(user, reason, by, cancel_orders=cancel_orders)
    except Refused as refused:
        user.refresh_from_db()
        if not user.is_suspended:
            messages.error(request, f"{user} was not suspended. {in_words(refused)}")
            return ""
        messages.error(
            request, f"{user} is suspended, but not every open order was cancelled. {in_words(refused)}"
        )
        return str(user)
    return f"{user} ({len(cancelled)} orders cancelled)" if cancel_orders else str(user)


def resume(request: HttpRequest, users: Sequence[User], reason: str) -> None:
    done = []
    by: Any = request.user
    for user in users:
        if user.is_suspended:
            done.append(str(resume_user(user, by, reason)))
        else:
            messages.warning(request, f"{user} is not suspended.")
    if done:
        messages.success(request, f"Resumed: {', '.join(done)}.")
