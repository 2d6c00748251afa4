"""What people do in these tests, over HTTP."""

import threading
from concurrent.futures import ThreadPoolExecutor

from django.db import connection
from rest_framework.test import APIClient

PASSWORD = "the-tulip-of-1637"


def sign_in(username, password=PASSWORD, otp=None, **extra):
    """The answer to a log-in. otp: a one-time code."""
    body = {"username": username, "password": password} | ({} if otp is None else {"otp": otp})
    return APIClient().post("/api/v1/auth/token", body, **extra)


def desk_of(username):
    """A client that sends the user's access token."""
    return desk_with(sign_in(username).json()["access"])


def desk_with(access, **extra):
    client = APIClient(raise_request_exception=False, **extra)
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {access}")
    return client


def new_key(desk, **asked):
    """The answer to making a key, with its key and secret."""
    answer = desk.post("/api/v1/api-keys", {"name": "bot", "scopes": ["read", "trade"]} | asked)
    assert answer.status_code == 201, answer.content
    return answer.json()


def at_once(*actions):
    """The results of actions that start at the same moment, each in a thread of its own."""
    start = threading.Barrier(len(actions))

    def run(action):
        try:
            start.wait(timeout=10)
            return action()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(actions)) as threads:
        return list(threads.map(run, actions))
