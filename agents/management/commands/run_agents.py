"""Run the liquidity agents until stopped: market makers around the price feed, and noise traders."""

import signal
import threading
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from agents.floor import Floor
from common import metrics_server


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--seed", type=int, default=7, help="of the agents' random choices (default 7)")
        parser.add_argument("--force", action="store_true", help="run outside demo mode too")

    def handle(self, *args: Any, **options: Any) -> None:
        if not (settings.DEMO or options["force"]):
            raise CommandError("The agents give themselves test money: demo mode only, or --force.")
        stopping = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stopping.set())
        metrics_server.serve_if_asked()
        self._say("The agents begin.")
        Floor(options["seed"], self._say).run(stopping)
        self._say("The agents have cancelled their quotes and stopped.")

    def _say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()
