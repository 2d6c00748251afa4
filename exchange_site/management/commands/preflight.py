"""manage.py preflight: refuse to start on settings or a server that could lose or expose something."""

import sys
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, run_checks
from django.core.management.base import BaseCommand, CommandError
from django.db import Error as DatabaseError
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

OLDEST_VERSION = 14

_FACTS = """
    SELECT current_setting('server_version_num')::int / 10000 AS version,
           current_setting('fsync') AS fsync,
           current_setting('full_page_writes') AS full_page_writes,
           current_setting('synchronous_commit') AS synchronous_commit,
           current_setting('transaction_read_only') AS read_only,
           current_setting('server_encoding') AS encoding,
           (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) AS superuser,
           (SELECT string_agg(relname, ', ' ORDER BY relname) FROM pg_class
            WHERE relpersistence = 'u' AND relkind = 'r' AND relnamespace = current_schema()::regnamespace) AS unlogged
"""


class Command(BaseCommand):
    help = "Check settings and PostgreSQL before the start. Exits 1 if what is acknowledged could be lost."
    requires_system_checks = []

    def handle(self, *args: Any, **options: Any) -> None:
        found = [*run_checks(tags=["bourse"]), *self._database()]
        for message in found:
            self.stderr.write(_line(message))
        if any(message.is_serious() for message in found):
            sys.exit(1)
        self.stdout.write("Settings and PostgreSQL are fit for an exchange.")

    def _database(self) -> list[CheckMessage]:
        try:
            return [*judge(read_facts(), settings.DEMO), *missing_migrations()]
        except DatabaseError as error:
            raise CommandError(f"PostgreSQL does not answer: {error}") from error


def read_facts() -> dict[str, Any]:
    """What this session, with the settings that all our sessions have, gets from the server."""
    with connection.cursor() as cursor:
        cursor.execute(_FACTS)
        names = [column.name for column in cursor.description]
        return dict(zip(names, cursor.fetchone(), strict=True))


def judge(facts: dict[str, Any], demo: bool) -> list[CheckMessage]:
    """What is wrong with such a server."""
    found: list[CheckMessage] = []
    if facts["version"] < OLDEST_VERSION:
        text = f"PostgreSQL {facts['version']} is too old: {OLDEST_VERSION} or newer is needed."
        found.append(Error(text, id="bourse.E101"))
    if facts["fsync"] != "on":
        text = "PostgreSQL runs with fsync off: a power cut would lose or destroy acknowledged orders."
        found.append(Error(text, id="bourse.E102"))
    if facts["full_page_writes"] != "on":
        text = "PostgreSQL runs with full_page_writes off: a power cut could leave torn pages."
        found.append(Error(text, id="bourse.E103"))
    if facts["synchronous_commit"] == "off":
        text = "Our sessions run with synchronous_commit off: acknowledged orders could be lost in a crash."
        found.append(Error(text, hint="Is there a pooler that drops our settings?", id="bourse.E104"))
    if facts["read_only"] != "off":
        found.append(Error("PostgreSQL takes no writes: is this a replica?", id="bourse.E105"))
    if facts["encoding"] != "UTF8":
        found.append(Error(f"The database is encoded in {facts['encoding']}, not UTF8.", id="bourse.E106"))
    if facts["unlogged"]:
        text = f"These tables are unlogged and would be empty after a crash: {facts['unlogged']}."
        found.append(Error(text, id="bourse.E107"))
    if facts["superuser"] and not demo:
        text = "We are connected as a superuser, who can switch off the triggers that hold the laws."
        found.append(Warning(text, id="bourse.W101"))
    return found


def missing_migrations() -> list[CheckMessage]:
    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if not plan:
        return []
    text = f"{len(plan)} migrations are missing, the first is {plan[0][0]}."
    return [Warning(text, hint="Run `manage.py migrate`.", id="bourse.W102")]


def _line(message: CheckMessage) -> str:
    kind = "refused" if message.is_serious() else "warning"
    return f"{message.id} {kind}: {message.msg}{f' {message.hint}' if message.hint else ''}"
