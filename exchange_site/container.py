"""What a container of ours does: `python -m exchange_site.container ROLE`, or `check ROLE` to ask how it is.

| role | what |
| --- | --- |
| web, sockets, worker, beat | that program, in place of this process |
| migrate | what has to be done once before each start: look at settings and database, tables, first markets |
| await-migrations | wait until that was done |
| manage ... | any command of manage.py |

HOST and PORT say where web and sockets listen (all addresses; 8000 and 8001), METRICS_PORT where worker and beat
show their metrics (9100), WEB_WORKERS and WORKER_CONCURRENCY how many processes they have (2 each), and
BOURSE_DATA_DIR where the container may write: nothing that it has to keep.
"""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

from kombu.exceptions import OperationalError

from exchange_site import programs
from exchange_site.celery import app

PORTS = {"web": "8000", "sockets": "8001"}
METRICS_PORT = "9100"
PREPARATION = (["preflight"], ["migrate", "--noinput"], ["seed"])
CHECK_SECONDS = 5
# Beat writes its schedule down each three minutes, unless it hangs.
SCHEDULE_SECONDS = 600


def main(arguments: list[str]) -> int:
    match arguments:
        case ["check", role] if role in CHECKS:
            return 0 if CHECKS[role]() else 1
        case ["migrate"]:
            return _prepare()
        case ["await-migrations"]:
            return _await_migrations()
        case ["manage", *rest]:
            _become(programs.manage(*rest))
        case [role] if role in CHECKS:
            os.environ.update(environment(role))
            _fresh_folder(Path(os.environ["PROMETHEUS_MULTIPROC_DIR"]))
            _become(command(role))
    sys.stderr.write(__doc__ or "")
    return 2


def command(role: str) -> list[str]:
    """The command line of the program that runs as this role."""
    host = os.environ.get("HOST") or "0.0.0.0"
    if role == "web":
        return programs.web(host, _port(role), os.environ.get("WEB_WORKERS") or "2")
    if role == "sockets":
        return programs.sockets(host, _port(role))
    if role == "worker":
        return programs.worker(os.environ.get("WORKER_CONCURRENCY") or "2")
    return programs.beat(_schedule())


def environment(role: str) -> dict[str, str]:
    """What the program gets beside what the container was given."""
    ours = {
        "BOURSE_DATA_DIR": str(_data()),
        "PROMETHEUS_MULTIPROC_DIR": str(_data() / "prometheus"),
        "ALLOWED_HOSTS": ",".join(filter(None, [os.environ.get("ALLOWED_HOSTS"), *own_addresses()])),
    }
    if role in ("worker", "beat"):
        ours["METRICS_PORT"] = os.environ.get("METRICS_PORT") or METRICS_PORT
    return ours


def own_addresses() -> list[str]:
    """By which Prometheus and whoever asks for our health call us, without a name that we could be told of."""
    try:
        found = socket.getaddrinfo(socket.gethostname(), None)
    except OSError:
        found = []
    numbers = {str(each[4][0]) for each in found} | {"127.0.0.1"}
    return sorted(f"[{number}]" if ":" in number else number for number in numbers)


def _prepare() -> int:
    for arguments in PREPARATION:
        if code := subprocess.call(programs.manage(*arguments)):
            return code
    return 0


def _await_migrations() -> int:
    """Ends when the database has all tables as this code wants them; whoever waits for us has the patience."""
    while subprocess.call(programs.manage("migrate", "--check"), stdout=subprocess.DEVNULL):
        time.sleep(2)
    return 0


def _become(command: list[str]) -> NoReturn:
    """Replace this process, so that the signals of the container's end reach the program itself."""
    sys.stdout.flush()
    os.execvp(command[0], command)


def _data() -> Path:
    return Path(os.environ.get("BOURSE_DATA_DIR") or "/tmp/bourse")


def _port(role: str) -> int:
    return int(os.environ.get("PORT") or PORTS[role])


def _schedule() -> Path:
    return _data() / "beat-schedule"


def _fresh_folder(path: Path) -> None:
    """Counters of the container's earlier processes must not add to the new ones'."""
    shutil.rmtree(path, ignore_errors=True)
    path.mkdir(parents=True)


def _answers(role: str) -> bool:
    request = urllib.request.Request(f"http://127.0.0.1:{_port(role)}/health")
    try:
        urllib.request.urlopen(request, timeout=CHECK_SECONDS).close()
    except OSError:
        return False
    return True


def _worker_answers() -> bool:
    """Through the broker, as its tasks come. A broker that is away is no fault of the worker's: it connects again by
    itself, and to be started anew meanwhile would only keep it from that for longer each time."""
    name = f"celery@{socket.gethostname()}"
    try:
        return bool(app.control.inspect([name], timeout=CHECK_SECONDS).ping())
    except (OSError, OperationalError):
        return True


def _beat_goes_on() -> bool:
    written = [file.stat().st_mtime for file in _data().glob(f"{_schedule().name}*")]
    return bool(written) and time.time() - max(written) < SCHEDULE_SECONDS


CHECKS: dict[str, Callable[[], bool]] = {
    "web": lambda: _answers("web"),
    "sockets": lambda: _answers("sockets"),
    "worker": _worker_answers,
    "beat": _beat_goes_on,
}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
