"""Take away the second factor of somebody who has lost phone and recovery codes, the only administrator say."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.models import User
from accounts.services import remove_second_factor
from common.errors import Refused
from trading.management.operators import add_operator_arguments, operator


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username")
        add_operator_arguments(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        if not options["reason"].strip():
            raise CommandError("Give a --reason: it stays in the history.")
        user = User.objects.filter(username__iexact=options["username"]).first()
        if user is None:
            raise CommandError(f"Nobody is called {options['username']}.")
        by, reason = operator(options)
        try:
            remove_second_factor(user, reason, by)
        except Refused as refused:
            raise CommandError(refused.message) from refused
        self.stdout.write(f"{user} signs in with the password alone now")
