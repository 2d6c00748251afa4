"""HTTP is served through WSGI (docs/decisions/0003-wsgi-for-http-asgi-for-websockets.md), its hottest addresses
by a fast lane in front of Django (docs/decisions/0009-a-fast-lane-in-front-of-django.md)."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "exchange_site.settings")
os.environ.setdefault("STATEMENT_SECONDS", "15")  # somebody waits for the answer
django_application = get_wsgi_application()

# After Django is set up: these import models.
from common.api.fast_lane import FastLane  # noqa: E402
from exchange_site.lanes import LANES  # noqa: E402
from kpi.flusher import flusher  # noqa: E402
from kpi.watching import note_lane  # noqa: E402

flusher.start()
application = FastLane(django_application, LANES, note_lane)
