"""The WebSocket server: `python -m exchange_site.socket_server --host 127.0.0.1 --port 8001`.

uvicorn, which holds the producer back when a client reads slowly; but before it closes the connections, at SIGTERM
or Ctrl-C, every client is told. Uncompressed: on one machine the processor is scarcer than the network.
"""

import argparse
import asyncio
import os
import signal
import socket
import sys
import threading

import uvicorn

from exchange_site.asgi import application  # first of ours: it sets Django up
from kpi.flusher import flusher
from trading.consumers.going_away import hang_up

STOP_SECONDS = 2  # for connections that do not answer our goodbye
LAST_SECONDS = 3.0  # for looks at the database that go on, and what was counted last


class SocketServer(uvicorn.Server):
    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop accepting, tell the clients, and then what uvicorn does: close what is left."""
        for server in self.servers:
            server.close()
        await hang_up()
        await super().shutdown(sockets)


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8001)
    parser.add_argument("--ping-seconds", type=float, default=20.0)
    asked = parser.parse_args(arguments)
    # uvicorn sends itself the signal again when it has ended, which would kill us before our last words.
    signal.signal(signal.SIGTERM, lambda number, frame: None)
    flusher.start()
    asyncio.run(SocketServer(_configuration(asked.host, asked.port, asked.ping_seconds)).serve())
    last = threading.Timer(LAST_SECONDS, os._exit, (0,))
    last.daemon = True
    last.start()


def _configuration(host: str, port: int, ping_seconds: float) -> uvicorn.Config:
    return uvicorn.Config(
        application, host=host, port=port, lifespan="off",
        ws="websockets-sansio", ws_max_size=65_536, ws_per_message_deflate=False,
        ws_ping_interval=ping_seconds, ws_ping_timeout=ping_seconds, timeout_graceful_shutdown=STOP_SECONDS,
        access_log=False, log_level="warning", server_header=False,
        log_config=None,  # Django's LOGGING is there already, and keeps secrets out
    )  # fmt: skip


if __name__ == "__main__":
    main(sys.argv[1:])
