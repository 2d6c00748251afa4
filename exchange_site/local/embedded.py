"""The embedded servers of one data folder: PostgreSQL first up and last down, Redis in between."""

import contextlib
import os
from collections.abc import Iterator

from exchange_site.local import console, postgres, redis_server
from exchange_site.local.console import Terminal
from exchange_site.local.data_folder import DataFolder


def missing_servers() -> list[str]:
    """The variables of the servers that nobody has named, which we have to start ourselves."""
    return [name for name in ("DATABASE_URL", "REDIS_URL") if not os.environ.get(name)]


@contextlib.contextmanager
def servers(folder: DataFolder, output: Terminal = console.stdout) -> Iterator[dict[str, str]]:
    """Start what the environment does not name; yields where they are, stops them in order at the end.

    Hold the folder (`DataFolder.held`) around it.
    """
    with contextlib.ExitStack() as stack:
        addresses = {}
        if "DATABASE_URL" in missing_servers():
            addresses["DATABASE_URL"] = stack.enter_context(postgres.running(folder, output))
        if "REDIS_URL" in missing_servers():
            addresses["REDIS_URL"] = stack.enter_context(redis_server.running(folder, output))
        yield addresses
