"""The OpenAPI description as something that answers can be held against."""

import re
from functools import cache

from drf_spectacular.generators import SchemaGenerator
from jsonschema import Draft202012Validator

METHODS = ("get", "post", "put", "patch", "delete")


@cache
def schema():
    return SchemaGenerator().get_schema(request=None, public=True)


def operations():
    """(METHOD, address, operation) of all that is described."""
    return [
        (method.upper(), address, item[method])
        for address, item in schema()["paths"].items()
        for method in METHODS
        if method in item
    ]


def described(method, path):
    """(address, operation) that describes a request, None if nothing does."""
    addresses = [
        address for address in schema()["paths"] if _pattern(address).fullmatch(path.partition("?")[0])
    ]
    # The one with the fewest placeholders: orders/batch before orders/{reference}; then the one with a number.
    for address in sorted(addresses, key=lambda address: (address.count("{"), not _numbers(address))):
        if method.lower() in schema()["paths"][address]:
            return address, schema()["paths"][address][method.lower()]
    return None


def violations(method, path, answer):
    """What is wrong with an answer, by the description; empty if nothing is."""
    found = described(method, path)
    if found is None:
        return [f"{method} {path} is not described"]
    response = found[1]["responses"].get(str(answer.status_code))
    if response is None:
        return [f"{method} {found[0]} does not describe {answer.status_code}: {answer.content[:200]}"]
    if "content" not in response:
        return [f"{method} {found[0]} should have no body"] if answer.content else []
    rules = {**_strict(response["content"]["application/json"]["schema"]), "components": _components()}
    return [
        f"{method} {found[0]} {answer.status_code}: {error.json_path}: {error.message}"
        for error in Draft202012Validator(rules).iter_errors(answer.json())
    ]


@cache
def _pattern(address):
    numbers = _numbers(address)
    parts = re.split(r"\{([^}]*)\}", address)  # every second one is a placeholder's name
    return re.compile(
        "".join(
            ("[0-9]+" if part in numbers else "[^/]+") if place % 2 else re.escape(part)
            for place, part in enumerate(parts)
        )
    )


@cache
def _numbers(address):
    """The placeholders of an address that take a number."""
    return {
        parameter["name"]
        for operation in schema()["paths"][address].values()
        for parameter in operation.get("parameters", [])
        if parameter["in"] == "path" and parameter["schema"]["type"] == "integer"
    }


@cache
def _components():
    return {"schemas": {name: _strict(rules) for name, rules in schema()["components"]["schemas"].items()}}


def _strict(rules):
    """OpenAPI 3.0 as JSON Schema; fields that are not described are wrong."""
    if isinstance(rules, list):
        return [_strict(item) for item in rules]
    if not isinstance(rules, dict):
        return rules
    strict = {name: _strict(value) for name, value in rules.items() if name not in ("nullable", "example")}
    if "properties" in rules and isinstance(rules["properties"], dict):
        strict.setdefault("additionalProperties", False)
    return {"anyOf": [strict, {"type": "null"}]} if rules.get("nullable") is True else strict
