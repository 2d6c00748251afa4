"""The containers' nginx as a process of this machine: its own files, with the names in them mapped to local ports."""

import contextlib
import shutil
import socket
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from exchange_site.local import processes, proxy
from exchange_site.tests.operations.tools import DOCKER, run

UPSTREAMS = """
upstream web {{ server 127.0.0.1:{web}; keepalive 64; keepalive_timeout 15s; }}
upstream sockets {{ server 127.0.0.1:{sockets}; }}
"""


@dataclass(frozen=True)
class FrontDoor:
    http: int
    https: int
    certificate: Path
    log: Path


def home(folder: Path) -> Path:
    """A copy of nginx' files with a certificate for this machine beside them."""
    made = Path(shutil.copytree(DOCKER / "nginx", folder / "nginx"))
    tls = made / "tls"
    tls.mkdir()
    names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", tls / "tls.key"]
    run("openssl", "req", "-x509", *key, "-days", "2", *names, "-out", tls / "tls.crt")
    return made


def command(made: Path) -> list[str]:
    return [proxy.binary(), "-e", "stderr", "-p", str(made), "-c", str(made / "nginx.conf")]


@contextlib.contextmanager
def running(folder: Path, web: int, sockets: int, **changed: str) -> Iterator[FrontDoor]:
    """nginx in front of these ports. `changed` are directives of nginx.conf with another value."""
    made, http, https = home(folder), processes.free_port(), processes.free_port()
    log = made / "access.log"
    (made / "upstreams.conf").write_text(UPSTREAMS.format(web=web, sockets=sockets))
    text = (made / "nginx.conf").read_text()
    for old, new in {
        "listen 8080 ": f"listen 127.0.0.1:{http} ",
        "listen 8443 ": f"listen 127.0.0.1:{https} ",
        "access_log /dev/stdout": f"access_log {log}",
        "worker_processes auto": "worker_processes 1",
        **changed,
    }.items():
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    (made / "nginx.conf").write_text(proxy.user() + text)
    nginx = subprocess.Popen(command(made))
    try:
        _await(nginx, https)
        yield FrontDoor(http, https, made / "tls" / "tls.crt", log)
    finally:
        nginx.terminate()
        assert nginx.wait(20) == 0


def _await(nginx: "subprocess.Popen[bytes]", port: int) -> None:
    while nginx.poll() is None:
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
    raise AssertionError("nginx did not start")
