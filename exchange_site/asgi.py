"""WebSockets are served through ASGI; HTTP requests never come here."""

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "exchange_site.settings")
os.environ.setdefault("STATEMENT_SECONDS", "15")  # somebody waits for the answer
http = get_asgi_application()

from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402
from django.urls import re_path  # noqa: E402

from common.api.origins import RefuseForeignOrigin  # noqa: E402
from common.api.socket_limits import LimitSockets, close_unknown  # noqa: E402
from kpi.socket_log import SocketLog  # noqa: E402
from trading.consumers.counted import forget_connections  # noqa: E402
from trading.routing import websocket_urlpatterns  # noqa: E402

forget_connections()

unknown = re_path("", close_unknown)  # type: ignore[arg-type]  # Django's addresses lead to views
sockets = URLRouter([*websocket_urlpatterns, unknown])
paths = [f"/{entry.pattern}" for entry in websocket_urlpatterns]

application = ProtocolTypeRouter(
    {"http": http, "websocket": SocketLog(LimitSockets(RefuseForeignOrigin(sockets)), paths)}
)
