"""What Celery beat runs of this app (exchange_site/celery.py)."""

from celery import shared_task

from market.services import tick_prices as _tick_prices


@shared_task
def tick_prices() -> int:
    """Bring the prices up to date; how many were written."""
    return len(_tick_prices().written)
