"""Several test workers at once: each has a Redis database of its own, as pytest-django gives it a database.

Loaded as a plugin, before the settings are read.
"""

import os
import re

DATABASES = 16  # of a Redis server as it comes

worker = os.environ.get("PYTEST_XDIST_WORKER", "")
url = os.environ.get("REDIS_URL", "")
if worker and url:
    address, number = re.fullmatch(r"(.*?)(?:/(\d+))?", url).groups()
    own = (int(number or 0) + 1 + int(worker.removeprefix("gw"))) % DATABASES
    os.environ["REDIS_URL"] = f"{address}/{own}"
