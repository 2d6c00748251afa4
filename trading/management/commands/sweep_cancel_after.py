from typing import Any

from django.core.management.base import BaseCommand

from trading.services import sweep_cancel_after


class Command(BaseCommand):
    help = "Cancel the orders of clients whose dead man's switch is due."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"{sweep_cancel_after()} orders cancelled")
