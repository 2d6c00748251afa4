"""Celery tasks: another door to the services. What runs when stands in exchange_site/beat.py."""

from celery import shared_task

from kpi import services


@shared_task(name="kpi.tasks.beat_heart")
def beat_heart() -> bool | None:
    return services.beat_heart()


@shared_task(name="kpi.tasks.roll_up_requests")
def roll_up_requests() -> int:
    """How many slices of what processes have counted there were."""
    return services.roll_up_slices()


@shared_task(name="kpi.tasks.roll_up_trading")
def roll_up_trading() -> int:
    """How many events of the markets there were."""
    services.roll_up_liquidations()
    return services.roll_up_trading()


@shared_task(name="kpi.tasks.take_samples")
def take_samples() -> int:
    return services.take_samples()


@shared_task(name="kpi.tasks.forget_old_kpis")
def forget_old_kpis() -> int:
    return services.forget_old_stats()
