"""Sessions: one for each log-in, so that each can be seen and ended."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import NamedTuple

from django.db.models import Q
from rest_framework_simplejwt.utils import get_md5_hash_password

from accounts.models import APIKey, Session, User
from common import clock
from common.api.address import UNKNOWN
from common.errors import ErrorCode, Refused

USED_EVERY = timedelta(minutes=1)
KEPT = timedelta(days=1)
MOST_SESSIONS = 100  # of a person, and of each API key
USER_AGENT_CHARACTERS = 200


class Visitor(NamedTuple):
    """Who knocks: the address, and what the program says it is."""

    address: str = UNKNOWN
    user_agent: str = ""


def open_session(
    user: User,
    kind: Session.Kind,
    visitor: Visitor,
    expires_at: datetime,
    api_key: APIKey | None = None,
) -> Session:
    """A new one; beyond MOST_SESSIONS of the same person or API key, those end that were unused for longest."""
    now = clock.now()
    _make_room(user, api_key, now)
    agent = "".join(letter for letter in visitor.user_agent if letter.isprintable())
    return Session.objects.create(
        user=user,
        api_key=api_key,
        kind=kind,
        address=visitor.address,
        user_agent=agent[:USER_AGENT_CHARACTERS],
        password_mark=get_md5_hash_password(user.password),
        created_at=now,
        last_used_at=now,
        expires_at=expires_at,
    )


def _make_room(user: User, api_key: APIKey | None, now: datetime) -> None:
    live = Session.objects.filter(user=user, api_key=api_key, revoked_at=None, expires_at__gt=now)
    longest_unused_last = live.order_by("-last_used_at", "-pk").values_list("pk", flat=True)
    _end(Q(pk__in=list(longest_unused_last[MOST_SESSIONS - 1 :])))


def is_stale(last_used_at: datetime, now: datetime) -> bool:
    """Whether its use is to be noted again."""
    return last_used_at <= now - USED_EVERY


def note_use(session: Session) -> None:
    """At most once a minute, even for many requests at the same moment: reads must not become writes."""
    now = clock.now()
    if is_stale(session.last_used_at, now):
        stale = Q(last_used_at__lte=now - USED_EVERY)
        Session.objects.filter(stale, pk=session.pk).update(last_used_at=now)


def prolong_session(session: Session, expires_at: datetime) -> None:
    """Its tokens were refreshed."""
    Session.objects.filter(pk=session.pk).update(expires_at=expires_at, last_used_at=clock.now())


def browser_session(user: User, session_id: int) -> Session | None:
    """The browser's session if it was not revoked, with its use noted."""
    found = Session.objects.filter(pk=session_id, user=user, revoked_at=None).first()
    if found is not None:
        note_use(found)
    return found


def end_session(user: User, session_id: int) -> None:
    """Signs out somewhere, from the next request on. Raises Refused NOT_FOUND if it is not the user's, or over."""
    if not _end(Q(pk=session_id, user=user)):
        raise Refused(ErrorCode.NOT_FOUND, "You have no such session.")


def end_sessions(user: User, but: int | None = None) -> int:
    """Signs out everywhere, but in the session whose id is given; how many sessions ended."""
    return _end(Q(user=user) & ~Q(pk=but or 0))


def end_sessions_of_keys(key_ids: Iterable[int]) -> None:
    """They were revoked."""
    _end(Q(api_key__in=key_ids))


def close_session(session_id: int) -> None:
    """Its tokens or its cookie were given up."""
    _end(Q(pk=session_id))


def forget_sessions() -> int:
    """Deletes what has ended a day ago; how many."""
    before = clock.now() - KEPT
    deleted, _ = Session.objects.filter(Q(revoked_at__lt=before) | Q(expires_at__lt=before)).delete()
    return deleted


def _end(which: Q) -> int:
    return Session.objects.filter(which, revoked_at=None).update(revoked_at=clock.now())
