"""The compose file: complete, sealed, and without a secret in it."""

import re
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from exchange_site import container
from exchange_site.local import postgres
from exchange_site.local.programs import CHECKOUT
from exchange_site.tests.operations.tools import DOCKER, run, tool

EXAMPLE = (DOCKER / "env.example").read_text()
MUST_BE_GIVEN = re.findall(r"^([A-Z_]+)=$", EXAMPLE, re.MULTILINE)
MAY_BE_GIVEN = re.findall(r"^# ([A-Z_]+)=", EXAMPLE, re.MULTILINE)
OURS = ("migrate", "web", "sockets", "worker", "beat")
SERVERS = ("postgres", "redis", "rabbitmq")
# What only their images' own start-up as root can do: give data folders to their users.
BEGIN_AS_ROOT = {"postgres", "rabbitmq"}


TEXT = (DOCKER / "compose.yaml").read_text()
FILE = yaml.safe_load(TEXT)
SERVICES: dict[str, Any] = FILE["services"]


def config(folder: Path, given: dict[str, str]) -> str:
    """What compose makes of the file, with nothing from our own environment, which may have a SECRET_KEY."""
    file = folder / "env"
    file.write_text("".join(f"{name}={value}\n" for name, value in given.items()))
    command = [tool("docker-compose")] if shutil.which("docker-compose") else [tool("docker"), "compose"]
    bare = ["env", "-i", "PATH=/usr/bin:/bin", "HOME=/tmp"]
    return run(*bare, *command, "--env-file", file, "-f", DOCKER / "compose.yaml", "config")


def test_compose_takes_the_file_and_what_is_given(tmp_path: Path) -> None:
    given = {name: f"given-as-{name.lower()}" for name in MUST_BE_GIVEN}
    made = config(tmp_path, given)
    assert [value for value in given.values() if value not in made] == []


def test_everything_that_an_exchange_needs_is_there() -> None:
    assert set(SERVICES) == {*OURS, *SERVERS, "nginx", "prometheus", "grafana"}


@pytest.mark.parametrize("name", MUST_BE_GIVEN)
def test_it_does_not_start_without_what_must_be_given(name: str, tmp_path: Path) -> None:
    given = {each: "given" for each in MUST_BE_GIVEN if each != name}
    with pytest.raises(AssertionError, match=r"env\.example"):
        config(tmp_path, given)


def test_what_may_be_given_is_used_and_nothing_else_is() -> None:
    used = set(re.findall(r"(?<!\$)\$\{([A-Z_]+)", TEXT))
    assert used == {*MUST_BE_GIVEN, *MAY_BE_GIVEN}


def test_no_secret_is_in_the_file() -> None:
    secret = re.findall(r"(?:PASSWORD|PASS|SECRET_KEY|AUTH): (.*)", TEXT)
    assert len(secret) >= 7 and all(
        re.fullmatch(r"\$\{\w+:\?see docker/env\.example\}", each) for each in secret
    )


def test_our_programs_are_given_settings_that_there_are() -> None:
    documented = (CHECKOUT / "exchange_site" / "settings.py").read_text() + str(container.__doc__)
    named = {name for service in OURS for name in SERVICES[service]["environment"]}
    assert {name for name in named if name not in documented} == set()


def test_a_demo_is_not_what_is_started() -> None:
    for service in OURS:
        assert {"BOURSE_DEMO", "DEBUG", "RATE_LIMIT", "TLS"} & set(SERVICES[service]["environment"]) == set()


def test_each_program_waits_until_the_tables_are_there() -> None:
    for service in set(OURS) - {"migrate"}:
        assert SERVICES[service]["depends_on"] == {"migrate": {"condition": "service_completed_successfully"}}
    assert {
        name: each["condition"] for name, each in SERVICES["migrate"]["depends_on"].items()
    } == dict.fromkeys(SERVERS, "service_healthy")


def test_each_program_runs_as_what_it_is_called_and_is_asked_how_it_is() -> None:
    for service in OURS:
        assert SERVICES[service]["command"] == [service]
    for service in ("sockets", "worker", "beat"):
        check = SERVICES[service]["healthcheck"]["test"]
        assert check == ["CMD", "python", "-m", "exchange_site.container", "check", service]


def test_all_is_sealed_but_for_the_servers_that_begin_as_root() -> None:
    for name, service in SERVICES.items():
        if name not in BEGIN_AS_ROOT:
            assert service["read_only"] is True, name
            assert service["cap_drop"] == ["ALL"], name
            assert service["security_opt"] == ["no-new-privileges:true"], name


def test_strangers_reach_nginx_alone() -> None:
    published = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}
    abroad = {
        name
        for name, ports in published.items()
        if any(not str(port).startswith("127.0.0.1:") for port in ports)
    }
    assert abroad == {"nginx"}


def test_the_servers_with_the_data_have_no_way_out() -> None:
    assert FILE["networks"]["inside"]["internal"] is True
    for name in SERVERS:
        assert set(SERVICES[name]["networks"]) == {"inside"}


def test_the_database_logs_no_statement_and_no_row() -> None:
    command = SERVICES["postgres"]["command"]
    for name, value in postgres.DISCREET.items():
        assert f"{name}={value}" in command
    trial = (DOCKER / "kubernetes" / "overlays" / "trial" / "servers.yaml").read_text()
    assert [name for name, value in postgres.DISCREET.items() if f"-c{name}={value}" not in trial] == []


def test_images_of_others_are_named_by_version() -> None:
    for name, service in SERVICES.items():
        if name not in OURS:
            assert re.search(r":v?\d+(\.\d+)*(-\w+)?$", service["image"]), name


def test_files_that_it_hands_to_containers_exist() -> None:
    files = re.findall(r"- \./(\S+?):/", TEXT)
    assert files and [file for file in files if file != "tls" and not (DOCKER / file).exists()] == []


def test_the_readme_speaks_of_services_that_there_are() -> None:
    readme = (DOCKER / "README.md").read_text()
    commands = re.findall(r"docker compose (?:run --rm|exec -T|kill -s HUP|logs -f|stop) ([a-z ]+)", readme)
    first = {words.split()[0] for words in commands} | {"nginx", "web", "sockets", "worker", "beat"}
    assert len(commands) > 5 and first <= set(SERVICES)


def test_the_shell_scripts_are_sound() -> None:
    local = CHECKOUT / "exchange_site" / "local"
    run(
        tool("shellcheck"),
        "--severity",
        "warning",
        *DOCKER.rglob("*.sh"),
        *local.glob("*.sh"),
        CHECKOUT / ".ci/run",
    )
