"""`make demo`: the whole exchange in the foreground, `python -m exchange_site.local.demo`.

PORT and HOST say where it listens, WEB_WORKERS how many web processes it has, BOURSE_DATA_DIR where it
keeps its data; DATABASE_URL and REDIS_URL name servers to use in place of the embedded ones.
"""

import contextlib
import multiprocessing
import os
import shutil
import signal
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass

from exchange_site.local import embedded, preparation, processes, programs, proxy
from exchange_site.local.console import LocalError, say
from exchange_site.local.data_folder import DataFolder, FolderInUse
from exchange_site.local.readiness import Readiness, reachable
from exchange_site.local.supervisor import Supervisor, end_leftovers

THIS_MACHINE = ("127.0.0.1", "::1", "localhost")
ANNOUNCED = ("DATABASE_URL", "REDIS_URL", "SECRET_KEY", "BOURSE_DEMO", "PORT")


@dataclass(frozen=True)
class Address:
    """Where the exchange listens."""

    host: str
    port: int

    @classmethod
    def from_environment(cls) -> "Address":
        text = os.environ.get("PORT") or "8000"
        if not (text.isascii() and text.isdigit() and 0 < int(text[:6]) < 65_536):
            raise LocalError(f"PORT={text} is not a port: give a number from 1 to 65535.")
        return cls(os.environ.get("HOST") or "127.0.0.1", int(text))

    def check_free(self) -> None:
        try:
            free = processes.port_is_free(self.host, self.port)
        except OSError as error:
            raise LocalError(f"Cannot listen on {self.host} port {self.port}: {error.strerror}.") from error
        if not free:
            raise LocalError(
                f"Port {self.port} on {self.host} is taken by another program. "
                f"Choose another one: make demo PORT={self.port + 1}"
            )


def main() -> int:
    multiprocessing.set_start_method("fork")  # honcho's helpers then inherit our answer to a closed terminal
    _hear_signals()
    try:
        return _demo(DataFolder.from_environment(), Address.from_environment())
    except FolderInUse as error:
        say(f"{error} Stop that one first (Ctrl-C in its terminal), or set BOURSE_DATA_DIR.")
    except LocalError as error:
        say(str(error))
    except PermissionError as error:
        say(f"No permission for {error.filename}. Start as the user it belongs to, or set BOURSE_DATA_DIR.")
    except KeyboardInterrupt:
        say("Stopped before it was up.")
        return 0
    return 1


def _hear_signals() -> None:
    """Until the supervisor listens itself: SIGTERM and a closed terminal mean the same as Ctrl-C.

    A background job begins with SIGINT ignored and has to be told to hear it; `nohup` is respected.
    """
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        signal.signal(signal.SIGHUP, signal.default_int_handler)


def _demo(folder: DataFolder, address: Address) -> int:
    """Servers, preparation, programs; then, in the opposite order, the end."""
    say(f"Bourse starts; its data are in {folder.path}")
    begun = time.monotonic()
    with folder.held("make demo"), contextlib.ExitStack() as stack:
        if left := end_leftovers(folder):
            say(f"  Stopped {left} processes of an earlier run that was killed")
        address.check_free()
        if address.host not in THIS_MACHINE:
            say(f"  Beware: others can reach {address.host}, and the demo's passwords are in the README.")
        servers = stack.enter_context(embedded.servers(folder))
        environment = _environment(folder, address, servers)
        announced = {name: environment[name] for name in ANNOUNCED}
        stack.enter_context(folder.announced(announced))
        stack.callback(_ignore_signals)  # the first thing done at the end, whatever ended it
        preparation.prepare(folder, environment)
        supervisor = _supervise(folder, address, environment, begun)
    return _closing(supervisor)


def _environment(folder: DataFolder, address: Address, servers: dict[str, str]) -> dict[str, str]:
    """What all programs get: where everything is, and that this is a demo behind our own proxy."""
    ours = {
        "SECRET_KEY": os.environ.get("SECRET_KEY") or folder.secret_key(),
        "BOURSE_DEMO": "1",
        "BOURSE_DATA_DIR": str(folder.path),
        "PORT": str(address.port),
        "TRUST_PROXY": "1",
        "PROBE_URL": f"http://{reachable(address.host)}:{address.port}/ready",
        "PYTHONUNBUFFERED": "1",
    }
    logs = {"REQUEST_LOG": str(folder.folder("logs") / "requests.log")}
    return logs | os.environ | servers | ours


def _supervise(folder: DataFolder, address: Address, environment: dict[str, str], begun: float) -> Supervisor:
    """Run the programs until the end, and leave none of them behind."""
    with _metrics_folder(folder) as metrics:
        readiness = Readiness(address.host, address.port, begun)
        supervisor = Supervisor(folder, when_launched=lambda: readiness.watch(supervisor))
        web, sockets = processes.free_port(), processes.free_port()
        proxy.configure(folder, address.host, address.port, web, sockets)
        environment = environment | {"PROMETHEUS_MULTIPROC_DIR": metrics}
        for name, command in programs.commands(folder, environment, web, sockets).items():
            supervisor.add(name, command, environment, programs.CHECKOUT)
        try:
            supervisor.loop()
        finally:
            _ignore_signals()
            end_leftovers(folder)
    return supervisor


@contextlib.contextmanager
def _metrics_folder(folder: DataFolder) -> Iterator[str]:
    """Where the programs of one run share their counters; those of an earlier run must not add to them."""
    path = folder.path / "prometheus"
    shutil.rmtree(path, ignore_errors=True)
    yield str(folder.folder("prometheus"))


def _ignore_signals() -> None:
    """We are stopping already: a second Ctrl-C must not leave a server behind."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)


def _closing(supervisor: Supervisor) -> int:
    if supervisor.failure:
        say(f"Bourse stopped: {supervisor.failure}")
        return 1
    say("Bourse stopped. The data are kept; `make demo` goes on from here, `make reset` empties them.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
