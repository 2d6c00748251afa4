"""What strangers send that is refused leaves nothing in the operator's logs but a line of the request log."""

import pytest
from django.test import Client


@pytest.mark.parametrize(
    "knock",
    [
        lambda: Client().get("/api/v1/time", headers={"host": "evil.example"}),
        lambda: Client().get("/admin/login/", headers={"host": "evil.example\x1b[31m"}),
        lambda: Client(enforce_csrf_checks=True).post("/admin/login/", {"username": "admin"}),
        lambda: Client(enforce_csrf_checks=True).post("/trade/x%0Aan%20invented%20line"),
        lambda: Client().post("/admin/login/", {f"field{number}": "x" for number in range(1001)}),
        lambda: Client().get("/nothing"),
    ],
    ids=[
        "a foreign host",
        "a broken host",
        "no CSRF token",
        "a line break",
        "too many fields",
        "no such page",
    ],
)
@pytest.mark.django_db
def test_a_refused_request_is_no_news_for_the_console(knock, settings, caplog):
    settings.SECURE_SSL_REDIRECT = False
    assert 400 <= knock().status_code < 500
    assert not caplog.records
