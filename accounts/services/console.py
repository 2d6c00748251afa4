"""Whom the history names for what an operator did by a command and without giving a name."""

from accounts.models import User

# Nobody can register this name: brackets are not allowed in one.
CONSOLE = "(console)"


def console_user() -> User:
    """A user nobody can sign in as; made the first time it is needed."""
    user, made = User.objects.get_or_create(
        username=CONSOLE,
        defaults={"email": "console@console.invalid", "is_active": False, "password": "!"},
    )
    if made:
        user.set_unusable_password()
        user.save(update_fields=["password"])
    return user
