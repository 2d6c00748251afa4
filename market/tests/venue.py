"""A venue of our own on a local port, that answers as it is told to. No test asks the outside."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

PRICES = {"BTCUSDT": "64000.12000000", "ETHUSDT": "3200.50000000", "ETHBTC": "0.05001000"}
UNLISTED = (400, b'{"code":-1121,"msg":"Invalid symbol."}')


class Venue:
    """`reply(names)` gives (status, body) or (status, body, headers); it may also wait."""

    def __init__(self):
        self.asked = []
        self.reply = self.quote
        self.prices = dict(PRICES)
        self.closing = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    @staticmethod
    def names_in(parts):
        return json.loads(parse_qs(parts.query)["symbols"][0])

    def quote(self, names):
        """As Binance does: one unknown name and the whole question is refused."""
        if any(name not in self.prices for name in names):
            return UNLISTED
        rows = [{"symbol": name, "price": self.prices[name]} for name in names]
        return 200, json.dumps(rows).encode()

    def answers(self, status, body, headers=()):
        self.reply = lambda names: (status, body, dict(headers))

    def close(self):
        self.closing.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _handler(venue):
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                parts = urlsplit(self.path)
                names = venue.names_in(parts)
                venue.asked.append((parts.path, names))
                status, body, *headers = venue.reply(names)
                self.send_response(status)
                for name, value in (headers[0] if headers else {}).items():
                    self.send_header(name, value)
                self.end_headers()
                try:
                    self._send(body)
                except OSError:
                    self.close_connection = True

            def _send(self, body):
                for piece in [body] if isinstance(body, bytes) else body:
                    self.wfile.write(piece)
                    self.wfile.flush()

            def log_message(self, *args):
                pass

        return Handler


class Kraken(Venue):
    """It calls bitcoin XBT, and answers to some pairs by an older name."""

    prices_there = {"XBTUSDT": "64010.1", "ETHUSDT": "3201.2", "ETHXBT": "0.05002"}
    older = {"ETHXBT": "XETHXXBT"}

    @staticmethod
    def names_in(parts):
        return parse_qs(parts.query)["pair"][0].split(",")

    def quote(self, names):
        if any(name not in self.prices_there for name in names):
            return 200, b'{"error":["EQuery:Unknown asset pair"]}'
        rows = {self.older.get(name, name): {"c": [self.prices_there[name], "0.1"]} for name in names}
        return 200, json.dumps({"error": [], "result": rows}).encode()


class Coinbase(Venue):
    """One product a call; each answer says when the trade was."""

    prices_there = {"BTC-USDT": "64020.5", "ETH-USDT": "3202.7", "ETH-BTC": "0.05003"}
    time = "2026-01-02T03:04:05.678901Z"

    @staticmethod
    def names_in(parts):
        return [parts.path.split("/")[2]]

    def quote(self, names):
        if names[0] not in self.prices_there:
            return 404, b'{"message":"NotFound"}'
        return 200, json.dumps({"price": self.prices_there[names[0]], "time": self.time}).encode()
