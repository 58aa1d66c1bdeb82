from django.apps import AppConfig


class InstagramConfig(AppConfig):
    """The project itself as an app: it owns the wiring and the management commands."""

    name = "instagram"

    def ready(self) -> None:
        from instagram.subscriptions import wire

        wire()
