from django.apps import AppConfig


class NotificationsConfig(AppConfig):
    name = "notifications"

    def ready(self) -> None:
        from accounts import flags
        from notifications.personal_data import register
        from notifications.queries import has_unread

        register()
        flags.register("has_unread", has_unread)
