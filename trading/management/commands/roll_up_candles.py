"""Put new trades into the stored candles, as Celery beat does each second."""

from typing import Any

from django.core.management.base import BaseCommand

from trading.services.roll_up_candles import roll_up_candles


class Command(BaseCommand):
    help = __doc__

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"{roll_up_candles()} trades put into candles")
