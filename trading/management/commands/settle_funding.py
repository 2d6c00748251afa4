"""Pay the funding that is due, as Celery beat does each 30 seconds."""

from typing import Any

from django.core.management.base import BaseCommand

from trading.services import settle_funding


class Command(BaseCommand):
    help = __doc__

    def handle(self, *args: Any, **options: Any) -> None:
        settled = settle_funding()
        self.stdout.write(
            f"{settled.contracts} contracts had funding due, {settled.accounts} accounts settled"
        )
