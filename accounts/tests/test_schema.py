"""The OpenAPI description of the identity endpoints."""

import pytest
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.validation import validate_schema

CHANGE = {"400", "401", "403", "409", "413", "415", "429", "503"}


@pytest.fixture(scope="module")
def schema():
    return SchemaGenerator(urlconf="accounts.tests.urls").get_schema(request=None, public=True)


def test_it_is_valid_openapi(schema):
    validate_schema(schema)


@pytest.mark.parametrize(
    ("address", "method", "statuses"),
    [
        ("/api/v1/auth/register", "post", {"201", "400", "409", "413", "415", "429", "503"}),
        ("/api/v1/auth/token", "post", {"200", "400", "401", "403", "413", "415", "429", "503"}),
        ("/api/v1/auth/token/refresh", "post", {"200", "400", "401", "403", "413", "415", "429", "503"}),
        ("/api/v1/auth/logout", "post", {"204", "400", "401", "413", "415", "429", "503"}),
        ("/api/v1/auth/password", "post", CHANGE - {"409"} | {"200"}),
        ("/api/v1/auth/sessions", "get", {"200", "400", "401", "403", "429", "503"}),
        ("/api/v1/auth/sessions", "delete", {"200", "401", "403", "429", "503"}),
        ("/api/v1/auth/sessions/{session_id}", "delete", {"204", "401", "403", "404", "429", "503"}),
        ("/api/v1/auth/two-factor", "get", {"200", "401", "403", "429", "503"}),
        ("/api/v1/auth/two-factor/enrol", "post", CHANGE | {"200"}),
        ("/api/v1/auth/two-factor/confirm", "post", CHANGE | {"200"}),
        ("/api/v1/auth/two-factor/recovery-codes", "post", CHANGE | {"200"}),
        ("/api/v1/auth/two-factor/disable", "post", CHANGE | {"204"}),
        ("/api/v1/api-keys", "get", {"200", "400", "401", "403", "429", "503"}),
        ("/api/v1/api-keys", "post", {"201", "400", "401", "403", "409", "413", "415", "429", "503"}),
        ("/api/v1/api-keys/{key_id}", "delete", {"204", "401", "403", "404", "429", "503"}),
    ],
)
def test_each_operation_tells_its_answers(schema, address, method, statuses):
    operation = schema["paths"][address][method]
    assert set(operation["responses"]) == statuses
    for status, response in operation["responses"].items():
        if status >= "400":
            assert response["content"]["application/json"]["schema"] == {"$ref": "#/components/schemas/Error"}


def test_it_tells_how_to_sign_in_and_what_a_page_looks_like(schema):
    assert schema["components"]["securitySchemes"]["bearer"]["scheme"] == "bearer"
    listing = schema["paths"]["/api/v1/api-keys"]["get"]
    assert {"bearer": []} in listing["security"]
    assert {"apiKey": [], "timestamp": [], "signature": []} in listing["security"]
    headers = [schema["components"]["securitySchemes"][name] for name in ("apiKey", "timestamp", "signature")]
    assert [header["name"] for header in headers] == ["X-API-Key", "X-Timestamp", "X-Signature"]
    assert {(header["type"], header["in"]) for header in headers} == {("apiKey", "header")}
    assert {parameter["name"] for parameter in listing["parameters"]} == {"limit", "cursor"}
    page = listing["responses"]["200"]["content"]["application/json"]["schema"]
    reference = page["$ref"].rpartition("/")[2]
    assert set(schema["components"]["schemas"][reference]["properties"]) == {"results", "next_cursor"}
    assert (
        "security" not in schema["paths"]["/api/v1/auth/token"]["post"]
        or {} in (schema["paths"]["/api/v1/auth/token"]["post"]["security"])
    )
