"""A database made for one run on the server in use, and dropped at its end."""

import contextlib
import os
import secrets
from collections.abc import Iterator

from channels import DEFAULT_CHANNEL_LAYER
from channels.layers import InMemoryChannelLayer, channel_layers
from django.core.management import call_command
from django.db import connection

MOST_LETTERS = 63  # of a name in PostgreSQL


@contextlib.contextmanager
def scratch_database() -> Iterator[str]:
    """Within, Django's connection is one to a new, migrated and empty database; its name is what is given.

    Nobody else hears of what happens there: the wake-ups of the streams stay in this process. However it
    ends, the database is dropped and the connection is as before. Needs the right to create databases.
    """
    live = connection.settings_dict["NAME"]
    ending = f"_simulation_{os.getpid()}_{secrets.token_hex(3)}"
    name = live[: MOST_LETTERS - len(ending)] + ending
    _on_the_server("CREATE DATABASE {}", name)
    try:
        with _connected_to(name), _streams_to_nobody():
            with connection.cursor() as cursor:
                cursor.execute("SET synchronous_commit = off")  # nothing in here is to outlive a crash
            call_command("migrate", interactive=False, verbosity=0)
            yield name
    finally:
        _on_the_server("DROP DATABASE IF EXISTS {} WITH (FORCE)", name)


@contextlib.contextmanager
def _connected_to(name: str) -> Iterator[None]:
    before = connection.settings_dict["NAME"]
    connection.close()
    connection.settings_dict["NAME"] = name
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict["NAME"] = before


@contextlib.contextmanager
def _streams_to_nobody() -> Iterator[None]:
    before = channel_layers.set(DEFAULT_CHANNEL_LAYER, InMemoryChannelLayer())
    try:
        yield
    finally:
        channel_layers.backends.pop(DEFAULT_CHANNEL_LAYER)
        if before is not None:
            channel_layers.set(DEFAULT_CHANNEL_LAYER, before)


def _on_the_server(statement: str, name: str) -> None:
    with connection._nodb_cursor() as cursor:
        cursor.execute(statement.format(connection.ops.quote_name(name)))
