"""A database for one benchmark: made on the server in use, migrated, and dropped at the end."""

import contextlib
import os
import secrets
import subprocess
import sys
from collections.abc import Iterator
from urllib.parse import urlsplit

import psycopg
from psycopg import sql


@contextlib.contextmanager
def scratch_database() -> Iterator[str]:
    """Gives its DATABASE_URL. The demo's data, on the same server or not, are not touched."""
    server = os.environ["DATABASE_URL"]
    name = f"bourse_bench_{os.getpid()}_{secrets.token_hex(3)}"
    _on_the_server(server, "CREATE DATABASE {}", name)
    try:
        url = urlsplit(server)._replace(path=f"/{name}").geturl()
        migrate = [sys.executable, "manage.py", "migrate", "--noinput", "--verbosity", "0"]
        subprocess.run(migrate, env=os.environ | {"DATABASE_URL": url}, check=True)
        yield url
    finally:
        _on_the_server(server, "DROP DATABASE IF EXISTS {} WITH (FORCE)", name)


def _on_the_server(url: str, statement: str, name: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(sql.SQL(statement).format(sql.Identifier(name)))
