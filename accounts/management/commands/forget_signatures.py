"""Forget the signed requests that are too old to be sent again, as Celery beat does each minute."""

from typing import Any

from django.core.management.base import BaseCommand

from accounts.services import forget_spent_signatures


class Command(BaseCommand):
    help = __doc__

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"{forget_spent_signatures()} signatures forgotten")
