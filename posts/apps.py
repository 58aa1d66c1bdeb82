from django.apps import AppConfig


class PostsConfig(AppConfig):
    name = "posts"

    def ready(self) -> None:
        from accounts import flags
        from posts.personal_data import register
        from posts.queries import has_unfinished_posts

        register()
        flags.register("has_unfinished_posts", has_unfinished_posts)
