"""Logging to stderr, and Sentry."""

from typing import Any


def logging_config(level: str) -> dict[str, Any]:
    """Return LOGGING for messages of `level` and above."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"line": {"format": "{levelname} {name}: {message}", "style": "{"}},
        "filters": {"no_traceback_of_clients": {"()": "instagram.errors.NoTracebackOfClients"}},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {
            "django.server": {"handlers": ["stderr"], "propagate": False},
            # A refused request is one line of django.request, without the traceback that Django logs here.
            "django.security": {"level": "CRITICAL"},
            "django.security.csrf": {"level": "WARNING"},
            "django.request": {"filters": ["no_traceback_of_clients"]},
            "celery.app.trace": {"level": "WARNING"},
            "celery.beat": {"level": "WARNING"},
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
