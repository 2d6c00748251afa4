"""Look after accounts whose margin runs out, as Celery beat does each second and every move of a mark price too."""

from typing import Any

from django.core.management.base import BaseCommand

from trading.services import sweep_liquidations


class Command(BaseCommand):
    help = __doc__

    def handle(self, *args: Any, **options: Any) -> None:
        sweep = sweep_liquidations()
        found = (
            ", ".join(f"{count} {state}" for state, count in sorted(sweep.found.items())) or "nothing to do"
        )
        self.stdout.write(
            f"{sweep.looked_at} accounts looked at: {found}; {sweep.unfinished} to come back to"
        )
