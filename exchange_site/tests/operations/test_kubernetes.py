"""The Kubernetes manifests: valid, sealed, without a secret, and with every name leading somewhere."""

import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from exchange_site import container
from exchange_site.local.programs import CHECKOUT
from exchange_site.tests.operations import front_door
from exchange_site.tests.operations.tools import DOCKER, run, tool

OVERLAYS = ("trial", "production")
SCALED = {"web", "sockets", "worker", "front-door"}
SECRETS = {"bourse", "bourse-tls", "bourse-servers"}  # made by hand, as docker/README.md says
OUR_IMAGES = ("bourse:trial", "registry.example.com/bourse:0.1.0")
# Their images write where they please; they are for trying.
TRIAL_SERVERS = {"postgres", "redis", "rabbitmq"}


@cache
def built(overlay: str) -> str:
    # Without what it says of fields that it calls old: the oldest kubectl in use knows no other.
    command = [tool("kubectl"), "kustomize", DOCKER / "kubernetes" / "overlays" / overlay]
    return re.sub(r"^# Warning: .*\n", "", run(*command), flags=re.MULTILINE)


def things(overlay: str, *kinds: str) -> dict[str, dict[str, Any]]:
    found = [each for each in yaml.safe_load_all(built(overlay)) if each["kind"] in kinds]
    return {each["metadata"]["name"]: each for each in found}


def pods(overlay: str) -> dict[str, dict[str, Any]]:
    runs = things(overlay, "Deployment", "StatefulSet", "Job")
    return {name: each["spec"]["template"] for name, each in runs.items()}


def containers(overlay: str) -> list[tuple[str, dict[str, Any]]]:
    return [
        (name, each)
        for name, pod in pods(overlay).items()
        for each in [*pod["spec"].get("initContainers", []), *pod["spec"]["containers"]]
    ]


overlays = pytest.mark.parametrize("overlay", OVERLAYS)


@overlays
@pytest.mark.parametrize("version", ["1.30", "1.37"])
def test_kubernetes_would_take_it(overlay: str, version: str, tmp_path: Path) -> None:
    file = tmp_path / "all.yaml"
    file.write_text(built(overlay))
    run(tool("kubernetes-validate"), "--strict", "-k", version, file)


@overlays
def test_everything_that_an_exchange_needs_is_there(overlay: str) -> None:
    servers = TRIAL_SERVERS if overlay == "trial" else set()
    assert set(pods(overlay)) == {"migrate", "web", "sockets", "worker", "beat", "front-door"} | servers


@overlays
def test_no_secret_is_in_it_and_each_that_is_wanted_is_described(overlay: str) -> None:
    assert things(overlay, "Secret") == {}
    wanted = set(
        re.findall(r"secretKeyRef:\s+key: \w+\s+name: (\S+)|secretRef:\s+name: (\S+)", built(overlay))
    )
    names = {name for pair in wanted for name in pair if name}
    assert names and names <= SECRETS
    readme = (DOCKER / "README.md").read_text()
    for secret in SECRETS:
        assert re.search(rf"kubectl .*create secret (generic|tls) {secret} ", readme), secret


@overlays
def test_settings_are_those_that_there_are(overlay: str) -> None:
    documented = (CHECKOUT / "exchange_site" / "settings.py").read_text() + str(container.__doc__)
    settings = next(
        each for name, each in things(overlay, "ConfigMap").items() if name.startswith("settings-")
    )
    given = {
        *settings["data"],
        *(e["name"] for n, c in containers(overlay) if n in container.CHECKS for e in c.get("env", [])),
    }
    assert {name for name in given if name not in documented} == set()
    assert {"BOURSE_DEMO", "DEBUG", "RATE_LIMIT", "TLS"} & given == set()


@overlays
def test_each_configuration_that_is_used_is_made(overlay: str) -> None:
    used = set(re.findall(r"configMap(?:Ref)?:\n\s+(?:defaultMode: \d+\n\s+)?name: (\S+)", built(overlay)))
    assert used and used == set(things(overlay, "ConfigMap"))


@overlays
def test_nobody_is_root_or_may_become_it(overlay: str) -> None:
    for name, pod in pods(overlay).items():
        spec = pod["spec"]
        assert spec["securityContext"]["runAsNonRoot"] is True and spec["securityContext"]["runAsUser"] > 0
        assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert spec["automountServiceAccountToken"] is False, name
    for name, each in containers(overlay):
        seal = each["securityContext"]
        assert seal["allowPrivilegeEscalation"] is False and seal["capabilities"] == {"drop": ["ALL"]}
        assert seal.get("readOnlyRootFilesystem", False) is (name not in TRIAL_SERVERS)
        assert each["resources"]["requests"]["cpu"] and each["resources"]["limits"]["memory"]


@overlays
def test_all_but_the_job_are_asked_how_they_are(overlay: str) -> None:
    for name, pod in pods(overlay).items():
        for each in pod["spec"]["containers"]:
            assert ("livenessProbe" in each) == (name != "migrate")
            assert ("readinessProbe" in each) == (name in ("web", "sockets", "front-door"))


@overlays
def test_programs_run_as_what_they_are_called_and_wait_for_the_tables(overlay: str) -> None:
    for name, pod in pods(overlay).items():
        if name in (*container.CHECKS, "migrate"):
            program = pod["spec"]["containers"][0]
            assert program["image"] in OUR_IMAGES and program["args"] == [name]
        if name in container.CHECKS:
            assert pod["spec"]["initContainers"][0]["args"] == ["await-migrations"]
            check = program["livenessProbe"].get("exec", {}).get("command", ["", "", "", "check", name])
            assert check[3:] == ["check", name]


@overlays
def test_what_can_be_many_grows_with_its_load_and_is_never_all_away(overlay: str) -> None:
    grown = {
        each["spec"]["scaleTargetRef"]["name"] for each in things(overlay, "HorizontalPodAutoscaler").values()
    }
    kept = {
        each["spec"]["selector"]["matchLabels"]["app.kubernetes.io/name"]
        for each in things(overlay, "PodDisruptionBudget").values()
    }
    assert grown == kept == SCALED
    for name, each in things(overlay, "Deployment").items():
        assert ("replicas" in each["spec"]) == (name not in SCALED)


@overlays
def test_there_is_one_beat_also_while_it_is_replaced(overlay: str) -> None:
    beat = things(overlay, "Deployment")["beat"]["spec"]
    assert (beat["replicas"], beat["strategy"]["type"]) == (1, "Recreate")


@overlays
def test_services_lead_to_ports_of_pods(overlay: str) -> None:
    for name, service in things(overlay, "Service").items():
        pod = pods(overlay)[service["spec"]["selector"]["app.kubernetes.io/name"]]
        assert pod["metadata"]["labels"].items() >= service["spec"]["selector"].items()
        there = {port["name"]: port["containerPort"] for port in pod["spec"]["containers"][0]["ports"]}
        for port in service["spec"]["ports"]:
            assert port.get("targetPort", port["name"]) in there, name
            assert port["port"] in (there[port.get("targetPort", port["name"])], 80, 443)


@overlays
def test_prometheus_is_told_where_each_program_answers(overlay: str) -> None:
    for role in container.CHECKS:
        pod = pods(overlay)[role]
        port = int(container.PORTS.get(role, container.METRICS_PORT))
        assert pod["metadata"]["annotations"]["prometheus.io/port"] == str(port)
        assert pod["spec"]["containers"][0]["ports"][0]["containerPort"] == port


@overlays
def test_the_front_door_is_that_of_compose_and_knows_the_services(overlay: str, tmp_path: Path) -> None:
    files = next(each for name, each in things(overlay, "ConfigMap").items() if name.startswith("nginx-"))[
        "data"
    ]
    for name in ("nginx.conf", "refusals.conf"):
        assert files[name] == (DOCKER / "nginx" / name).read_text()
    servers = dict(re.findall(r"server (\w+):(\d+)", files["upstreams.conf"]))
    services = things(overlay, "Service")
    assert {name: services[name]["spec"]["ports"][0]["port"] for name in servers} == {
        "web": 8000,
        "sockets": 8001,
    }
    made = front_door.home(tmp_path)
    (made / "upstreams.conf").write_text(re.sub(r"server \w+:", "server 127.0.0.1:", files["upstreams.conf"]))
    assert "test is successful" in run(*front_door.command(made), "-t")


@overlays
def test_what_no_policy_allows_is_refused(overlay: str) -> None:
    policies = things(overlay, "NetworkPolicy")
    assert policies["nothing-else"]["spec"] == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    open_to_all = {
        name
        for name, each in policies.items()
        if any("from" not in rule for rule in each["spec"].get("ingress", []))
    }
    assert open_to_all == {"world-to-front-door"}


@overlays
def test_policies_speak_of_pods_that_there_are(overlay: str) -> None:
    text = "\n".join(yaml.safe_dump(each["spec"]) for each in things(overlay, "NetworkPolicy").values())
    named = set(re.findall(r"app\.kubernetes\.io/name: (\S+)", text))
    for listed in re.findall(r"values:\n((?:\s*- \S+\n)+)", text):
        named |= set(re.findall(r"- (\S+)", listed))
    assert named == set(pods(overlay))
