"""Celery tasks: another door to the services. What runs when stands in exchange_site/beat.py."""

from celery import shared_task

from risk import services


@shared_task(name="risk.tasks.accrue_interest")
def accrue_interest() -> int:
    return services.accrue_interest()
