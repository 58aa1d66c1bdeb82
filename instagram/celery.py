"""The Celery app. Queues by subject: media (heavy), video (slow and heavy), feed (fan-out), default (all else)."""

import os

from celery import Celery
from celery.signals import worker_process_init

from common import scratch

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "instagram.settings")

app = Celery("instagram")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@worker_process_init.connect
def start_process(**options: object) -> None:
    """Use a temporary folder that is deleted even if the worker is killed while it converts a video."""
    scratch.use()
