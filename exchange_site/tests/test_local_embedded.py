"""The embedded servers keep what they acknowledged, whatever happens to them, and leave nothing behind."""

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg
import pytest
import redis

from exchange_site.local import embedded, processes, reset
from exchange_site.local.data_folder import DataFolder

SERVERS = ("DATABASE_URL", "REDIS_URL", "BOURSE_DATA_DIR", "SECRET_KEY")


@pytest.fixture(autouse=True)
def no_servers_given(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in SERVERS:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def place() -> Iterator[Path]:
    """An empty folder. Not pytest's tmp_path: each pytest that starts shuts that to other users again, and
    root's PostgreSQL runs as another user."""
    with tempfile.TemporaryDirectory(prefix="bourse-test-") as path:
        yield Path(path)


@pytest.fixture
def folder(place: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[DataFolder]:
    """A data folder of its own; whatever a test leaves running in it is stopped."""
    monkeypatch.setenv("BOURSE_DATA_DIR", str(place / "data"))
    folder = DataFolder(place / "data")
    yield folder
    processes.stop_all(servers_in(folder), patience_seconds=5)


def servers_in(folder: DataFolder) -> list[psutil.Process]:
    postgres = processes.at_home_in(folder.path / "postgres", "postgres")
    return postgres + processes.at_home_in(folder.path / "redis", "redis-server")


def run(*command: str, **options: object) -> "subprocess.Popen[str]":
    arguments = [sys.executable, "-m", "exchange_site.local.run", "--", *command]
    return subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options)


def write_a_row(database_url: str) -> int:
    """Rows after one more was written and acknowledged."""
    with psycopg.connect(database_url) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS rows (at timestamptz DEFAULT now())")
        connection.execute("INSERT INTO rows DEFAULT VALUES")
        connection.commit()
        return connection.execute("SELECT count(*) FROM rows").fetchone()[0]


def test_the_database_is_durable_and_redis_asks_for_its_password(folder: DataFolder) -> None:
    with folder.held("a test"), embedded.servers(folder) as addresses:
        with psycopg.connect(addresses["DATABASE_URL"]) as connection:
            for name in ("fsync", "synchronous_commit", "full_page_writes"):
                assert connection.execute("SELECT current_setting(%s)", [name]).fetchone() == ("on",)
        client = redis.Redis.from_url(addresses["REDIS_URL"])
        assert client.ping()
        port = client.connection_pool.connection_kwargs["port"]
        with pytest.raises(redis.AuthenticationError):
            redis.Redis(port=port).ping()
    assert servers_in(folder) == []


def test_a_restart_keeps_the_rows(folder: DataFolder) -> None:
    for expected in (1, 2):
        with folder.held("a test"), embedded.servers(folder) as addresses:
            assert write_a_row(addresses["DATABASE_URL"]) == expected


def test_only_what_the_environment_does_not_name_is_started(
    folder: DataFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://elsewhere/bourse")
    with folder.held("a test"), embedded.servers(folder) as addresses:
        assert list(addresses) == ["REDIS_URL"]
        assert [server.name() for server in servers_in(folder)] == ["redis-server"]


def test_kill_9_of_everything_loses_no_acknowledged_row(folder: DataFolder) -> None:
    supervisor = run("sh", "-c", "echo $DATABASE_URL; exec sleep 60", start_new_session=True)
    assert write_a_row(supervisor.stdout.readline().strip()) == 1
    for server in servers_in(folder):
        processes.send(server, signal.SIGKILL)
    os.killpg(supervisor.pid, signal.SIGKILL)
    supervisor.communicate()

    with folder.held("a test"), embedded.servers(folder) as addresses:
        assert write_a_row(addresses["DATABASE_URL"]) == 2


def test_servers_that_outlived_their_supervisor_are_stopped_first(folder: DataFolder) -> None:
    supervisor = run("sh", "-c", "echo $DATABASE_URL; exec sleep 60", start_new_session=True)
    assert write_a_row(supervisor.stdout.readline().strip()) == 1
    os.killpg(supervisor.pid, signal.SIGKILL)
    supervisor.communicate()
    earlier = {server.pid for server in servers_in(folder)}
    assert earlier

    with folder.held("a test"), embedded.servers(folder) as addresses:
        assert write_a_row(addresses["DATABASE_URL"]) == 2
        assert not earlier & {server.pid for server in servers_in(folder)}


def test_the_pid_file_of_a_dead_server_whose_number_another_program_has_is_no_obstacle(
    folder: DataFolder,
) -> None:
    with folder.held("a test"), embedded.servers(folder):
        mark = (folder.path / "postgres" / "postmaster.pid").read_text()
    lines = mark.splitlines()
    (folder.path / "postgres" / "postmaster.pid").write_text("\n".join([str(os.getppid()), *lines[1:]]))

    with folder.held("a test"), embedded.servers(folder) as addresses:
        assert write_a_row(addresses["DATABASE_URL"]) == 1


def test_a_folder_whose_path_is_too_long_for_a_socket_works(place: Path) -> None:
    folder = DataFolder(place / ("deep" * 20) / ("deeper" * 20))
    with folder.held("a test"), embedded.servers(folder) as addresses:
        assert write_a_row(addresses["DATABASE_URL"]) == 1
        assert folder.socket_folder().is_dir()
    assert servers_in(folder) == []
    assert not folder.socket_folder().exists()


def test_run_gives_the_command_its_servers_and_passes_on_its_exit_code(folder: DataFolder) -> None:
    script = """
import os, psycopg, redis, sys
assert psycopg.connect(os.environ["DATABASE_URL"]).execute("SELECT 1").fetchone() == (1,)
assert redis.Redis.from_url(os.environ["REDIS_URL"]).ping()
assert len(os.environ["SECRET_KEY"]) > 50
print("only this")
sys.exit(7)
"""
    command = run(sys.executable, "-c", script)
    output, told = command.communicate()
    assert (command.returncode, output) == (7, "only this\n"), told
    assert "Starting PostgreSQL" in told
    assert servers_in(folder) == []


def test_run_tells_by_its_exit_code_that_a_signal_ended_the_command(folder: DataFolder) -> None:
    command = run("sh", "-c", "kill -9 $$")
    command.communicate()
    assert command.returncode == 128 + signal.SIGKILL


def test_run_passes_on_sigterm_and_then_stops_the_servers(folder: DataFolder) -> None:
    command = run("sh", "-c", "echo up; exec sleep 60")
    assert command.stdout.readline() == "up\n"
    command.terminate()
    command.communicate(timeout=20)
    assert command.returncode == 128 + signal.SIGTERM
    assert servers_in(folder) == []


def test_run_starts_nothing_when_both_servers_are_given(
    folder: DataFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://elsewhere/bourse")
    monkeypatch.setenv("REDIS_URL", "redis://elsewhere")
    command = run("sh", "-c", "echo $DATABASE_URL $REDIS_URL")
    output, told = command.communicate()
    assert (output, told) == ("postgresql://elsewhere/bourse redis://elsewhere\n", "")


def test_two_commands_at_once_take_turns(folder: DataFolder) -> None:
    first = run("sh", "-c", "echo up; read until_told", stdin=subprocess.PIPE)
    assert first.stdout.readline() == "up\n"
    second = run("true")
    assert "Waiting for it to end" in second.stderr.readline()
    first.communicate("go on\n")
    second.communicate()
    assert (first.returncode, second.returncode) == (0, 0)


def test_a_command_that_does_not_exist_is_named(folder: DataFolder) -> None:
    command = run("no-such-command")
    _, told = command.communicate()
    assert command.returncode == 127
    assert "no-such-command: No such file or directory" in told


def test_the_secret_is_made_once_and_only_its_owner_reads_it(folder: DataFolder) -> None:
    assert folder.secret_key() == folder.secret_key()
    assert (folder.path / "secret_key").stat().st_mode & 0o777 == 0o600


def test_reset_empties_the_data_and_leaves_what_is_not_ours(folder: DataFolder) -> None:
    with folder.held("a test"), embedded.servers(folder) as addresses:
        write_a_row(addresses["DATABASE_URL"])
    (folder.path / "letter.txt").write_text("not ours")
    assert reset.main() == 0
    assert {path.name for path in folder.path.iterdir()} == {"letter.txt", "lock"}


def test_reset_does_not_touch_a_database_that_was_given(
    folder: DataFolder, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder.secret_key()
    monkeypatch.setenv("DATABASE_URL", "postgresql://elsewhere/bourse")
    assert reset.main() == 1
    assert (folder.path / "secret_key").exists()
