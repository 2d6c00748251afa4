"""Celery tasks: another door to the services. What runs when stands in exchange_site/beat.py."""

from celery import shared_task

from kpi import services


@shared_task(name="kpi.tasks.beat_heart")
def beat_heart() -> bool | None:
    return services.beat_heart()


@shared_task(name="kpi.tasks.roll_up_kpis")
def roll_up_kpis() -> int:
    return services.roll_up_slices()


@shared_task(name="kpi.tasks.forget_old_kpis")
def forget_old_kpis() -> int:
    return services.forget_old_stats()
