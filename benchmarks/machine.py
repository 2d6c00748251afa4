"""What the figures were measured on: asked of the system and of the database in the run itself."""

import os
import platform
from datetime import UTC, datetime
from pathlib import Path

from django.db import connection

SERVER_SETTINGS = ("server_version", "fsync", "synchronous_commit", "full_page_writes", "shared_buffers")


def machine() -> dict[str, str]:
    """Names and values, as they stand in the results."""
    facts = {
        "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "cores": str(os.cpu_count()),
        "processor": _processor(),
        "memory": f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.0f} GiB",
        "busy before the run": f"{os.getloadavg()[0]:.1f} processes (load average of a minute)",
        "Python": platform.python_version(),
    }
    with connection.cursor() as cursor:
        for name in SERVER_SETTINGS:
            cursor.execute(f"SHOW {name}")
            facts["PostgreSQL" if name == "server_version" else name] = cursor.fetchone()[0]
    return facts


def _processor() -> str:
    """The model as Linux tells it, or what Python knows."""
    known = Path("/proc/cpuinfo")
    lines = known.read_text().splitlines() if known.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()
