from django.apps import AppConfig


class SocialConfig(AppConfig):
    name = "social"

    def ready(self) -> None:
        from accounts import flags
        from social.personal_data import register
        from social.queries import has_requests

        register()
        flags.register("has_requests", has_requests)
