"""The realtime process: sockets and event streams go here, pages go to WSGI."""

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "instagram.settings")

application = get_asgi_application()
