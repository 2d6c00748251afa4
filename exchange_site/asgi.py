"""WebSockets are served through ASGI; HTTP requests never come here."""

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "exchange_site.settings")
http = get_asgi_application()

from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402

from common.api.origins import RefuseForeignOrigin  # noqa: E402
from kpi.flusher import flusher  # noqa: E402
from trading.consumers.counted import forget_connections  # noqa: E402
from trading.routing import websocket_urlpatterns  # noqa: E402

forget_connections()
flusher.start()

application = ProtocolTypeRouter(
    {"http": http, "websocket": RefuseForeignOrigin(URLRouter(websocket_urlpatterns))}
)
