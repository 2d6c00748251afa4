"""Celery tasks: another door to the services. What runs when stands in exchange_site/beat.py."""

from celery import shared_task

from trading import services


@shared_task(name="trading.tasks.refresh_prices")
def refresh_prices() -> int:
    """How many prices from outside were written."""
    return len(services.refresh_prices().written)


@shared_task(name="trading.tasks.roll_up_candles")
def roll_up_candles() -> int:
    return services.roll_up_candles()


@shared_task(name="trading.tasks.sweep_cancel_after")
def sweep_cancel_after() -> int:
    return services.sweep_cancel_after()


@shared_task(name="trading.tasks.sweep_disconnected")
def sweep_disconnected() -> int:
    return services.sweep_disconnected()


@shared_task(name="trading.tasks.sweep_markets")
def sweep_markets() -> int:
    return services.sweep_markets()


@shared_task(name="trading.tasks.sweep_margin_accounts")
def sweep_margin_accounts() -> int:
    return services.sweep_margin_accounts()


@shared_task(name="trading.tasks.sweep_liquidations")
def sweep_liquidations() -> int:
    """How many accounts were looked at."""
    return services.sweep_liquidations().looked_at


@shared_task(name="trading.tasks.settle_funding")
def settle_funding() -> int:
    """How many accounts paid funding, or were paid."""
    return services.settle_funding().accounts
