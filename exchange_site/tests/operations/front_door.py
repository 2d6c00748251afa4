"""The containers' nginx as a process of this machine: its own files, with the names in them mapped to local ports."""

import contextlib
import shutil
import socket
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from exchange_site.local import processes, proxy
from exchange_site.tests.operations.tools import DOCKER

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
    said: Path


def home(folder: Path) -> Path:
    """A copy of nginx' files with a certificate for this machine beside them."""
    made = Path(shutil.copytree(DOCKER / "nginx", folder / "nginx"))
    certify(made / "tls")
    return made


def certify(folder: Path) -> None:
    """A key and a certificate for localhost that it signs itself."""
    folder.mkdir()
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name.from_rfc4514_string("CN=localhost")
    names = [x509.DNSName("localhost"), x509.IPAddress(IPv4Address("127.0.0.1"))]
    now = datetime.now(UTC)
    draft = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    draft = draft.not_valid_before(now - timedelta(hours=1)).not_valid_after(now + timedelta(days=1))
    draft = draft.add_extension(x509.SubjectAlternativeName(names), critical=False)
    certificate = draft.sign(key, hashes.SHA256())
    (folder / "tls.crt").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    pem = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "tls.key").write_bytes(key.private_bytes(*pem))


def command(made: Path) -> list[str]:
    """As in the container: its files in one folder, what it writes in another."""
    writes = made.with_name("nginx-writes")
    writes.mkdir(exist_ok=True)
    return [proxy.binary(), "-e", "stderr", "-p", str(writes), "-c", str(made / "nginx.conf")]


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
    said = made / "stderr"
    with said.open("wb") as stream:
        nginx = subprocess.Popen(command(made), stdout=stream, stderr=stream)
    try:
        _await(nginx, https, said)
        yield FrontDoor(http, https, made / "tls" / "tls.crt", log, said)
    finally:
        nginx.terminate()
        assert nginx.wait(20) == 0


def _await(nginx: "subprocess.Popen[bytes]", port: int, said: Path) -> None:
    while nginx.poll() is None:
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
    raise AssertionError(f"nginx did not start: {said.read_text()}")
