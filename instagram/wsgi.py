import os

from django.core.wsgi import get_wsgi_application

from common import scratch

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "instagram.settings")

# An upload that is on its way when its server is killed takes no space afterwards.
scratch.use()
application = get_wsgi_application()
