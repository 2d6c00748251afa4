"""A connection that is silent stays open, and one that is dead is found."""

import os
import socket
import subprocess
import time
from pathlib import Path
from typing import IO

from exchange_site.local import processes, programs
from exchange_site.local.data_folder import DataFolder

PATIENCE_SECONDS = 30
PING, CLOSE = 0x89, 0x88  # first bytes of frames
UPGRADE = (
    "GET /ws/marketdata HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)


def sockets_command(folder: Path, port: int) -> list[str]:
    return programs.commands(DataFolder(folder), {}, 1, port)["sockets"]


def test_sockets_are_pinged_every_20_seconds(tmp_path: Path) -> None:
    command = sockets_command(tmp_path, 2)
    assert command[command.index("--ping-seconds") + 1] == "20"


def test_the_server_pings_and_closes_one_that_does_not_answer(tmp_path: Path) -> None:
    """With the command of `make demo`, but quicker; uvicorn's own protocol, which did not always ping."""
    port = processes.free_port()
    command = ["0.1" if word == "20" else word for word in sockets_command(tmp_path, port)]
    server = subprocess.Popen(command, cwd=programs.CHECKOUT, env=os.environ)
    try:
        with connected(port) as raw, raw.makefile("rb") as stream:
            raw.sendall(UPGRADE.encode())
            assert stream.readline().startswith(b"HTTP/1.1 101")
            while stream.readline().strip():
                pass
            assert first_byte(stream) == PING
            assert first_byte(stream) == CLOSE
    finally:
        server.terminate()
        server.wait(PATIENCE_SECONDS)


def connected(port: int) -> socket.socket:
    """A connection, once the server listens."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            return socket.create_connection(("127.0.0.1", port), PATIENCE_SECONDS)
        except ConnectionRefusedError:
            assert time.monotonic() < deadline, "the socket server does not listen"
            time.sleep(0.05)


def first_byte(stream: IO[bytes]) -> int:
    """Of the next frame, which is short, as control frames are."""
    first, length = stream.read(2)
    stream.read(length)
    return int(first)
