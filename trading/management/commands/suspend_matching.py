"""Stop matching in every market at once. Orders stay and can be cancelled; `resume_matching` goes on from here."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from trading.management.operators import add_operator_arguments, operator
from trading.services import suspend_matching


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        add_operator_arguments(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        done, left, failed = suspend_matching(*operator(options))
        self.stdout.write(f"Suspended: {', '.join(done)}" if done else "Nothing to suspend")
        if left:
            self.stdout.write(f"Halted before: {', '.join(left)}")
        if failed:
            raise CommandError(f"Not suspended, give the command again: {', '.join(failed)}")
