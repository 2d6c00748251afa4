"""Start matching again where `suspend_matching` stopped it; what was halted before stays halted."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from trading.management.operators import add_operator_arguments, operator
from trading.services import resume_matching


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        add_operator_arguments(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        done, left, failed = resume_matching(*operator(options))
        self.stdout.write(f"Resumed: {', '.join(done)}" if done else "Nothing to resume")
        if left:
            self.stdout.write(f"Left as they are: {', '.join(left)}")
        if failed:
            raise CommandError(f"Not resumed, give the command again: {', '.join(failed)}")
