"""Delete the minutes and hours of KPIs that no window reaches any more, as Celery beat does every hour."""

from typing import Any

from django.core.management.base import BaseCommand

from kpi import services


class Command(BaseCommand):
    help = __doc__

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"{services.forget_old_stats()} rows deleted")
