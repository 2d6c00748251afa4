"""Waits until the exchange answers through its front door, then says where it is."""

import json
import time
import urllib.error
import urllib.request
from dataclasses import dataclass

from exchange_site.local.console import say
from exchange_site.local.supervisor import Supervisor

PATIENCE_SECONDS = 120
REPORT_SECONDS = 5

READY = """
Bourse is ready ({seconds:.0f} s).

  Trading page   {http}/
  API            {http}/api/v1/        documentation: {http}/api/docs
  Admin          {http}/admin/
  WebSocket      {ws}/ws/marketdata

  User    Tier           Password      API key            Its secret, to sign requests
  alice   beginner       demo-pass-1   beginner-key       beginner-secret
  bob     intermediate   demo-pass-1   intermediate-key   intermediate-secret
  carol   advanced       demo-pass-1   advanced-key       advanced-secret
  admin   administrator  demo-pass-1

Ctrl-C stops everything.
"""


@dataclass(frozen=True)
class Readiness:
    """Of the exchange that listens on host:port and began to start at `since` (monotonic seconds)."""

    host: str
    port: int
    since: float

    def watch(self, supervisor: Supervisor) -> None:
        """Ask /ready until it says 200, telling what is missing; give up after PATIENCE_SECONDS."""
        started = told = time.monotonic()
        while not supervisor.stopping:
            missing = self.missing()
            now = time.monotonic()
            if missing is None:
                say(self._banner(now - self.since))
                return
            if now - started > PATIENCE_SECONDS:
                supervisor.give_up(f"not ready after {PATIENCE_SECONDS} s; still missing: {missing}")
                return
            if now - told > REPORT_SECONDS:
                say(f"  Waiting for the exchange, {now - started:.0f} s so far; still missing: {missing}")
                told = now
            time.sleep(0.2)

    def missing(self) -> str | None:
        """What /ready lacks; None when it lacks nothing."""
        try:
            urllib.request.urlopen(f"{self._http()}/ready", timeout=5).close()
        except urllib.error.HTTPError as error:
            return _reason(error)
        except OSError:
            return "the proxy"
        return None

    def _http(self) -> str:
        return f"http://{reachable(self.host)}:{self.port}"

    def _banner(self, seconds: float) -> str:
        return READY.format(http=self._http(), ws=f"ws://{reachable(self.host)}:{self.port}", seconds=seconds)


def reachable(host: str) -> str:
    """An address a browser can use, also when we listen on all of them."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    return f"[{host}]" if ":" in host else host


def _reason(error: urllib.error.HTTPError) -> str:
    """The parts that the answer calls not ok, or at least its status."""
    text = error.read(2000).decode(errors="replace")
    try:
        return json.dumps(json.loads(text))
    except ValueError:
        return f"an answer other than {error.code}"
