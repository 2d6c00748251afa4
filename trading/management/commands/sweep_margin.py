"""Take every step that is due on margin accounts in danger, as Celery beat does each second."""

from typing import Any

from django.core.management.base import BaseCommand

from trading.services import sweep_margin_accounts


class Command(BaseCommand):
    help = __doc__

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"{sweep_margin_accounts()} steps taken")
