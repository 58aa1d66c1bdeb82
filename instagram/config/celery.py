"""The broker, the queues of tasks, and the schedule of periodic tasks."""

from typing import Any
from urllib.parse import urlsplit

from instagram.config.servers import REDIS_TIMEOUT_SECONDS


def broker_url(redis_url: str) -> str:
    """Return the URL in the form of Celery: redis+socket:// for a Unix socket, with the database in the query."""
    parts = urlsplit(redis_url)
    if parts.scheme != "unix":
        return redis_url
    database = dict(pair.split("=", 1) for pair in parts.query.split("&") if "=" in pair).get("db", "0")
    return f"redis+socket://{parts.path}?virtual_host={database}"


TRANSPORT_OPTIONS: dict[str, Any] = {
    # Longer than the longest task, which would otherwise run twice at once. Rows and sweepers recover sooner.
    "visibility_timeout": 2400,
    "socket_timeout": REDIS_TIMEOUT_SECONDS,
    "socket_connect_timeout": REDIS_TIMEOUT_SECONDS,
    "max_retries": 0,
    "unacked_restore_interval": 5,
    "unacked_restore_throttle": 1,
}

TASK_ROUTES = {
    "posts.process_media": {"queue": "media"},
    "posts.process_video": {"queue": "video"},
    "accounts.process_avatar": {"queue": "media"},
    # Takes as long as a video, and is not urgent.
    "personal_data.build_export": {"queue": "video"},
    "feed.*": {"queue": "feed"},
}

BEAT_SCHEDULE: dict[str, Any] = {
    # Sweepers find in the database the work of lost messages, so nothing depends on the queue.
    "sweep posts": {"task": "posts.sweep", "schedule": 10.0, "options": {"expires": 10}},
    "sweep avatars": {"task": "accounts.sweep", "schedule": 10.0, "options": {"expires": 10}},
    "sweep exports and deletions": {"task": "personal_data.sweep", "schedule": 10.0, "options": {"expires": 10}},
    "sweep API access": {"task": "api_access.sweep", "schedule": 10.0, "options": {"expires": 10}},
    "sweep follow requests": {"task": "social.sweep", "schedule": 10.0, "options": {"expires": 10}},
    "sweep notifications": {"task": "notifications.sweep", "schedule": 15.0, "options": {"expires": 15}},
    "delete expired sessions": {
        "task": "accounts.delete_expired_sessions",
        "schedule": 3600.0,
        "options": {"expires": 3600},
    },
    "sweep feeds": {"task": "feed.sweep", "schedule": 10.0, "options": {"expires": 10}},
    "delete expired rate limits": {
        "task": "common.delete_expired_rate_limits",
        "schedule": 3600.0,
        "options": {"expires": 3600},
    },
    "sweep files": {"task": "common.sweep_files", "schedule": 60.0, "options": {"expires": 60}},
    "fold counters": {"task": "common.fold_counters", "schedule": 2.0, "options": {"expires": 2}},
}
