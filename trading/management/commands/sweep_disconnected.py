"""Cancel the orders behind connections whose process died, as Celery beat does each second."""

from typing import Any

from django.core.management.base import BaseCommand

from trading.services import sweep_disconnected


class Command(BaseCommand):
    help = __doc__

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"{sweep_disconnected()} orders cancelled")
