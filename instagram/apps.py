from django.apps import AppConfig


class InstagramConfig(AppConfig):
    """The project itself as an app, for `subscriptions` and management commands."""

    name = "instagram"

    def ready(self) -> None:
        from instagram.subscriptions import wire

        wire()
