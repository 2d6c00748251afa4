"""Celery tasks: another door to the services. What runs when stands in exchange_site/beat.py."""

from celery import shared_task
from django.core.management import call_command

from accounts import services


@shared_task(name="accounts.tasks.flush_expired_tokens")
def flush_expired_tokens() -> None:
    """Forget tokens that have expired by themselves (`manage.py flushexpiredtokens`)."""
    call_command("flushexpiredtokens")


@shared_task(name="accounts.tasks.forget_signatures")
def forget_signatures() -> int:
    """Forget signed requests that are too old to be sent again (`manage.py forget_signatures`)."""
    return services.forget_spent_signatures()


@shared_task(name="accounts.tasks.watch_ledger")
def watch_ledger() -> int:
    """How many ledger transactions do not sum to zero (`manage.py watch_ledger`)."""
    return len(services.watch_ledger().found)


@shared_task(name="accounts.tasks.forget_sessions")
def forget_sessions() -> None:
    """Forget sessions that have ended (`manage.py forget_sessions`)."""
    call_command("forget_sessions")
