"""The programs of one exchange on one machine, each with its command line."""

from exchange_site import programs
from exchange_site.local import proxy
from exchange_site.local.data_folder import CHECKOUT, DataFolder
from exchange_site.programs import manage

__all__ = ["CHECKOUT", "commands", "manage"]

HERE = "127.0.0.1"


def commands(folder: DataFolder, environment: dict[str, str], web: int, sockets: int) -> dict[str, list[str]]:
    """Name and command of each; `web` and `sockets` are the local ports behind the proxy."""
    return {
        "web": programs.web(HERE, web, environment.get("WEB_WORKERS") or "1"),
        "sockets": programs.sockets(HERE, sockets),
        "worker": programs.worker("2"),
        "beat": programs.beat(folder.path / "beat-schedule"),
        "agents": manage("run_agents"),
        "proxy": proxy.command(folder),
    }
