"""The Celery app. Queues by subject: media (heavy), video (slow and heavy), feed (fan-out), default (all else)."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "instagram.settings")

app = Celery("instagram")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
