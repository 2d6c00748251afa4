"""Suspending users, and letting them back in."""

from collections.abc import Sequence

from django.contrib.admin.models import CHANGE, LogEntry
from django.db import transaction

from accounts.models import User
from accounts.services.tokens import end_all_tokens
from common import clock
from common.errors import ErrorCode, Refused
from common.pipelined import Answer, Pipeline

MAX_REASON_CHARACTERS = 200


_FIND_SUSPENDED = """
    SELECT a.id FROM accounts_account a LEFT JOIN accounts_account main ON main.id = a.owner_id
    JOIN accounts_user u ON u.id = coalesce(a.user_id, main.user_id)
    WHERE a.id = ANY(%s::bigint[]) AND u.suspended_at IS NOT NULL"""


def find_suspended(pipeline: Pipeline, account_ids: Sequence[int]) -> Answer:
    """Rows (account id) of those whose user is suspended now; a margin account is its user's too."""
    return pipeline.add(_FIND_SUSPENDED, list(account_ids))


def suspend_user(user: User, reason: str, by: User) -> User:
    """From now on none of the user's tokens, keys and sessions opens a door; the next request shows it.

    The user's history in the admin tells who did it, when and why. Open orders and sockets are the caller's
    to end. Raises Refused VALIDATION_ERROR without a reason, PERMISSION_DENIED for oneself.
    """
    reason = reason.strip()
    if not reason or len(reason) > MAX_REASON_CHARACTERS:
        message = f"Give a reason of at most {MAX_REASON_CHARACTERS} characters."
        raise Refused(ErrorCode.VALIDATION_ERROR, reason=[message])
    if user.pk == by.pk:
        raise Refused(ErrorCode.PERMISSION_DENIED, "Nobody can suspend themselves.")
    with transaction.atomic():
        User.objects.select_for_update(no_key=True).get(pk=user.pk)
        user.suspended_at, user.suspended_reason = clock.now(), reason
        user.save(update_fields=["suspended_at", "suspended_reason"])
        end_all_tokens(user)
        _note(user, by, f"Suspended: {reason}")
    return user


def resume_user(user: User, by: User, reason: str = "") -> User:
    """Lifts a suspension: the user can sign in again. The history tells who, when and, if given, why."""
    with transaction.atomic():
        User.objects.select_for_update(no_key=True).get(pk=user.pk)
        user.suspended_at, user.suspended_reason = None, ""
        user.save(update_fields=["suspended_at", "suspended_reason"])
        _note(user, by, f"Suspension lifted: {reason}" if reason else "Suspension lifted")
    return user


def _note(user: User, by: User, message: str) -> None:
    LogEntry.objects.log_actions(by.pk, User.objects.filter(pk=user.pk), CHANGE, message, single_object=True)
