"""What commands that stop and start trading ask of whoever gives them: a name and a reason, for the history."""

import getpass
from typing import Any

from django.core.management.base import CommandError, CommandParser

from accounts.models import User
from accounts.services import console_user

MOST_CHARACTERS = 200


def add_operator_arguments(parser: CommandParser) -> None:
    parser.add_argument("--by", metavar="USER", help="a member of staff; without, the history says (console)")
    parser.add_argument("--reason", default="", help="kept in the history, at most 200 characters")


def operator(options: dict[str, Any]) -> tuple[User, str]:
    """Who it is, and why. In an emergency neither has to be given. Raises CommandError."""
    reason: str = options["reason"].strip()
    if len(reason) > MOST_CHARACTERS:
        raise CommandError(f"Give a reason of at most {MOST_CHARACTERS} characters.")
    if not options["by"]:
        return console_user(), f"{reason} (at the console, as {_login()})".strip()
    user = User.objects.filter(username=options["by"], is_staff=True, is_active=True).first()
    if user is None or user.is_suspended:
        raise CommandError(f"No member of staff is called {options['by']}.")
    return user, reason


def _login() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user may have no name
        return "a user without a name"
