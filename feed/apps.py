from django.apps import AppConfig


class FeedConfig(AppConfig):
    name = "feed"

    def ready(self) -> None:
        from accounts import flags
        from feed.personal_data import register
        from feed.tags import follows_tags

        register()
        flags.register("follows_tags", follows_tags)
