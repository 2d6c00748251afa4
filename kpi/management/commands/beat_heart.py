"""Ask whether the exchange answers and keep the answer, as Celery beat does every two seconds."""

from typing import Any

from django.core.management.base import BaseCommand

from kpi import services


class Command(BaseCommand):
    help = __doc__

    def handle(self, *args: Any, **options: Any) -> None:
        said = {True: "the exchange answers", False: "the exchange does not answer", None: "asked already"}
        self.stdout.write(said[services.beat_heart()])
