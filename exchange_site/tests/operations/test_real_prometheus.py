"""Prometheus itself, with our configuration, on a running exchange: it reads each program, answers what is known, and
can make sense of each alert and each query of the dashboards."""

import contextlib
import json
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml

from exchange_site import container
from exchange_site.local import processes
from exchange_site.tests.operations.containers import Containers, containers, token
from exchange_site.tests.operations.tools import DOCKER, tool

__all__ = ["containers", "token"]
PATIENCE_SECONDS = 60
ASKED = 7
# Grafana's variables, as they are while all markets are shown.
VARIABLES = {"$__rate_interval": "1m", "$symbol": ".*"}

# Panels with a query about what does not happen in this test.
NOT_YET = {
    "risk: Borrowed", "risk: Left in the pool, and insurance", "risk: Limits, in quote", "risk: Open loans",
    "risk: Share of the limit", "security: Over a limit, by which", "security: Sockets closed by us",
    "system: Failed and too late", "system: Opened, and closed by us", "trading: How orders end",
    "trading: Requests that wait, and batches run again", "trading: Spread", "trading: Trades a second",
    "trading: Trades by market", "trading: Volume a minute, in quote",
}  # fmt: skip


class Prometheus:
    def __init__(self, port: int) -> None:
        self._url = f"http://127.0.0.1:{port}/api/v1"

    def get(self, path: str, **parameters: str) -> Any:
        answer = requests.get(f"{self._url}/{path}", params=parameters, timeout=20)
        assert answer.ok, f"{parameters}: {answer.text}"
        return answer.json()["data"]

    def number(self, query: str) -> float | None:
        found = self.get("query", query=query)["result"]
        return float(found[0]["value"][1]) if found else None


@contextlib.contextmanager
def prometheus(folder: Path, ports: dict[str, int]) -> Iterator[Prometheus]:
    """With the configuration of docker/, but for the names of the programs, and reading each second."""
    home = Path(shutil.copytree(DOCKER / "prometheus", folder / "prometheus"))
    config = yaml.safe_load((home / "prometheus.yml").read_text())
    config["global"] = dict.fromkeys(("scrape_interval", "scrape_timeout", "evaluation_interval"), "1s")
    config["scrape_configs"] = [
        {
            "job_name": job["job_name"],
            "static_configs": [{"targets": [f"127.0.0.1:{ports[job['job_name']]}"]}],
        }
        for job in config["scrape_configs"]
        if job["job_name"] in ports
    ]
    (home / "prometheus.yml").write_text(yaml.safe_dump(config))
    port = processes.free_port()
    command = [tool("prometheus"), f"--config.file={home / 'prometheus.yml'}"]
    command += [f"--storage.tsdb.path={home / 'data'}", f"--web.listen-address=127.0.0.1:{port}"]
    with (home / "log").open("wb") as log:
        server = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        wait_for(lambda: server.poll() is not None or is_ready(port))
        assert server.poll() is None, (home / "log").read_text()
        yield Prometheus(port)
    finally:
        server.terminate()
        server.wait(PATIENCE_SECONDS)


def is_ready(port: int) -> bool:
    """It listens before it has read what it stored, and refuses until then."""
    with contextlib.suppress(requests.ConnectionError):
        return requests.get(f"http://127.0.0.1:{port}/-/ready", timeout=20).ok
    return False


def wait_for(condition: Callable[[], Any]) -> Any:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not (found := condition()):
        assert time.monotonic() < deadline, "not in time"
        time.sleep(0.1)
    return found


def test_it_reads_the_exchange_and_answers_what_was_asked_of_it(
    containers: Containers, token: str, tmp_path: Path
) -> None:
    for _ in range(ASKED):
        containers.call("GET", "markets")
    order = {"symbol": "BTC-USDT", "side": "buy", "type": "limit", "price": "20000", "quantity": "0.01"}
    containers.call("POST", "orders", token, **order)
    for method, path, status in (("GET", "made-up", 404), ("POST", "auth/token", 401)):
        with pytest.raises(AssertionError, match=str(status)):
            containers.call(method, path, api_key="nobody's")
    with pytest.raises(AssertionError, match="INSUFFICIENT_FUNDS"):
        containers.call("POST", "orders", token, **order | {"quantity": "9"})
    with prometheus(tmp_path, containers.ports) as server:
        every_program_is_read(server)
        what_was_asked_is_counted(server)
        alerts_are_quiet(server)
        queries_of_dashboards_show_what_has_happened(server)


def every_program_is_read(server: Prometheus) -> None:
    wait_for(lambda: server.number("sum(up)") == len(container.CHECKS))
    targets = server.get("targets")["activeTargets"]
    assert {each["labels"]["job"] for each in targets} == set(container.CHECKS)
    assert [each["lastError"] for each in targets] == [""] * len(targets)


def what_was_asked_is_counted(server: Prometheus) -> None:
    requests_of = 'sum(api_requests_total{endpoint="/api/v1/markets", method="GET", status="200"})'
    wait_for(lambda: server.number(requests_of) == ASKED)
    assert server.number('sum(bourse_orders_total{symbol="BTC-USDT", side="buy", type="limit"})') == 1
    assert server.number('max(bourse_book_price{symbol="BTC-USDT", side="buy"})') == 20_000
    assert server.number("max(abs(bourse_ledger_imbalance))") == 0
    wait_for(lambda: (server.number("sum(bourse_task_seconds_count)") or 0) > 0)


def alerts_are_quiet(server: Prometheus) -> None:
    """All loaded, judged without an error, and none that is critical fires on a sound exchange."""

    def rules() -> list[dict[str, Any]]:
        return [rule for group in server.get("rules")["groups"] for rule in group["rules"]]

    wait_for(lambda: all(rule["health"] != "unknown" for rule in rules()))
    assert {rule["name"]: rule["lastError"] for rule in rules() if rule["health"] != "ok"} == {}
    files = (DOCKER / "prometheus" / "rules").glob("*.yml")
    written = [
        rule["alert"]
        for file in files
        for group in yaml.safe_load(file.read_text())["groups"]
        for rule in group["rules"]
    ]
    assert sorted(rule["name"] for rule in rules()) == sorted(written)
    critical = {rule["name"]: rule["state"] for rule in rules() if rule["labels"]["severity"] == "critical"}
    assert {name for name, state in critical.items() if state == "firing"} == set()


def queries_of_dashboards_show_what_has_happened(server: Prometheus) -> None:
    """None is an error, and all show something but those of what has not happened here."""

    def empty() -> set[str]:
        asked = (
            (name, server.get("query", query=query)["result"])
            for name, queries in panels()
            for query in queries
        )
        return {name for name, found in asked if not found}

    wait_for(lambda: empty() <= NOT_YET)


def panels() -> Iterator[tuple[str, list[str]]]:
    for file in (DOCKER / "grafana" / "dashboards").glob("*.json"):
        for panel in json.loads(file.read_text())["panels"]:
            if panel["type"] != "row":
                yield f"{file.stem}: {panel['title']}", [shown(target["expr"]) for target in panel["targets"]]


def shown(query: str) -> str:
    for name, value in VARIABLES.items():
        query = query.replace(name, value)
    return query
