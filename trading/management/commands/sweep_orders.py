"""Carry out what is due in every market, as Celery beat does each second: expiries, triggers, auctions."""

from typing import Any

from django.core.management.base import BaseCommand

from trading.services import sweep_markets


class Command(BaseCommand):
    help = __doc__

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"{sweep_markets()} markets swept")
