"""HTTP is served through WSGI (docs/decisions/0003-wsgi-for-http-asgi-for-websockets.md)."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "exchange_site.settings")
application = get_wsgi_application()
