"""What a container does is what `make demo` does, with addresses of its own."""

import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from exchange_site import container
from exchange_site.local import processes
from exchange_site.local import programs as local_programs
from exchange_site.local.data_folder import DataFolder

# Options with which a program is placed on its machine.
PLACED = ("--host", "--port", "--workers", "--schedule")


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("HOST", "PORT", "WEB_WORKERS", "WORKER_CONCURRENCY", "METRICS_PORT", "ALLOWED_HOSTS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("BOURSE_DATA_DIR", str(tmp_path))


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "exchange_site.container", *arguments],
        env=os.environ | environment,
        cwd=local_programs.CHECKOUT,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def without_places(command: list[str]) -> list[str]:
    """The command line less what says where it listens and how many processes it has."""
    dropped = {command.index(option) + step for option in PLACED if option in command for step in (0, 1)}
    return [word for number, word in enumerate(command) if number not in dropped]


@pytest.mark.parametrize("role", ["web", "sockets", "worker", "beat"])
def test_containers_run_the_programs_of_the_demo(role: str, tmp_path: Path) -> None:
    demo = local_programs.commands(DataFolder(tmp_path), {}, 1, 2)[role]
    assert without_places(container.command(role)) == without_places(demo)


def test_they_listen_to_all_addresses_on_the_ports_that_the_image_names() -> None:
    for role, port in (("web", "8000"), ("sockets", "8001")):
        command = container.command(role)
        assert command[command.index("--host") + 1] == "0.0.0.0"
        assert command[command.index("--port") + 1] == port


def test_numbers_of_processes_can_be_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WEB_WORKERS", "7")
    monkeypatch.setenv("WORKER_CONCURRENCY", "5")
    web, worker = container.command("web"), container.command("worker")
    assert web[web.index("--workers") + 1] == "7"
    assert worker[worker.index("--concurrency") + 1] == "5"


def test_it_answers_to_its_own_addresses_too(monkeypatch: pytest.MonkeyPatch) -> None:
    found = [(socket.AF_INET, 1, 6, "", ("10.1.2.3", 0)), (socket.AF_INET6, 1, 6, "", ("fd00::7", 0, 0, 0))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *arguments: found)
    monkeypatch.setenv("ALLOWED_HOSTS", "bourse.example.com")
    hosts = container.environment("web")["ALLOWED_HOSTS"].split(",")
    assert hosts == ["bourse.example.com", "10.1.2.3", "127.0.0.1", "[fd00::7]"]


def test_only_programs_without_an_address_of_their_own_get_one_for_metrics() -> None:
    ports = {role: container.environment(role).get("METRICS_PORT") for role in container.CHECKS}
    assert ports == {"web": None, "sockets": None, "worker": "9100", "beat": "9100"}


def test_what_it_cannot_do_it_says(tmp_path: Path) -> None:
    for arguments in ([], ["web", "now"], ["check"], ["check", "migrate"], ["dance"]):
        done = run(*arguments)
        assert done.returncode == 2
        assert "await-migrations" in done.stderr


def test_a_preparation_that_fails_ends_there(monkeypatch: pytest.MonkeyPatch) -> None:
    done = run("migrate", DATABASE_URL="postgres://nobody@127.0.0.1:1/none")
    assert done.returncode == 1
    assert "PostgreSQL does not answer" in done.stderr
    assert "Running migrations" not in done.stdout


def test_any_command_can_be_run_in_it() -> None:
    assert "usage: manage.py audit" in run("manage", "audit", "--help").stdout


def test_counters_of_an_earlier_run_are_gone_before_the_program_starts(tmp_path: Path) -> None:
    old = tmp_path / "prometheus" / "counter_7.db"
    old.parent.mkdir()
    old.write_text("of another process")
    # The program refuses its port at once, which is all that is asked of it here.
    run("sockets", PORT="70000")
    assert old.parent.is_dir() and not old.exists()


def test_programs_that_do_not_answer_are_not_healthy() -> None:
    """Of those that do, test_production.py asks."""
    assert run("check", "web", PORT=str(processes.free_port())).returncode == 1
    assert run("check", "worker", BROKER_URL="memory://").returncode == 1, "a broker where nobody listens"


@pytest.mark.parametrize("broker", ["redis://127.0.0.1:1", "amqp://guest:guest@127.0.0.1:1//"])
def test_a_worker_is_not_started_anew_because_its_broker_is_away(broker: str) -> None:
    assert run("check", "worker", BROKER_URL=broker).returncode == 0


def test_a_beat_that_writes_its_schedule_is_healthy_and_one_that_hangs_is_not(tmp_path: Path) -> None:
    assert run("check", "beat").returncode == 1
    schedule = tmp_path / "beat-schedule.db"
    schedule.touch()
    assert run("check", "beat").returncode == 0
    hour_ago = time.time() - 3600
    os.utime(schedule, (hour_ago, hour_ago))
    assert run("check", "beat").returncode == 1
