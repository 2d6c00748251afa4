"""Bring the KPIs up to date, as Celery beat does every five seconds."""

from typing import Any

from django.core.management.base import BaseCommand

from kpi import services


class Command(BaseCommand):
    help = __doc__

    def handle(self, *args: Any, **options: Any) -> None:
        slices, events = services.roll_up_slices(), services.roll_up_trading()
        services.roll_up_liquidations()
        samples = services.take_samples()
        self.stdout.write(
            f"{slices} slices of processes and {events} events of markets added up, {samples} samples"
        )
