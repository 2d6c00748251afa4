"""Bring the prices from outside and the marks of perpetuals up to date once, as Celery beat does each second."""

from typing import Any

from django.core.management.base import BaseCommand

from common.money import format_decimal
from trading.services import refresh_prices


class Command(BaseCommand):
    help = __doc__

    def handle(self, *args: Any, **options: Any) -> None:
        tick = refresh_prices()
        if tick.failure:
            self.stdout.write(f"no prices from outside: {tick.failure}")
        if tick.busy:
            self.stdout.write("another tick is at work: nothing to do")
        for price in tick.written:
            self.stdout.write(f"{price.market.symbol} {format_decimal(price.index)} {price.source}")
