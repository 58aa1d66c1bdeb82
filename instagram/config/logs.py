"""Logging to stderr, and Sentry."""

import logging
from typing import Any


class OneLinePerUnsentTask(logging.Filter):
    """Reduces the error of a scheduled task that could not be sent to its message.

    Beat logs a stack and two tracebacks each time, which is a hundred lines for every task while Valkey is away.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        from celery.beat import SchedulingError

        error = record.exc_info[1] if record.exc_info else None
        if isinstance(error, SchedulingError):
            record.msg, record.args, record.exc_info = "%s", (str(error),), None
        return True


def logging_config(level: str) -> dict[str, Any]:
    """Return LOGGING for messages of `level` and above."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"line": {"format": "{levelname} {name}: {message}", "style": "{"}},
        "filters": {
            "no_traceback_of_clients": {"()": "instagram.errors.NoTracebackOfClients"},
            "one_line_per_unsent_task": {"()": "instagram.config.logs.OneLinePerUnsentTask"},
        },
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {
            "django.server": {"handlers": ["stderr"], "propagate": False},
            # A refused request is one line of django.request, without the traceback that Django logs here.
            "django.security": {"level": "CRITICAL"},
            "django.security.csrf": {"level": "WARNING"},
            "django.request": {"filters": ["no_traceback_of_clients"]},
            "celery.app.trace": {"level": "WARNING"},
            "celery.beat": {"level": "WARNING", "filters": ["one_line_per_unsent_task"]},
            "celery.worker.strategy": {"level": "WARNING"},
            "PIL": {"level": "WARNING"},
        },
    }


def start_sentry(dsn: str, environment: str) -> None:
    """Report errors to Sentry, without local variables: they contain secrets and personal data under many names."""
    import sentry_sdk

    sentry_sdk.init(
        dsn=dsn,
        environment=environment,
        send_default_pii=False,
        max_request_body_size="never",
        include_local_variables=False,
    )
