"""Look at what the ledger has grown by, as Celery beat does every few seconds; exits 1 if something does not add up."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts.services import watch_ledger
from common.money import format_decimal


class Command(BaseCommand):
    help = __doc__

    def handle(self, *args: Any, **options: Any) -> None:
        watch = watch_ledger()
        for where, amounts in (("postings", watch.postings), ("balances", watch.balances)):
            for asset, amount in sorted(amounts.items()):
                self.stdout.write(f"{where} of {asset} are {format_decimal(amount)} off zero")
        if watch.found:
            self.stdout.write(f"ledger transactions: {', '.join(map(str, watch.found[:20]))}")
        if watch.postings or watch.balances:
            raise CommandError("The ledger does not add up. `manage.py audit` tells more.")
        self.stdout.write(f"The ledger adds up; {watch.unchecked} transactions are still to be looked at.")
