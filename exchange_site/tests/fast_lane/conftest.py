"""The cast of the API's tests, whose requests come by the fast lane as they do in a running exchange."""

import pytest
from django.core.handlers.wsgi import WSGIRequest
from django.http import HttpResponse
from rest_framework.test import APIClient, ForceAuthClientHandler

from common.api.fast_lane import FastLane
from exchange_site.lanes import LANES
from trading.tests.api.conftest import admin, alice, bob, carol, limits_off, markets, stranger

__all__ = ["admin", "alice", "bob", "carol", "limits_off", "markets", "stranger"]


class LaneHandler(ForceAuthClientHandler):
    """What the test client asks in place of Django. `taken`: (view, method, status) of what the lanes answered."""

    def __init__(self, taken, **options):
        super().__init__(**options)
        self.taken = taken

    def __call__(self, environ):
        heads, answers = [], []
        environ.setdefault("HTTP_HOST", environ["SERVER_NAME"])  # without it no request is plain

        def django(environ, start_response):
            answers.append(super(LaneHandler, self).__call__(environ))
            return []

        lane = FastLane(django, LANES, lambda told: self.taken.append((told.view, told.method, told.status)))
        body = b"".join(lane(environ, lambda status, headers: heads.append((status, headers))))
        if answers:
            return answers[0]
        [(status, headers)] = heads
        answer = HttpResponse(body, status=int(status.split()[0]))
        answer.wsgi_request = WSGIRequest(environ)
        for name in list(answer.headers):
            del answer.headers[name]
        for name, value in headers:
            answer.headers[name] = value
        return answer


@pytest.fixture(autouse=True)
def taken(monkeypatch):
    """What the lanes answered in this test."""
    taken = []

    def set_handler(client, enforce_csrf_checks=False, real=APIClient.__init__, **defaults):
        real(client, enforce_csrf_checks, **defaults)
        client.handler = LaneHandler(taken, enforce_csrf_checks=enforce_csrf_checks)

    monkeypatch.setattr(APIClient, "__init__", set_handler)
    return taken
