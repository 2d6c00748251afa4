"""Charge the interest of every hour that has begun on every loan, as Celery beat does each minute."""

from typing import Any

from django.core.management.base import BaseCommand

from risk.services import accrue_interest


class Command(BaseCommand):
    help = __doc__

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"{accrue_interest()} loans charged")
