"""Programs that sign their requests, as docs/signing.md tells them to."""

import base64
import hashlib
import hmac

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.test.client import FakePayload
from rest_framework.test import APIClient

from common import clock


class Signer:
    """Of one key. changes: what is sent in place of what was signed, by the name of the field."""

    def __init__(self, key, secret=None, private_key=None):
        self.key = key
        self.secret = secret
        self.private_key = private_key

    def headers(self, method, path, query=b"", body=b"", timestamp=None, window=None):
        timestamp = str(clock.to_ms(clock.now()) if timestamp is None else timestamp)
        shown = {} if window is None else {"X-Recv-Window": str(window)}
        lines = [timestamp, "5000" if window is None else str(window), method, path]
        text = [*(line.encode() for line in lines), query, hashlib.sha256(body).hexdigest().encode()]
        signature = self.sign(b"\n".join(text))
        return {"X-API-Key": self.key, "X-Timestamp": timestamp, **shown, "X-Signature": signature}

    def sign(self, text):
        if self.private_key is not None:
            return base64.b64encode(self.private_key.sign(text)).decode()
        return hmac.new(self.secret.encode(), text, hashlib.sha256).hexdigest()


class SigningClient(APIClient):
    """Signs what it sends. `told`: more for the signer; `changed`: of the request, after it was signed."""

    def __init__(self, signer, told=None, changed=None, **extra):
        super().__init__(raise_request_exception=False, **extra)
        self.signer = signer
        self.told = told or {}
        self.changed = changed or {}
        self.sent = []

    def request(self, **environ):
        body = environ["wsgi.input"].read() if "wsgi.input" in environ else b""
        headers = self.signer.headers(
            environ["REQUEST_METHOD"],
            environ["PATH_INFO"],
            environ.get("QUERY_STRING", "").encode("latin-1"),
            body,
            **self.told,
        )
        environ |= {"HTTP_" + name.upper().replace("-", "_"): value for name, value in headers.items()}
        body = self.changed.get("body", body)
        environ |= {name: value for name, value in self.changed.items() if name != "body"}
        environ = {name: value for name, value in environ.items() if value is not None}
        self.sent.append((environ, body))
        return self._send(environ, body)

    def again(self, **changed):
        """The last request once more, to the letter but for what is named."""
        environ, body = self.sent[-1]
        environ = {name: value for name, value in (environ | changed).items() if value is not None}
        return self._send(environ, body)

    def _send(self, environ, body):
        return super().request(
            **environ | {"wsgi.input": FakePayload(body), "CONTENT_LENGTH": str(len(body))}
        )


def new_private_key():
    """An Ed25519 key, and its public half as base64."""
    private = Ed25519PrivateKey.generate()
    return private, base64.b64encode(private.public_key().public_bytes_raw()).decode()
