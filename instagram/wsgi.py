import os

from django.core.wsgi import get_wsgi_application

from common import scratch

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "instagram.settings")

# Use a temporary folder that is deleted even if the server is killed during an upload.
scratch.use()
application = get_wsgi_application()
